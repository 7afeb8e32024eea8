"""Cells: runs those that are not done yet, and gives the records of all. Knows no kind of training."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from tagwright.search.cells.progress import ShowCells
from tagwright.search.cells.record import Cell, Record, Work, read_record
from tagwright.search.engines.engine import Engine

C = TypeVar("C", bound=Cell)
R = TypeVar("R", bound=Record)


@dataclass
class Cells(Generic[C, R]):
    """`records` are all that were asked for. `weigh` says how long a cell takes beside another, by guess."""

    work: Work[C, R]
    engine: Engine
    processes: int
    shown: ShowCells
    weigh: Callable[[C], float] = lambda cell: 1.0
    records: dict[str, R] = field(default_factory=dict)

    def __call__(self, cells: Sequence[C]) -> list[R]:
        there = [(cell, read_record(cell, self.work.folder, kind=self.work.kind)) for cell in cells]
        found = {cell.name: record for cell, record in there if record is not None}
        missing = [cell for cell, record in there if record is None]
        self.shown.expect({cell.name: self.weigh(cell) for cell in missing}, done=len(found))
        if missing:
            run: Any = self.engine
            for record in run(self.work, missing, processes=self.processes, watch=self.shown.watch):
                found[record.cell.name] = record
                self.shown.tell(record)
        self.records |= {cell.name: found[cell.name] for cell in cells}
        return [found[cell.name] for cell in cells]
