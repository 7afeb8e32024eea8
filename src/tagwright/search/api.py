"""tagwright.search_sight: a search for the sight from Python in one call. Knows nothing of command lines."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

from tagwright.recipe.corpus import load_corpus
from tagwright.recipe.recipe import Recipe
from tagwright.search.cells.place import take_folder
from tagwright.search.config import SearchConfig, SearchOptions, check_search
from tagwright.search.outputs import FILES, choose_folder, write_outputs
from tagwright.search.run import Outcome
from tagwright.search.run import search as run
from tagwright.text.ledger import Ledger
from tagwright.training.arguments import check_names


def search_sight(
    recipe: Recipe | str | Path,
    *,
    settings: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    overwrite: bool = False,
    **config: Unpack[SearchOptions],
) -> Outcome:
    """Find the layers that should look right, and write what `tagwright search` writes.

    found = tagwright.search_sight("recipe.toml", strategy="oneshot", out="runs/search")
    tagwright.train(recipe=found.recipe)

    The other keywords are the verb's options: strategy ("oneshot"), groups (4), seeds (3), processes (1), engine
    ("processes"). `settings` replaces some of the recipe's, by dotted name; `overwrite` starts again in a used folder.
    """
    plain = recipe if isinstance(recipe, Recipe) else Recipe.from_toml(recipe)
    plain, wanted = plain.change(settings or {}), SearchConfig(**config)
    check_search(plain, wanted)
    folder = choose_folder(plain, out)
    check_names(plain.training)
    corpus = load_corpus(plain.data, Ledger())
    take_folder(folder, what="search", files=FILES, overwrite=overwrite)
    outcome = run(plain, corpus, folder=folder, config=wanted)
    write_outputs(outcome, folder)
    return outcome
