"""The sight that suits a task, found on dev. To add a strategy: one file, one line in SEARCHES."""

from tagwright.registry import Table

SEARCHES: Table[type] = Table(
    "search strategy",
    {
        "exhaustive": "tagwright.search.strategies.exhaustive:Exhaustive",
        "halving": "tagwright.search.strategies.halving:Halving",
        "learned": "tagwright.search.strategies.learned:LearnedGates",
        "oneshot": "tagwright.search.strategies.oneshot:OneShot",
        "random": "tagwright.search.strategies.random:RandomPlans",
        "top": "tagwright.search.strategies.top:TopHalf",
        "all": "tagwright.search.strategies.all:AllOpen",
    },
)

__all__ = ["SEARCHES"]
