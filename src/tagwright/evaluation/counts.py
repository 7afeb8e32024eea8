"""Counts, and what they say: precision, recall, F1, micro, macro, per label; kept per document for resampling.

Knows numbers only, not what was counted. Where there is nothing to divide by (0/0) a score is 0.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from math import fsum
from typing import Any, NamedTuple

WIDTH = 5  # numbers in a row of a tally: document, correct, partial, predicted, gold


class Rates(NamedTuple):
    """Three scores between 0 and 1."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Counts:
    """How many were right, how many half right (`partial`), how many predicted, how many in gold."""

    correct: int = 0
    partial: int = 0
    predicted: int = 0
    gold: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.correct + other.correct,
            self.partial + other.partial,
            self.predicted + other.predicted,
            self.gold + other.gold,
        )

    @property
    def precision(self) -> float:
        return (self.correct + 0.5 * self.partial) / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        return (self.correct + 0.5 * self.partial) / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        # From precision and recall, in this order: the last bit agrees with the established scorers.
        precision, recall = self.precision, self.recall
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0

    @property
    def rates(self) -> Rates:
        return Rates(self.precision, self.recall, self.f1)

    def to_dict(self) -> dict[str, float]:
        counts = {name: getattr(self, name) for name in ("correct", "partial", "predicted", "gold")}
        return counts | self.rates._asdict()


@dataclass(frozen=True)
class Scores:
    """One way of counting: over all (`micro`), per label, and the mean over the labels (`macro`).

    A label takes part in the macro scores if gold or the prediction has it.
    """

    micro: Counts
    labels: dict[str, Counts]

    @property
    def macro(self) -> Rates:
        if not self.labels:
            return Rates(0.0, 0.0, 0.0)
        columns = zip(*(counts.rates for counts in self.labels.values()), strict=True)
        return Rates(*(fsum(column) / len(self.labels) for column in columns))

    def to_dict(self) -> dict[str, Any]:
        labels = {label: counts.to_dict() for label, counts in self.labels.items()}
        return {"micro": self.micro.to_dict(), "macro": self.macro._asdict(), "labels": labels}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Scores":
        return cls(_read(data["micro"]), {label: _read(counts) for label, counts in data["labels"].items()})


def _read(data: dict[str, Any]) -> Counts:
    return Counts(data["correct"], data["partial"], data["predicted"], data["gold"])


class Tally:
    """Counts by group and label, one row for each document that has any; label None holds the micro counts.

    Rows lie flat in arrays of small integers, so that a million documents fit and a resampling needs no second scoring.
    """

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str | None], array[int]] = {}

    def add(self, group: str, label: str | None, *, document: int, counts: Counts) -> None:
        """Add one document's counts. A document may come once for each group and label."""
        rows = self.rows.get((group, label))
        if rows is None:
            rows = self.rows[group, label] = array("I")
        rows.extend((document, counts.correct, counts.partial, counts.predicted, counts.gold))

    def read_gold(self, group: str) -> bytes:
        """The gold counts of a group, document by document, in a form that can be compared."""
        return self.rows.get((group, None), array("I"))[WIDTH - 1 :: WIDTH].tobytes()

    def scores(self) -> Iterator[tuple[str, Scores]]:
        """Each group with its scores; labels in alphabetical order."""
        for group in dict.fromkeys(group for group, _ in self.rows):
            labels = sorted(label for g, label in self.rows if g == group and label is not None)
            yield group, Scores(self._total(group, None), {label: self._total(group, label) for label in labels})

    def _total(self, group: str, label: str | None) -> Counts:
        rows = self.rows.get((group, label), array("I"))
        return Counts(*(sum(rows[column::WIDTH]) for column in range(1, WIDTH)))
