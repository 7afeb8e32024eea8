"""AllOpen: every layer looks right, without any search. A control."""

from tagwright.search.space import Space
from tagwright.search.strategies.search import Found, Ranked, Run, Search


class AllOpen(Search):
    """The plan that opens everything."""

    def find(self, space: Space, run: Run) -> Found:
        return Found([Ranked(space.plans[-1], None, "not searched")])

    def describe(self, space: Space) -> str:
        return "nothing: all layers are opened"
