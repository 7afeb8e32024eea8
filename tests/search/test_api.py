"""tagwright.search_sight writes what the verb writes, and gives a recipe to train with."""

from pathlib import Path
from typing import Any

import pytest

import tagwright
from tagwright.errors import RecipeError

SETTINGS = {
    "data": {"train": "synthetic:ner", "documents": 50},
    "backbone": {"model": "builtin:untrained", "max_tokens": 64},
    "training": {"max_steps": 1, "learning_rate": 1e-3},
}


def test_a_search_in_one_call(tmp_path: Path) -> None:
    recipe = tagwright.Recipe.from_dict(SETTINGS | {"out": str(tmp_path)})
    found = tagwright.search_sight(recipe, strategy="top", groups=2, seeds=1)
    folder = tmp_path / "search"
    assert found.chosen == found.recipe.backbone.sight == "01" and len(found.finals) == 1
    assert {path.name for path in folder.iterdir()} >= {"search.html", "search.json", "recipe.toml", "untouched.toml"}
    assert tagwright.Recipe.from_toml(folder / "recipe.toml") == found.recipe
    other: dict[str, Any] = {"strategy": "all", "groups": 2, "seeds": 1}
    with pytest.raises(RecipeError, match="strategy: 'top' then, 'all' now"):
        tagwright.search_sight(recipe, **other)
    again = tagwright.search_sight(recipe, settings={"training.seed": 7}, overwrite=True, **other)
    assert again.chosen == "11" and again.finals[0].cell.seed == 8


def test_a_search_needs_a_place_and_settings_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="set `out` in the recipe"):
        tagwright.search_sight(tagwright.Recipe.from_dict(SETTINGS))
    misspelt = tagwright.Recipe.from_dict(SETTINGS).change({"training.max_stepz": 3})
    with pytest.raises(RecipeError, match="max_stepz"):
        tagwright.search_sight(misspelt, out=tmp_path / "search")
    with pytest.raises(RecipeError, match="seeds: found 0; 1 is the least"):
        tagwright.search_sight(tagwright.Recipe.from_dict(SETTINGS), out=tmp_path / "search", seeds=0)
    assert not (tmp_path / "search").exists()
