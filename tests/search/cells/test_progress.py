"""What is told while cells run: how many, how good, and how long the rest may take by the weight of each."""

from types import SimpleNamespace
from typing import Any

import pytest

from tagwright.search.cells import progress
from tagwright.search.cells.progress import ShowCells


def test_what_is_left_is_told_by_the_weight_of_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 10.0, 20.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    told: list[str] = []
    shown = ShowCells(told.append)
    shown.expect({"short": 1.0, "long": 9.0, "last": 10.0}, done=2)
    for name in ("short", "long"):
        record: Any = SimpleNamespace(cell=SimpleNamespace(name=name), seconds=1.0, tell=lambda: "dev F1 50.00")
        shown.tell(record)
    assert told == [
        "2 of 5 cells are done already.",
        "  [1/3] short: dev F1 50.00, 1.0 s, about 3 min to go",
        "  [2/3] long: dev F1 50.00, 1.0 s, about 20 s to go",
    ]
