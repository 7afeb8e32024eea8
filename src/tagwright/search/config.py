"""How to search, and what can be refused of it before documents or a model are loaded. Loads neither torch nor data."""

from dataclasses import dataclass
from typing import TypedDict

from tagwright.errors import RecipeError
from tagwright.recipe.recipe import Recipe
from tagwright.registry import suggest
from tagwright.search import SEARCHES
from tagwright.search.engines import ENGINES
from tagwright.search.space import Space
from tagwright.search.strategies.search import Search


@dataclass(frozen=True)
class SearchConfig:
    """How to search: the strategy as it is written (`random:4`), groups of layers, seeds of the last trainings."""

    strategy: str = "oneshot"
    groups: int = 4
    seeds: int = 3
    processes: int = 1
    engine: str = "processes"


class SearchOptions(TypedDict, total=False):
    """The same as keywords of a call."""

    strategy: str
    groups: int
    seeds: int
    processes: int
    engine: str


def check_search(recipe: Recipe, config: SearchConfig) -> Search:
    """The strategy that was asked for."""
    strategy = make_search(config.strategy)
    ENGINES.check(config.engine)
    for name in ("groups", "seeds", "processes"):
        if (count := getattr(config, name)) < 1:
            raise RecipeError(f"{name}: found {count}; 1 is the least.")
    strategy.describe(Space(config.groups, recipe.training.seed))
    if recipe.view == "writer":
        raise RecipeError(
            "A search is for taggers. Compare a few plans of a writer with `tagwright curve RECIPE --vary "
            "sight=none,1000,1110 --shots all`."
        )
    if recipe.tuning.name == "prefix":
        raise RecipeError(
            "The tuning 'prefix' can't be had with a chosen sight, so there is none to search. Use the tuning 'lora'."
        )
    if recipe.draw.policy == "cv":
        raise RecipeError(
            "The choice is made on dev, and draw.dev_policy 'cv' takes no dev documents. Set draw.dev_policy = 'full' "
            "to use all that there are."
        )
    return strategy


def make_search(notation: str) -> Search:
    """A strategy as it is written: its name, and for some a colon and a number."""
    name, colon, count = notation.partition(":")
    if name not in SEARCHES:
        raise RecipeError(f"No {SEARCHES.kind} is called {name!r}.{suggest(name, list_forms())}")
    kind: type[Search] = SEARCHES[name]
    how = f"Write {name}:K for K plans, such as {name}:4." if kind.takes_count else f"Write {name}."
    if kind.takes_count != bool(colon):
        raise RecipeError(f"{notation!r} is no strategy. {how}")
    if colon and not (count.isdecimal() and int(count)):
        raise RecipeError(f"{notation!r} is no strategy: {count!r} is not a number of plans. {how}")
    return kind(int(count) if colon else None)


def list_forms() -> list[str]:
    """The strategies as they are written."""
    kinds: dict[str, type[Search]] = dict(SEARCHES)
    return [f"{name}:K" if kind.takes_count else name for name, kind in kinds.items()]
