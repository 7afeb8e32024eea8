"""Report: every score of predicted documents against gold, under names. Knows no model and writes no file.

report = evaluate(gold, predicted)
report.score("exact.f1"), report.score("boundary.macro.recall"), report.score("label.PER.f1"), report.headline
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from statistics import fmean
from typing import Any, NamedTuple

from tagwright.errors import RecipeError
from tagwright.evaluation.calibration.intervals import find_interval
from tagwright.evaluation.counts import Counts, Rates, Scores, Tally
from tagwright.evaluation.fields import count_fields
from tagwright.evaluation.mistakes import Case, Confusion, Mark, draw_case, pair_spans
from tagwright.evaluation.pairs import pair_documents
from tagwright.evaluation.relations import GROUPS as EDGES
from tagwright.evaluation.relations import count_relations
from tagwright.evaluation.spans import MODES, Key, count_labels, count_spans, find_inexact, find_keys
from tagwright.evaluation.words import count_words
from tagwright.registry import suggest
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger

SHARES = ("accuracy", "joint", "slot_accuracy")  # right of all: one number, so the name needs no ending
DIALOGUE = ("joint", "slot_accuracy", "slots")
MAIN = ("joint", "relations", "roles", "exact")  # the first of these that was scored is the headline
REPEATED = "repeated span (same words, same label), counted once"
TITLES = {"exact": "F1", "joint": "joint goal accuracy"}  # of headlines; others are named by their groups
UNITS = {"exact": "span", "relations": "relation", "roles": "role", "joint": "turn"}  # what a headline counts
FEW = 100  # of them; fewer leave a share open by 10 points or more
SIDES = {"gold": "gold", "prediction": "predicted"}


class Metric(NamedTuple):
    """What a score's name stands for; `part` is "micro", "macro" or "label"."""

    group: str
    part: str
    label: str | None
    measure: str


class Row(NamedTuple):
    """One line of a score table; `label` is None for micro and macro, which `part` tells apart."""

    group: str
    part: str
    label: str | None
    rates: Rates
    counts: Counts | None


@dataclass(frozen=True)
class Report:
    """Scores by group (`exact`, `boundary`, `type`, `partial`, `accuracy`, and those of relations and fields).

    `cases` are the first documents with a mistake; `left_out` says what scoring could not hold.
    `scored` are the groups that a labeler is scored by: the headline is the mean of their F1.
    `tally` has the counts of each document, for `compare`; it is not written to JSON.
    """

    documents: int
    words: int
    groups: dict[str, Scores]
    confusion: Confusion = field(default_factory=Confusion)
    cases: tuple[Case, ...] = ()
    left_out: tuple[str, ...] = ()
    scored: tuple[str, ...] = ()
    tally: Tally | None = field(default=None, compare=False, repr=False)

    @property
    def spans(self) -> dict[str, Scores]:
        return {mode: self.groups[mode] for mode in MODES}

    @property
    def accuracy(self) -> float:
        return self.score("accuracy")

    @property
    def relations(self) -> dict[str, Scores]:
        """By variant: `strict`, `boundary`, `roles`; empty where neither side has a relation."""
        return {variant: self.groups[group] for variant, group in EDGES.items() if group in self.groups}

    @property
    def fields(self) -> dict[str, Scores]:
        """`joint`, `slot_accuracy`, `slots`; empty where neither side has a field."""
        return {group: self.groups[group] for group in DIALOGUE if group in self.groups}

    @property
    def main(self) -> tuple[str, ...]:
        """The groups of the headline: `scored`, else `joint` where there are fields, else relations, roles, `exact`."""
        return self.scored or (next(group for group in MAIN if group in self.groups),)

    @property
    def headline_name(self) -> str:
        """`exact.f1`, `joint`; of a mean `exact+relations.f1`."""
        name = "+".join(self.main)
        return name if name in SHARES else f"{name}.f1"

    @property
    def headline_title(self) -> str:
        """The headline for people."""
        return name_score(self.main)

    @property
    def headline(self) -> float:
        """0 where nothing was to be found and nothing is found."""
        return fmean(self.groups[group].micro.rates.f1 if group in self.groups else 0.0 for group in self.main)

    @property
    def caution(self) -> str:
        """How wide the headline's recall is with so few in gold (95 %); empty where they are enough, or none.

        Of a mean, that of the rarest.
        """
        found = {group: self.groups[group].micro for group in self.main if group in self.groups}
        rare = [(counts.gold, group) for group, counts in found.items() if 0 < counts.gold < FEW]
        if not rare:
            return ""
        group = min(rare)[1]
        counts = found[group]
        low, high = find_interval(counts.correct, counts.gold)
        size = f"{counts.gold} {UNITS[group]}" + "s" * (counts.gold != 1)
        interval = f"{100 * low:.0f} to {100 * high:.0f} %"
        return f"Only {size} in gold: {counts.correct} found means a recall of {interval} on text like it, at best."

    @cached_property
    def metrics(self) -> dict[str, Metric]:
        """Every name that `score` knows."""
        return dict(_name_metrics(self.groups))

    def score(self, name: str) -> float:
        """One score between 0 and 1 by name."""
        if name not in self.metrics:
            plain = [known for known, metric in self.metrics.items() if metric.part != "label" or name[:5] == "label"]
            raise RecipeError(f"No score is called {name!r}.{suggest(name, plain)}")
        group, part, label, measure = self.metrics[name]
        scores = self.groups[group]
        of = scores.labels[label] if label is not None else scores.macro if part == "macro" else scores.micro
        return float(getattr(of, measure))

    def rows(self) -> Iterator[Row]:
        """The score table: for each group micro, macro, then the labels."""
        for group, scores in self.groups.items():
            yield Row(group, "micro", None, scores.micro.rates, scores.micro)
            if group not in SHARES:
                yield Row(group, "macro", None, scores.macro, None)
            for label, counts in scores.labels.items():
                yield Row(group, "label", label, counts.rates, counts)

    def to_dict(self) -> dict[str, Any]:
        return {
            "documents": self.documents,
            "words": self.words,
            "headline": {"name": self.headline_name, "value": self.headline},
            "scores": {group: scores.to_dict() for group, scores in self.groups.items()},
            "confusion": self.confusion.to_dict(),
            "cases": [asdict(case) for case in self.cases],
            "left_out": list(self.left_out),
            "scored": list(self.scored),
        }

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Report":
        """The report that `to_dict` wrote, without the counts of each document."""
        cases = (Case(**case | {"marks": tuple(Mark(**mark) for mark in case["marks"])}) for case in data["cases"])
        return cls(
            documents=data["documents"],
            words=data["words"],
            groups={group: Scores.from_dict(scores) for group, scores in data["scores"].items()},
            confusion=Confusion(**data["confusion"]),
            cases=tuple(cases),
            left_out=tuple(data["left_out"]),
            scored=tuple(data.get("scored", ())),  # reports of before lack it
        )


def name_score(groups: Iterable[str]) -> str:
    """What the mean of the F1 of some groups is called: F1, relations F1, exact+relations F1."""
    name = "+".join(groups)
    return TITLES.get(name, f"{name} F1")


def _name_metrics(groups: dict[str, Scores]) -> Iterator[tuple[str, Metric]]:
    for group, scores in groups.items():
        if group in SHARES:
            yield group, Metric(group, "micro", None, "precision")
            continue
        for measure in Rates._fields:
            yield f"{group}.{measure}", Metric(group, "micro", None, measure)
            yield f"{group}.micro.{measure}", Metric(group, "micro", None, measure)
            yield f"{group}.macro.{measure}", Metric(group, "macro", None, measure)
            for label in scores.labels:
                metric = Metric(group, "label", label, measure)
                yield f"{group}.label.{label}.{measure}", metric
                if group == "exact":
                    yield f"label.{label}.{measure}", metric


def evaluate(gold: Iterable[Document], predicted: Iterable[Document], *, cases: int = 200) -> Report:
    """Score predicted documents against gold ones; both may be streams.

    Documents belong together by order where their ids agree (no id agrees with any), else by id. Spans and words are
    always scored, relations and fields where either side has any. The first `cases` documents with mistakes are kept.
    """
    scorer = _Scorer(cases)
    for right, said in pair_documents(gold, predicted):
        scorer.add(right, said)
    return scorer.finish()


class _Scorer:
    """What a report is made of, while documents come in."""

    def __init__(self, most_cases: int) -> None:
        self.documents = self.words = 0
        self.tally, self.confusion, self.unheld = Tally(), Confusion(), Ledger()
        self.cases: list[Case] = []
        self.most_cases = most_cases

    def add(self, gold: Document, predicted: Document) -> None:
        place, words = self.documents, len(gold)
        right, said = self._find_keys(gold, "gold"), self._find_keys(predicted, "prediction")
        if right or said:
            for mode, counts in count_spans(right, said).items():
                self.tally.add(mode, None, document=place, counts=counts)
            for label, modes in count_labels(right, said).items():
                for mode, counts in modes.items():
                    self.tally.add(mode, label, document=place, counts=counts)
        self.tally.add("accuracy", None, document=place, counts=count_words(right, said, words=words))
        for count in (count_relations, count_fields):
            for group, parts in count(gold, predicted):
                for part, counts in parts:
                    self.tally.add(group, part, document=place, counts=counts)
        self._note_mistakes(gold, right, said=said)
        self.documents, self.words = place + 1, self.words + words

    def _find_keys(self, document: Document, side: str) -> list[Key]:
        keys, repeated = find_keys(document)
        if repeated:
            self.unheld.note(f"{REPEATED}, in the {side}", f"document {document.id!r}", count=repeated)
        for reason, span in find_inexact(document):
            self.unheld.note(f"{SIDES[side]} {reason}", f"{document.id} {document.cut(span)!r}".lstrip())
        return keys

    def _note_mistakes(self, gold: Document, right: list[Key], *, said: list[Key]) -> None:
        if right == said:
            self.confusion.add_right(right)
            return
        pairs = pair_spans(right, said)
        self.confusion.add(pairs)
        if len(self.cases) < self.most_cases:
            self.cases.append(draw_case(gold, pairs))

    def finish(self) -> Report:
        groups = dict.fromkeys(MODES, Scores(Counts(), {})) | {"accuracy": Scores(Counts(), {})}
        return Report(
            documents=self.documents,
            words=self.words,
            groups=groups | dict(self.tally.scores()),
            confusion=self.confusion,
            cases=tuple(self.cases),
            left_out=tuple(self.unheld.lines()),
            tally=self.tally,
        )
