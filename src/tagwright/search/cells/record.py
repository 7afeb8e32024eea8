"""What every kind of cell and record has, their files, and what trainings cost. Knows no kind of training.

A cell is one training that is to be done; its record is what came of it. Both are frozen dataclasses of plain values.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError

from tagwright.errors import DataError

if TYPE_CHECKING:
    from transformers import TrainerCallback


class Cell(Protocol):
    """One training."""

    @property
    def name(self) -> str:
        """What its file is called; no other cell has it."""


class Record(Protocol):
    """A finished cell."""

    @property
    def cell(self) -> Any: ...

    @property
    def seconds(self) -> float: ...

    def tell(self) -> str:
        """Its scores, in a few words."""


C = TypeVar("C", bound=Cell, contravariant=True)
R = TypeVar("R", bound=Record, covariant=True)
Kept = TypeVar("Kept", bound=Record)


class Work(Protocol[C, R]):
    """What cells have in common, and how one is run; `folder` is where their files go."""

    @property
    def folder(self) -> Path: ...

    @property
    def kind(self) -> type[R]:
        """What a record is made of."""

    def run(self, cell: C, *, callbacks: "Sequence[TrainerCallback]" = ()) -> R:
        """Train and score; its file is written by whoever asked."""


def write_record(record: Record, folder: Path) -> None:
    """One file, which is whole or not there."""
    plain: Any = record
    path = folder / f"{record.cell.name}.json"
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    draft.write_text(json.dumps(asdict(plain), indent=1) + "\n", encoding="utf-8")
    draft.replace(path)


def read_record(cell: Cell, folder: Path, *, kind: type[Kept]) -> Kept | None:
    """What came of this very cell in an earlier run, if anything."""
    path = folder / f"{cell.name}.json"
    if not path.is_file():
        return None
    try:
        record = TypeAdapter(kind).validate_json(path.read_bytes())
    except ValidationError as error:
        raise DataError("is no record of a training. Delete it, and its cell is trained again.", path=path) from error
    return record if record.cell == cell else None


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


class Costly(Protocol):
    """A record that knows its cost."""

    @property
    def cost(self) -> Cost: ...


def add_costs(records: Iterable[Costly]) -> Cost:
    """What all of them took."""
    return sum((record.cost for record in records), Cost())
