"""LearnedGates: one training in which every group of layers has a gate to the right, learned like a weight.

The gates are annealed; made hard at the end, they are the plan. They follow the loss on train, not dev.
"""

from tagwright.evaluation.page.elements import show_count
from tagwright.search.cell import LEARNED, Cell
from tagwright.search.space import Space
from tagwright.search.strategies.search import Found, Run, Search, gather, rank


class LearnedGates(Search):
    """One whole training; a single plan comes of it."""

    def find(self, space: Space, run: Run) -> Found:
        scores = gather(run([Cell(LEARNED, None, space.seed)]))
        return Found(rank(scores, terms="gates made hard"))

    def describe(self, space: Space) -> str:
        return f"one whole training with learned gates, one each for {show_count(space.groups, 'group')} of layers"
