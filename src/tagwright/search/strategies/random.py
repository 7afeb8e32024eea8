"""RandomPlans: so many plans drawn without looking, each with the whole training. A control."""

from random import Random

from tagwright.errors import RecipeError
from tagwright.evaluation.page.elements import show_count
from tagwright.search.cell import Cell
from tagwright.search.space import Space
from tagwright.search.strategies.search import Found, Run, Search, gather, rank


class RandomPlans(Search):
    """`random:k`: k different plans; their cells are those of `exhaustive`."""

    takes_count = True

    def find(self, space: Space, run: Run) -> Found:
        scores = gather(run([Cell("whole", plan, space.seed) for plan in self._draw(space)]))
        return Found(rank(scores, terms="whole training"), scores)

    def describe(self, space: Space) -> str:
        return f"{show_count(len(self._draw(space)), 'plan')} drawn at random, the whole training each"

    def _draw(self, space: Space) -> list[str]:
        count = self.count or 0
        if count > len(space.plans):
            raise RecipeError(f"random:{count} draws more plans than there are: {len(space.plans)}.")
        return sorted(Random(space.seed).sample(space.plans, count))
