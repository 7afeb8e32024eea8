"""Exhaustive: every plan gets the whole training. What all others are measured against."""

from tagwright.search.cell import Cell
from tagwright.search.space import Space
from tagwright.search.strategies.search import Found, Run, Search, gather, rank


class Exhaustive(Search):
    """All 2^m plans."""

    def find(self, space: Space, run: Run) -> Found:
        scores = gather(run([Cell("whole", plan, space.seed) for plan in space.plans]))
        return Found(rank(scores, terms="whole training"), scores)

    def describe(self, space: Space) -> str:
        return f"{len(space.plans)} plans, the whole training each"
