"""Search: the protocol of every strategy. Knows neither models nor how cells are run."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from tagwright.search.cell import Cell, Record
from tagwright.search.space import Space

Run = Callable[[Sequence[Cell]], list[Record]]  # trains what is not there yet; the records in the order of the cells


@dataclass(frozen=True)
class Ranked:
    """A plan with the dev F1 that ranks it, and on what terms it got that; None: it was never trained to be chosen."""

    plan: str
    f1: float | None
    terms: str


@dataclass(frozen=True)
class Found:
    """`ranking`: best first, and the first is chosen. `field`: dev F1 of plans that were scored on equal terms."""

    ranking: Sequence[Ranked]
    field: Mapping[str, float] = field(default_factory=dict)


class Search(ABC):
    """Chooses a plan on dev."""

    takes_count: ClassVar[bool] = False

    def __init__(self, count: int | None = None) -> None:
        self.count = count

    @abstractmethod
    def find(self, space: Space, run: Run) -> Found:
        """Train and rank."""

    @abstractmethod
    def describe(self, space: Space) -> str:
        """What it trains, for people."""


def rank(scores: Mapping[str, float], *, terms: str) -> list[Ranked]:
    """Best first; of equals the one that opens less."""
    order = sorted(scores, key=lambda plan: (-scores[plan], plan.count("1"), plan))
    return [Ranked(plan, scores[plan], terms) for plan in order]


def gather(records: Sequence[Record]) -> dict[str, float]:
    """The dev F1 of every plan."""
    return {plan: f1 for record in records for plan, f1 in record.dev.items()}
