"""Cell: one training of a search; Record: what came of it; Cost: what it took. Plain values, as JSON holds them.

Knows neither models nor how cells are run.
"""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tagwright.errors import DataError

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
class Cost:
    """Tokens that went through the backbone, padding included: forward, and backward where it learned from them."""

    forward: int = 0
    backward: int = 0

    @property
    def tokens(self) -> int:
        """Both together."""
        return self.forward + self.backward

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.forward + other.forward, self.backward + other.backward)


def add_costs(records: Iterable["Record"]) -> Cost:
    """What all of them took."""
    return sum((record.cost for record in records), Cost())


@dataclass(frozen=True)
class Record:
    """A finished cell: F1 on dev of its plan (of all plans where they were drawn), and on test for a final one."""

    cell: Cell
    dev: dict[str, float]
    test: float | None = None
    cost: Cost = field(default_factory=Cost)
    seconds: float = 0.0

    def write(self, folder: Path) -> None:
        """One file, which is whole or not there."""
        path = folder / f"{self.cell.name}.json"
        draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
        draft.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")
        draft.replace(path)


def read_record(cell: Cell, folder: Path) -> Record | None:
    """What came of this very cell in an earlier run, if anything."""
    path = folder / f"{cell.name}.json"
    if not path.is_file():
        return None
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        parts = {"cell": Cell(**values["cell"]), "cost": Cost(**values["cost"])}
        record = Record(**(values | parts))
    except (ValueError, KeyError, TypeError) as error:
        raise DataError("is not what a search writes. Delete it, and its cell is trained again.", path=path) from error
    return record if record.cell == cell else None
