"""tagwright search: one tiny search for real, gone on with, and what is refused."""

import subprocess
import sys
from pathlib import Path

import pytest

from cli_run import Run
from tagwright.errors import RecipeError
from tagwright.recipe.recipe import Recipe

RECIPE = """
out = "run"
[data]
train = "synthetic:ner"
documents = 50
[backbone]
model = "builtin:untrained"
sight = "0011"
max_tokens = 64
[training]
max_steps = 2
learning_rate = 0.001
"""


@pytest.fixture
def recipe(here: Path) -> Path:
    path = here / "recipe.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


def test_a_search_ends_in_a_recipe_and_quotes_fresh_seeds(run: Run, recipe: Path) -> None:
    verb = ("search", recipe, "--groups", 1, "--seeds", 1)
    shown = run(*verb).stdout
    assert "oneshot: one whole training for all 2 plans" in shown and "test F1" in shown
    assert "Cost of the search:" in shown and "flatters it" in shown
    assert "dev documents chose among 2 plans, which is as good as chance" in shown
    assert "tagwright train run/search/untouched.toml --set training.seed=2\n" in shown
    folder = recipe.parent / "run" / "search"
    assert {path.name for path in folder.iterdir()} == {
        "cells",
        "recipe.toml",
        "search.html",
        "search.json",
        "untouched.toml",
    }
    found = Recipe.from_toml(folder / "recipe.toml")
    assert found.backbone.sight in ("0", "1") and found.out == str(Path("run", "search", "chosen"))
    assert not list((folder / "cells").glob("*.safetensors"))
    before = {path: path.stat().st_mtime_ns for path in (folder / "cells").glob("*-*.json")}
    assert len(before) == 4
    assert run(*verb).stdout == shown
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--strategy", "oneshoot"), "Did you mean 'oneshot'"),
        (("--set", "draw.dev_policy=cv"), "'cv' takes no dev documents"),
        (
            ("--set", "tuning.name=prefix", "--set", "backbone.sight=none"),
            "'prefix' can't be had with a chosen sight, so there is none to search",
        ),
        (("--engine", "rey"), "Did you mean 'ray'"),
        (("--groups", 5), "5 groups of layers are too many"),
        (("--set", "training.max_stepz=3"), "max_stepz"),
    ],
)
def test_a_wrong_wish_is_refused_before_anything_is_trained(
    run: Run, recipe: Path, arguments: tuple[object, ...], message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        run("search", recipe, *arguments)
    assert not (recipe.parent / "run").exists()


def test_what_names_alone_decide_is_refused_before_torch_is_loaded(recipe: Path) -> None:
    told = "import sys, tagwright.search.config as c; from tagwright.recipe.recipe import Recipe\n"
    told += "for s, e in (('clever', 'ray'), ('top', 'rey')):\n"
    told += "    try: c.check_search(Recipe(), c.SearchConfig(s, engine=e))\n"
    told += "    except c.RecipeError as error: print(error)\n"
    told += "print({'torch', 'transformers'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines()[0].endswith("random:K, top.") and "Did you mean 'ray'" in shown
    assert shown.splitlines()[-1] == "set()"


def test_a_search_needs_a_place(run: Run, recipe: Path) -> None:
    recipe.write_text(RECIPE.replace('out = "run"', ""), encoding="utf-8")
    with pytest.raises(RecipeError, match="Give --out FOLDER"):
        run("search", recipe)


def test_overwrite_starts_again(run: Run, recipe: Path) -> None:
    verb = ("search", recipe, "--strategy", "top", "--seeds", 1)
    run(*verb)
    with pytest.raises(RecipeError, match="--overwrite"):
        run(*verb, "--set", "training.max_steps=1")
    assert "0011: dev F1" in run(*verb, "--set", "training.max_steps=1", "--overwrite").stdout
