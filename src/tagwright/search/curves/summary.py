"""Summary: the figures of a finished curve: by value and size, beside the first value, and along the steps.

Knows neither how cells were run nor how figures are drawn.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagwright.search.cells.record import add_costs
from tagwright.search.curves.cell import Record
from tagwright.search.curves.run import Outcome
from tagwright.search.curves.spread import Spread, measure_spread

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """One value at one size. `difference` is its F1 less the first value's, on the same draws and seeds."""

    value: str
    documents: int
    f1: Spread
    difference: Spread | None
    rate: float
    moved: int
    seconds: float
    tokens: int


@dataclass(frozen=True)
class Steps:
    """One value at one size: after each step the best dev F1 so far, over all runs."""

    value: str
    documents: int
    points: Sequence[tuple[int, Spread]]


def list_points(outcome: Outcome) -> list[Point]:
    """By size, and then in the order of the values."""
    return [
        _summarise(outcome, value, documents=size) for size in outcome.plan.sizes for value in outcome.plan.dial.values
    ]


def _summarise(outcome: Outcome, value: str, *, documents: int) -> Point:
    first, runs = outcome.plan.dial.values[0], find_runs(outcome, value, documents=documents)
    scores = _score(outcome, runs)
    rivals = _score(outcome, find_runs(outcome, first, documents=documents))
    return Point(
        value=value,
        documents=documents,
        f1=measure_spread(scores, bounds=(0.0, 1.0)),
        difference=None if value == first else measure_spread(scores - rivals, bounds=(-1.0, 1.0)),
        rate=outcome.rates[value],
        moved=runs[0].moved,
        seconds=sum(record.seconds for record in runs),
        tokens=add_costs(runs).tokens,
    )


def find_runs(outcome: Outcome, value: str, *, documents: int) -> list[Record]:
    """All runs of a value at a size, draw by draw."""
    found = [record for record in outcome.runs if (record.cell.value, record.cell.documents) == (value, documents)]
    return sorted(found, key=lambda record: (record.cell.draw, record.cell.seed))


def _score(outcome: Outcome, runs: Sequence[Record]) -> Floats:
    """F1 of runs in order: D S, draws down and seeds across."""
    scores = [record.dev if outcome.part == "dev" or record.test is None else record.test for record in runs]
    return _cross(scores, runs)


def _cross(values: Sequence[float], runs: Sequence[Record]) -> Floats:
    return np.array(values, dtype=float).reshape(-1, len({record.cell.seed for record in runs}))


def list_steps(outcome: Outcome) -> list[Steps]:
    """By size, and then in the order of the values; nothing where no run looked at dev on its way."""
    return [
        Steps(value, size, points)
        for size in outcome.plan.sizes
        for value in outcome.plan.dial.values
        if (points := list(_follow(find_runs(outcome, value, documents=size))))
    ]


def _follow(runs: Sequence[Record]) -> Iterator[tuple[int, Spread]]:
    """From the first step at which every run has been scored; a run that has ended keeps its best."""
    if not all(record.steps for record in runs):
        return
    begins = max(record.steps[0][0] for record in runs)
    for step in sorted({step for record in runs for step, _ in record.steps if step >= begins}):
        best = [max(f1 for at, f1 in record.steps if at <= step) for record in runs]
        yield step, measure_spread(_cross(best, runs), bounds=(0.0, 1.0))
