"""A cell's file: whole, read back, refused when damaged, done again when its settings changed."""

from dataclasses import replace
from pathlib import Path

import pytest

from tagwright.errors import DataError
from tagwright.search.cell import Cell, Record
from tagwright.search.cells.record import Cost, add_costs, read_record, write_record

CELL = Cell("rung1", "0011", 3, 0.25)


def test_a_record_is_read_back(tmp_path: Path) -> None:
    record = Record(CELL, {"0011": 0.5}, 0.25, Cost(10, 4), 1.5)
    write_record(record, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["rung1-0011-seed3.json"]
    assert read_record(CELL, tmp_path, kind=Record) == record
    assert read_record(replace(CELL, share=0.5), tmp_path, kind=Record) is None
    assert read_record(replace(CELL, seed=4), tmp_path, kind=Record) is None


@pytest.mark.parametrize("content", ["{", "{}", '{"cell": 1, "cost": 2}'])
def test_a_damaged_record_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / f"{CELL.name}.json").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match="Delete it"):
        read_record(CELL, tmp_path, kind=Record)


def test_costs_add_up() -> None:
    cost = add_costs([Record(CELL, {}, cost=Cost(3, 2)), Record(CELL, {}, cost=Cost(5, 0))])
    assert (cost, cost.tokens) == (Cost(8, 2), 10)
