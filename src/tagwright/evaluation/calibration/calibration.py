"""Calibration: what turns a labeler's scores into probabilities, and the thresholds that go with them.

It is kept beside a labeler as plain JSON. Knows no model and no file.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from tagwright.evaluation.calibration.coverage import Coverage, Proposal
from tagwright.evaluation.calibration.maps import Map, read_map
from tagwright.evaluation.calibration.outcomes import CANDIDATES, FIELDS, RELATIONS, SPANS
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Field, Relation
from tagwright.text.span import Span


@dataclass(frozen=True)
class Calibration:
    """`maps` by part (spans, relations, fields, candidates), `thresholds` by part, `facts` for people.

    A part without a map keeps its scores.
    """

    maps: Mapping[str, Map]
    thresholds: Mapping[str, float] = field(default_factory=dict)
    coverage: Coverage | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def apply(self, document: Document, *, given: int = 0) -> Document:
        """The document with calibrated scores; its first `given` spans were given and stay as they are.

        A span without a label is an argument, whose score is that of its relation.
        """
        spans = list(document.spans)
        for part, rows in (
            (SPANS, [at for at in range(given, len(spans)) if spans[at].label]),
            (RELATIONS, [at for at in range(given, len(spans)) if not spans[at].label]),
        ):
            for at, score in zip(rows, self._map(part, [spans[at] for at in rows]), strict=True):
                spans[at] = replace(spans[at], score=score)
        edges, filled = document.relations, document.fields
        scores = self._map(RELATIONS, edges)
        relations = tuple(replace(edge, score=score) for edge, score in zip(edges, scores, strict=True))
        scores = self._map(FIELDS, filled)
        fields = tuple(replace(field, score=score) for field, score in zip(filled, scores, strict=True))
        return replace(document, spans=tuple(spans), relations=relations, fields=fields)

    def _map(self, part: str, scored: Sequence[Span | Relation | Field]) -> list[float | None]:
        """New scores; whatever has none gets none."""
        scores = [one.score for one in scored]
        rows = [at for at, score in enumerate(scores) if score is not None]
        if part in self.maps and rows:
            found = self.maps[part].apply(np.array([scores[at] for at in rows], float)).tolist()
            for at, score in zip(rows, found, strict=True):
                scores[at] = score
        return scores

    def keep(self, document: Document, ledger: Ledger, *, given: int = 0) -> Document:
        """The document without what lies below the thresholds, which is counted."""
        if not self.thresholds:
            return document
        return drop_below(document, self.thresholds, ledger=ledger, given=given, what="the labeler's threshold")

    def cover(self, proposal: Proposal) -> tuple[Document, bool]:
        """The document with the spans that a coverage adds, and whether it is to be handed to a person."""
        if self.coverage is None:
            return self.apply(proposal.document), False
        added, is_handed = self.coverage.choose(proposal)
        scores = self._map(CANDIDATES, added)
        found = self.apply(proposal.document)
        more = (replace(span, score=score) for span, score in zip(added, scores, strict=True))
        return replace(found, spans=(*found.spans, *more)), is_handed

    def tell(self) -> Iterator[str]:
        """What it rests on and does, in a few words each."""
        if documents := self.facts.get("documents"):
            yield f"fitted on {documents:,} documents"
        for part, (before, after) in self.facts.get("errors", {}).items():
            yield f"error of {part} {100 * before:.2f} points before, {100 * after:.2f} after"
        for part, least in self.thresholds.items():
            yield f"{part} below {least:.4f} left out"
        if self.coverage is not None:
            yield f"coverage {100 * self.coverage.wanted:g} %"

    def to_dict(self) -> dict[str, Any]:
        return {
            "maps": {part: each.to_dict() for part, each in self.maps.items()},
            "thresholds": dict(self.thresholds),
            "coverage": None if self.coverage is None else asdict(self.coverage),
            "facts": dict(self.facts),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Calibration":
        """What `to_dict` wrote; a ValueError, TypeError or KeyError where it can't be one."""
        coverage = data["coverage"]
        return cls(
            {part: read_map(each) for part, each in data["maps"].items()},
            {part: float(value) for part, value in data["thresholds"].items()},
            None if coverage is None else Coverage(**coverage),
            data["facts"],
        )


def drop_below(
    document: Document, least: Mapping[str, float], *, ledger: Ledger, what: str, given: int = 0
) -> Document:
    """The document without spans, relations and fields of a lower score than `least` says for their part; counted.

    What has no score stays. A relation goes with either of its spans, an argument without a type with its relations.
    """
    spans, edges = document.spans, document.relations
    stays = [at < given or not span.label or _reaches(span, least.get(SPANS)) for at, span in enumerate(spans)]
    held = [edge for edge in edges if stays[edge.head] and stays[edge.tail] and _reaches(edge, least.get(RELATIONS))]
    led_to = {at for edge in held for at in (edge.head, edge.tail)}
    was_led_to = {at for edge in edges for at in (edge.head, edge.tail)}
    kept = [
        at
        for at, span in enumerate(spans)
        if stays[at] and (at < given or span.label or at in led_to or at not in was_led_to)
    ]
    fields = tuple(field for field in document.fields if _reaches(field, least.get(FIELDS)))
    gone = (
        ("span", len(spans) - len(kept)),
        ("relation", len(edges) - len(held)),
        ("field", len(document.fields) - len(fields)),
    )
    for noun, lost in gone:
        if lost:
            ledger.note(f"{noun} below {what}, left out", document.id, count=lost)
    if not any(lost for _, lost in gone):
        return document
    place = {old: new for new, old in enumerate(kept)}
    relations = (replace(edge, head=place[edge.head], tail=place[edge.tail]) for edge in held)
    return replace(document, spans=tuple(spans[at] for at in kept), relations=tuple(relations), fields=fields)


def _reaches(one: Span | Relation | Field, least: float | None) -> bool:
    return least is None or one.score is None or one.score >= least
