"""tagwright.curve: a learning curve from Python in one call. Knows nothing of command lines."""

from pathlib import Path

from tagwright.errors import RecipeError
from tagwright.recipe.corpus import load_corpus
from tagwright.recipe.recipe import Recipe
from tagwright.search.curves.outputs.files import write_outputs
from tagwright.search.curves.plan import CurveConfig
from tagwright.search.curves.run import Outcome
from tagwright.search.curves.run import curve as run
from tagwright.text.ledger import Ledger


def curve(
    recipe: Recipe | str | Path,
    *,
    vary: str,
    shots: str,
    seeds: int = 3,
    trials: int = 5,
    processes: int = 1,
    out: str | Path | None = None,
) -> Outcome:
    """Vary one dial of a recipe over few-shot sizes, and write what `tagwright curve` writes.

    tagwright.curve("recipe.toml", vary="fusion=last,dwatt", shots="10,50,all", out="runs/curve")
    """
    plain = recipe if isinstance(recipe, Recipe) else Recipe.from_toml(recipe)
    config = CurveConfig(vary, shots, seeds, trials, processes)
    folder = choose_folder(plain, config, out=out)
    outcome = run(plain, load_corpus(plain.data, Ledger()), folder=folder, config=config)
    write_outputs(outcome, folder)
    return outcome


def choose_folder(recipe: Recipe, config: CurveConfig, *, out: str | Path | None) -> Path:
    """The folder that was asked for, or one in the recipe's, by the dial's name."""
    if out is None and recipe.out is None:
        raise RecipeError("Nowhere to keep the curve. Name a folder: --out FOLDER, or `out` in the recipe.")
    return Path(out) if out is not None else Path(recipe.out or "") / f"curve-{config.vary.partition('=')[0].strip()}"
