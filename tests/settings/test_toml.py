"""Settings as TOML text and back."""

import tomllib
from typing import Any

import pytest

from tagwright.recipe.recipe import Recipe
from tagwright.settings.toml import write_toml, write_value


@pytest.mark.parametrize(
    "value",
    [
        True,
        3,
        3e-05,
        'a "quoted" \\ path\n',
        "ü\x7f",
        [1, "b"],
        {"a": 1.5, "b": ["c"]},
        {"a.b": {"born in": 1, "": 2, "人名": 3}},
    ],
)
def test_a_value_survives_toml(value: Any) -> None:
    assert tomllib.loads(f"value = {write_value(value)}")["value"] == value


def test_comments_and_chosen_settings_are_written() -> None:
    recipe = Recipe.from_dict({"data": {"train": "a.conll"}})
    text = write_toml(recipe, notes={"data": "Your files.", "data.train": "the file"}, only=frozenset({"data.train"}))
    assert text == '# Your files.\n[data]\ntrain = "a.conll"  # the file\n'
