"""tagwright.curve: a learning curve from Python in one call. Knows nothing of command lines."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

from tagwright.errors import RecipeError
from tagwright.recipe.corpus import load_corpus
from tagwright.recipe.recipe import Recipe
from tagwright.search.cells.place import take_folder
from tagwright.search.curves.outputs.files import FILES, write_outputs
from tagwright.search.curves.plan import CurveConfig, CurveOptions
from tagwright.search.curves.run import Outcome
from tagwright.search.curves.run import curve as run
from tagwright.text.ledger import Ledger


def curve(
    recipe: Recipe | str | Path,
    *,
    vary: str,
    shots: str,
    settings: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    overwrite: bool = False,
    **config: Unpack[CurveOptions],
) -> Outcome:
    """Vary one dial of a recipe over few-shot sizes, and write what `tagwright curve` writes.

    tagwright.curve("recipe.toml", vary="fusion=last,dwatt", shots="10,50,all", out="runs/curve")

    The other keywords are the verb's options: seeds (3), trials (5), processes (1), engine ("processes"). `settings`
    replaces some of the recipe's, by dotted name; `overwrite` starts again in a used folder.
    """
    plain = recipe if isinstance(recipe, Recipe) else Recipe.from_toml(recipe)
    plain, wanted = plain.change(settings or {}), CurveConfig(vary, shots, **config)
    folder = choose_folder(plain, wanted, out=out)
    corpus = load_corpus(plain.data, Ledger())
    take_folder(folder, what="curve", files=FILES, overwrite=overwrite)
    outcome = run(plain, corpus, folder=folder, config=wanted)
    write_outputs(outcome, folder)
    return outcome


def choose_folder(recipe: Recipe, config: CurveConfig, *, out: str | Path | None) -> Path:
    """The folder that was asked for, or one in the recipe's, by the dial's name."""
    if out is None and recipe.out is None:
        raise RecipeError("Nowhere to keep the curve. Give --out FOLDER (out=FOLDER), or set `out` in the recipe.")
    return Path(out) if out is not None else Path(recipe.out or "") / f"curve-{config.vary.partition('=')[0].strip()}"
