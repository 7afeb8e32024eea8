"""tagwright search: one tiny search for real, gone on with, and what is refused."""

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
    folder = recipe.parent / "run" / "search"
    assert {path.name for path in folder.iterdir()} == {"cells", "recipe.toml", "search.html", "search.json"}
    found = Recipe.from_toml(folder / "recipe.toml")
    assert found.backbone.sight in ("0", "1") and found.out == "run"
    assert not list((folder / "cells").glob("*.safetensors"))
    before = {path: path.stat().st_mtime_ns for path in (folder / "cells").glob("*-*.json")}
    assert len(before) == 4
    assert run(*verb).stdout == shown
    assert {path: path.stat().st_mtime_ns for path in before} == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--strategy", "oneshoot"), "Did you mean 'oneshot'"),
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
