"""OneShot: one training in which every batch has a plan of its own, over shared weights.

All plans are then scored on dev by merely switching, and the best few go on from the shared weights under their plan.
"""

from tagwright.search.cell import SHARED, Cell
from tagwright.search.space import Space
from tagwright.search.strategies.search import Found, Run, Search, gather, rank

KEPT = 3  # plans that are tuned on
SHARE = 0.2  # of the recipe's training, for each of them


class OneShot(Search):
    """One whole training for all plans, then a short one for each of the best."""

    def find(self, space: Space, run: Run) -> Found:
        shared = Cell(SHARED, None, space.seed)
        field = gather(run([shared]))
        first = rank(field, terms="shared weights")
        best = [one.plan for one in first[:KEPT]]
        tuned = gather(run([Cell("tuned", plan, space.seed, SHARE, start=shared.name) for plan in best]))
        terms = f"tuned on for {SHARE:g} of the training"
        return Found([*rank(tuned, terms=terms), *first[KEPT:]], field)

    def describe(self, space: Space) -> str:
        kept = min(KEPT, len(space.plans))
        return f"one whole training for all {len(space.plans)} plans, then {kept} of them for {SHARE:g} of it each"
