"""Halving: many plans are trained a little; the better half is trained again, twice as long, until two are left.

Every rung starts afresh, so that its scores are those of whole schedules; all rungs cost the same.
"""

from tagwright.evaluation.page.elements import show_count
from tagwright.search.cell import Cell
from tagwright.search.space import Space
from tagwright.search.strategies.search import Found, Ranked, Run, Search, gather, rank


class Halving(Search):
    """2^m plans at 1/2^m of the training, then half as many at twice that, down to 2 plans at 1/2: m trainings."""

    def find(self, space: Space, run: Run) -> Found:
        left = list(space.plans)
        field: dict[str, float] = {}
        out: list[list[Ranked]] = []
        for rung in range(space.groups):
            share = 1 / len(left)
            scores = gather(run([Cell(f"rung{rung + 1}", plan, space.seed, share) for plan in left]))
            field = field or scores
            ranked = rank(scores, terms=f"1/{len(left)} of the training")
            left = [one.plan for one in ranked[: len(ranked) // 2]]
            out.append(ranked if rung == space.groups - 1 else ranked[len(left) :])
        ranking = [one for ranked in reversed(out) for one in ranked]
        return Found(ranking, field)

    def describe(self, space: Space) -> str:
        counts = [2**power for power in range(space.groups, 0, -1)]
        rungs = ", ".join(f"{count} plans at 1/{count}" for count in counts)
        return f"{rungs} of the training: {show_count(space.groups, 'whole training')} in all"
