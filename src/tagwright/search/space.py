"""Space: the plans that a search chooses among. A plan is bits for groups of layers, the leftmost nearest the input.

Knows nothing of models or training.
"""

from dataclasses import dataclass
from itertools import product

from tagwright.backbone.sight.sight import Sight


@dataclass(frozen=True)
class Space:
    """All plans of so many groups. `seed`: of what is drawn, and of every training before the last ones."""

    groups: int
    seed: int

    @property
    def plans(self) -> tuple[str, ...]:
        """All 2^m, from the one that opens nothing to the one that opens everything."""
        return tuple("".join(bits) for bits in product("01", repeat=self.groups))

    @property
    def top(self) -> str:
        """The upper half of the groups is open; of an odd number the larger half."""
        return "0" * (self.groups // 2) + "1" * (self.groups - self.groups // 2)

    def name(self, sight: Sight) -> str:
        """The plan that comes to these layers."""
        return next(plan for plan in self.plans if Sight.parse(plan, layers=sight.layers) == sight)


def compare_groups(scores: dict[str, float]) -> list[tuple[float, float] | None]:
    """Of every group, the mean score of the plans that close it and of those that open it; None without both."""
    means: list[tuple[float, float] | None] = []
    for group in range(len(next(iter(scores), ""))):
        sides = [[score for plan, score in scores.items() if plan[group] == bit] for bit in "01"]
        closed, opened = (sum(side) / len(side) if side else None for side in sides)
        means.append(None if closed is None or opened is None else (closed, opened))
    return means
