"""tagwright.search_sight: a search for the sight from Python in one call. Knows nothing of command lines."""

from pathlib import Path

from tagwright.errors import RecipeError
from tagwright.recipe.corpus import load_corpus
from tagwright.recipe.recipe import Recipe
from tagwright.search.outputs import write_outputs
from tagwright.search.run import Outcome, SearchConfig
from tagwright.search.run import search as run
from tagwright.text.ledger import Ledger
from tagwright.training.arguments import check_names


def search_sight(
    recipe: Recipe | str | Path,
    *,
    strategy: str = "oneshot",
    groups: int = 4,
    seeds: int = 3,
    processes: int = 1,
    engine: str = "processes",
    out: str | Path | None = None,
) -> Outcome:
    """Find the layers that should look right, and write what `tagwright search` writes.

    found = tagwright.search_sight("recipe.toml", strategy="oneshot", out="runs/search")
    tagwright.train(recipe=found.recipe, out="runs/chosen")
    """
    plain = recipe if isinstance(recipe, Recipe) else Recipe.from_toml(recipe)
    folder = choose_folder(plain, out)
    check_names(plain.training)
    config = SearchConfig(strategy, groups, seeds, processes, engine)
    outcome = run(plain, load_corpus(plain.data, Ledger()), folder=folder, config=config)
    write_outputs(outcome, folder)
    return outcome


def choose_folder(recipe: Recipe, out: str | Path | None) -> Path:
    """The folder that was asked for, or one in the recipe's."""
    if out is None and recipe.out is None:
        raise RecipeError("Nowhere to keep the search. Give --out FOLDER, or set `out` in the recipe.")
    return Path(out) if out is not None else Path(recipe.out or "") / "search"
