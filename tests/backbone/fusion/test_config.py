"""Settings of fusions: those that are not read, contradict each other or name nothing are refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from tagwright.backbone.fusion import FusionConfig
from tagwright.errors import RecipeError
from tagwright.recipe.recipe import Recipe


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"name": "last", "budget": 1000}, "'last' does not read `budget`; it reads none of them"),
        ({"name": "mix", "budget": 1000}, "'mix' does not read `budget`; it reads `layers`"),
        ({"name": "concat", "gamma": 0.25}, "'concat' does not read `gamma`"),
        ({"name": "dwatt:paper", "rank": 8}, "'dwatt:paper' does not read `rank`"),
        ({"name": "dwatt", "gamma": 0.25, "budget": 1000}, "`budget` solves `gamma`"),
        ({"name": "mlp", "inner": 8, "budget": 1000}, "`budget` solves `inner`"),
        ({"name": "layer"}, "say which, `layer = n`"),
        ({"name": "mix", "layers": (2, 1)}, "in rising order; found [2, 1]"),
        ({"name": "mix", "layers": (1, 1)}, "names each layer once"),
        ({"name": "mix", "layers": ()}, "layers"),
        ({"name": "mix", "layers": (-1,)}, "layers"),
    ],
)
def test_faults_are_named(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        FusionConfig(**settings)
    assert told in str(caught.value)


def test_a_resolved_recipe_can_be_read_again() -> None:
    recipe = Recipe().change({"fusion.name": "dwatt", "fusion.layers": [0, 2], "fusion.budget": 100_000})
    assert Recipe.from_dict(recipe.to_dict()) == recipe
    assert recipe.fusion.layers == (0, 2)


def test_an_unknown_fusion_is_answered_with_the_nearest() -> None:
    with pytest.raises(RecipeError, match=r"fusion.name: no fusion is called 'dwat'.* Did you mean 'dwatt'"):
        Recipe().change({"fusion.name": "dwat"})
    with pytest.raises(RecipeError, match="there is no such setting"):
        Recipe().change({"fusion.gama": 1.0})
