"""Cell: one training of a curve; Record: what came of it. Plain values, as JSON holds them.

Knows neither models nor how cells are run.
"""

import re
from dataclasses import dataclass, field
from hashlib import blake2b

from tagwright.search.cells.record import Cost

TRIAL, RUN = "trial", "run"  # stages: to choose a learning rate on dev, and to be quoted


@dataclass(frozen=True)
class Cell:
    """One training: the dial at `value`, so many documents, the seed of their draw and that of the training."""

    stage: str
    value: str
    documents: int
    draw: int
    seed: int
    rate: float

    @property
    def name(self) -> str:
        """What its file is called. The rate of a run is its trials' affair: another one takes the file's place."""
        rate = [f"{self.rate:g}"] if self.stage == TRIAL else []
        parts = [self.stage, _spell(self.value), *rate, str(self.documents), f"draw{self.draw}", f"seed{self.seed}"]
        return "-".join(parts)


def _spell(value: str) -> str:
    """A value as part of a file's name; what had to be changed is told apart by its hash."""
    plain = re.sub(r"[^\w.]+", "_", value)
    return plain if plain == value else f"{plain}_{blake2b(value.encode(), digest_size=3).hexdigest()}"


@dataclass(frozen=True)
class Record:
    """A finished cell: F1 on dev, and on test for a run; `steps` are (step, dev F1), `moved` the weights it learned."""

    cell: Cell
    dev: float
    test: float | None = None
    steps: tuple[tuple[int, float], ...] = ()
    moved: int = 0
    cost: Cost = field(default_factory=Cost)
    seconds: float = 0.0

    def tell(self) -> str:
        """Its scores, in a few words."""
        test = "" if self.test is None else f", test F1 {100 * self.test:.2f}"
        return f"dev F1 {100 * self.dev:.2f}{test}"
