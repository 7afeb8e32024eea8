"""Cell: one training of a search; Record: what came of it. Plain values, as JSON holds them.

Knows neither models nor how cells are run.
"""

from dataclasses import dataclass, field

from tagwright.search.cells.record import Cost

FINAL = "final"  # the stage whose scores may be quoted
SHARED, LEARNED = "shared", "learned"  # stages without a plan of their own


@dataclass(frozen=True)
class Cell:
    """One training. `plan` None: it is drawn or learned; `share` is how much of the recipe's training it takes;
    `start` names the cell from whose weights it goes on."""

    stage: str
    plan: str | None
    seed: int
    share: float = 1.0
    start: str = ""

    @property
    def name(self) -> str:
        """What its file is called."""
        return "-".join([self.stage, *([self.plan] if self.plan else []), f"seed{self.seed}"])


@dataclass(frozen=True)
class Record:
    """A finished cell: F1 on dev of its plan (of all plans where they were drawn), and on test for a final one."""

    cell: Cell
    dev: dict[str, float]
    test: float | None = None
    cost: Cost = field(default_factory=Cost)
    seconds: float = 0.0

    def tell(self) -> str:
        """The score of the best plan."""
        best = max(self.dev, key=lambda plan: self.dev[plan])
        return f"dev F1 {100 * self.dev[best]:.2f}" + (f" (best of all plans: {best})" if len(self.dev) > 1 else "")
