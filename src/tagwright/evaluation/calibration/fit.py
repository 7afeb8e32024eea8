"""Fitting: from gold documents and what was predicted of them to a calibration, and its worth. Knows no model."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

import numpy as np

from tagwright.errors import DataError, RecipeError
from tagwright.evaluation.calibration.calibration import Calibration
from tagwright.evaluation.calibration.choice import Choice, choose_map
from tagwright.evaluation.calibration.coverage import (
    Case,
    Covered,
    Proposal,
    fit_coverage,
    make_cases,
    measure_coverage,
)
from tagwright.evaluation.calibration.intervals import count_needed, find_reach
from tagwright.evaluation.calibration.maps import METHODS
from tagwright.evaluation.calibration.outcomes import CANDIDATES, SPANS, Outcomes, collect, gather, list_spans
from tagwright.evaluation.calibration.reliability import Reliability, measure
from tagwright.evaluation.calibration.threshold import Threshold, find_threshold
from tagwright.registry import suggest
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger

AUTO = "auto"
LEAST = 30  # predictions that a map can be fitted on
FLAT = 0.01  # scores that lie no wider apart say nothing
GOOD = 0.05  # how well the share of right ones should be known
POOLED = "label that these documents never show: its scores go by the map of all labels"
UNKNOWN = "label in gold that the labeler doesn't know: no score of its spans"


@dataclass(frozen=True)
class FitConfig:
    """method: one of `maps.METHODS`, or `auto`, the best of them by cross-validation.

    precision, recall: wanted of what is kept; at most one of them. coverage: wanted share of gold spans.
    most_added: documents to which a coverage would add more spans are handed over.
    """

    method: str = AUTO
    precision: float | None = None
    recall: float | None = None
    coverage: float | None = None
    most_added: int = 10

    def __post_init__(self) -> None:
        if self.method not in (AUTO, *METHODS):
            raise RecipeError(f"No calibration is called {self.method!r}.{suggest(self.method, (AUTO, *METHODS))}")
        for name in ("precision", "recall", "coverage"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1:
                raise RecipeError(f"A {name} of {value} was asked for: give a share between 0 and 1, such as 0.9.")
        if self.precision is not None and self.recall is not None:
            raise RecipeError("There is one threshold: ask for a precision or for a recall, not for both.")
        if self.most_added < 0:
            raise RecipeError(f"{self.most_added} spans at most can't be added to a document: give 0 or more.")

    @property
    def wanted(self) -> tuple[str, float] | None:
        """What a threshold is to reach."""
        if self.precision is not None:
            return "precision", self.precision
        return None if self.recall is None else ("recall", self.recall)


@dataclass(frozen=True)
class Part:
    """Spans, relations or fields: how many were predicted, how many of them are right, how many gold has; the error
    before, and after on documents that the map was not fitted on; `reach`: how well so few tell the share of right
    ones."""

    choice: Choice
    predicted: int
    right: int
    gold: int
    before: Reliability
    after: Reliability
    reach: float
    threshold: Threshold | None

    def to_dict(self) -> dict[str, Any]:
        rest = {name: getattr(self, name) for name in ("predicted", "right", "gold", "reach")}
        measured = {name: asdict(getattr(self, name)) for name in ("before", "after")}
        threshold = None if self.threshold is None else asdict(self.threshold)
        fitted = {"map": self.choice.map.to_dict(), "losses": self.choice.losses}
        return {"method": self.choice.method, **fitted, **rest, **measured, "threshold": threshold}


@dataclass(frozen=True)
class Fitted:
    """A calibration, and what was seen while it was fitted. `notes` are lines for people."""

    calibration: Calibration
    documents: int
    parts: dict[str, Part]
    covered: Covered | None
    notes: list[str]

    def to_dict(self) -> dict[str, Any]:
        return {
            "documents": self.documents,
            "parts": {name: part.to_dict() for name, part in self.parts.items()},
            "calibration": self.calibration.to_dict(),
            "covered": None if self.covered is None else asdict(self.covered),
            "notes": self.notes,
        }


def fit_calibration(
    gold: Sequence[Document],
    predicted: Sequence[Document],
    *,
    config: FitConfig | None = None,
    given: Collection[str] = (),
    labels: Collection[str] | None = None,
    proposals: Sequence[Proposal] | None = None,
) -> Fitted:
    """Fit on labelled documents that the labeler was not trained on.

    given: the parts that the labeler is shown. labels: of spans, all that it knows. proposals: for a coverage, the same
    predicted documents with what it goes by.
    """
    config = config or FitConfig()
    found = collect(gold, predicted, given=given)
    if SPANS in found and labels is not None:
        _check_labels(gold, labels)
    few = {part: _tell_size(part, outcomes) for part, outcomes in found.items() if len(outcomes) < LEAST}
    parts = {part: _fit(each, config) for part, each in found.items() if len(each) >= LEAST}
    if not parts:
        told = (
            " ".join(few.values())
            or f"Nothing was predicted of the {len(gold):,} documents, so no score can be calibrated."
        )
        raise DataError(f"{told} Label more documents, or train a better labeler.")
    maps, cases = {name: part.choice.map for name, part in parts.items()}, list[Case]()
    if config.coverage is not None:
        if proposals is None or SPANS not in parts:
            raise DataError("A coverage is of spans, and needs spans that the labeler predicts itself.")
        cases = make_cases(gold, proposals)
        rest = _gather_rest(gold, proposals)
        if len(rest) >= LEAST:
            maps[CANDIDATES] = choose_map(rest, _list_methods(config)).map
    coverage = fit_coverage(cases, wanted=config.coverage, most=config.most_added) if config.coverage else None
    calibration = Calibration(
        maps,
        {name: part.threshold.value for name, part in parts.items() if part.threshold is not None},
        coverage,
        {"documents": len(gold), "errors": {name: [p.before.error, p.after.error] for name, p in parts.items()}},
    )
    notes = [f"{told} Scores of {part} stay as the labeler gives them." for part, told in few.items()]
    notes += _note_flat(parts, found)
    notes += _note_sizes(parts, len(gold))
    notes += _note_labels(gold, labels) if SPANS in found and labels is not None else []
    covered = None if coverage is None else measure_coverage(cases, coverage)
    return Fitted(calibration, len(gold), parts, covered, notes)


def _check_labels(gold: Sequence[Document], labels: Collection[str]) -> None:
    """Some label of gold is one that the labeler knows."""
    seen = sorted({span.label for document in gold for span in document.spans if span.label})
    if not seen:
        raise DataError(
            f"None of these {len(gold):,} documents has a labelled span, so all that the labeler predicts would count "
            "as wrong. Take labelled documents that were kept out of training."
        )
    if not set(seen) & set(labels):
        theirs, ours = (", ".join(map(repr, sorted(set(names) - {""})[:5])) for names in (seen, labels))
        raise DataError(
            f"No label of these documents ({theirs}) is one that the labeler knows ({ours}), so all that it predicts "
            "would count as wrong. Rename the labels, or take documents with its own."
        )


def _list_methods(config: FitConfig) -> list[str]:
    return list(METHODS) if config.method == AUTO else [config.method]


def _fit(outcomes: Outcomes, config: FitConfig) -> Part:
    choice = choose_map(outcomes, _list_methods(config))
    right = int(outcomes.right.sum())
    threshold = None
    if config.wanted is not None:
        measured, wanted = config.wanted
        threshold = find_threshold(outcomes, choice.map.apply(outcomes.scores), measure=measured, wanted=wanted)
    return Part(
        choice,
        len(outcomes),
        right,
        outcomes.gold,
        before=measure(outcomes),
        after=measure(outcomes, choice.held_out),
        reach=find_reach(right, len(outcomes)),
        threshold=threshold,
    )


def _gather_rest(gold: Sequence[Document], proposals: Sequence[Proposal]) -> Outcomes:
    """The outcomes of candidates that are not predicted."""
    listed = []
    for right, said in zip(gold, proposals, strict=True):
        found = {key for key, _ in list_spans(said.document)}
        scored = [((span.start, span.end, span.label), span.score) for span in said.candidates]
        wanted = {key for key, _ in list_spans(right)} - found
        listed.append((wanted, [(key, score) for key, score in scored if key not in found]))
    return gather(listed, part=CANDIDATES)


def _tell_size(part: str, outcomes: Outcomes) -> str:
    """Why so few can't be calibrated, what they could tell at best, and how many would do."""
    size, right = len(outcomes), int(outcomes.right.sum())
    told = f"{size} {part} were predicted of {outcomes.count:,} documents ({right} right); a map needs {LEAST}."
    if not size:
        return told
    share = outcomes.count / size
    good = ceil(count_needed(right, size, reach=GOOD) * share)
    return (
        f"{told} So few tell the share of right ones to ± {100 * find_reach(right, size):.0f} points at best (95 %): "
        f"about {ceil(LEAST * share):,} documents like these would do, about {good:,} for ± {100 * GOOD:.0f} points."
    )


def _note_flat(parts: dict[str, Part], found: Mapping[str, Outcomes]) -> Iterator[str]:
    for name, part in parts.items():
        chances = part.choice.map.apply(found[name].scores)
        if np.ptp(chances) < FLAT:
            yield (
                f"All scores of {name} become {chances.min():.3f} to {chances.max():.3f}, about the share that is "
                "right: they tell no right ones from wrong ones, however small the error."
            )


def _note_sizes(parts: dict[str, Part], documents: int) -> Iterator[str]:
    for name, part in parts.items():
        if part.reach > GOOD:
            needed = ceil(count_needed(part.right, part.predicted, reach=GOOD) * documents / part.predicted)
            yield (
                f"{part.predicted:,} predicted {name} tell the share of right ones to ± {100 * part.reach:.0f} points "
                f"(95 %); ± {100 * GOOD:.0f} points take about {needed:,} documents like these."
            )


def _note_labels(gold: Sequence[Document], labels: Collection[str]) -> Iterator[str]:
    ledger, seen = Ledger(), {span.label for document in gold for span in document.spans if span.label}
    for label in sorted(set(labels) - seen - {""}):
        ledger.note(POOLED, label)
    for document in gold:
        for span in document.spans:
            if span.label and span.label not in labels:
                ledger.note(UNKNOWN, span.label)
    yield from ledger.lines()
