"""A dial and its values as they are written, and the recipe turned to each."""

import pytest

from tagwright.errors import RecipeError
from tagwright.recipe.recipe import Recipe
from tagwright.search.curves.dial import Dial, find_setting


@pytest.mark.parametrize(
    ("notation", "setting", "values"),
    [
        ("fusion=last,concat", "fusion.name", ("last", "concat")),
        ("fusion = last , dwatt:paper", "fusion.name", ("last", "dwatt:paper")),
        ("tuning=full,frozen", "tuning.name", ("full", "frozen")),
        ("sight=none,all,0011,[0,2]", "backbone.sight", ("none", "all", "0011", "[0,2]")),
        ("training.weight_decay=0,0.1", "training.weight_decay", ("0", "0.1")),
        ("training.adam_beta2=0.99", "training.adam_beta2", ("0.99",)),
        (
            'fusion=last,{name="layer",layer=2}',
            "fusion.name",
            ("last", '{name="layer",layer=2}'),
        ),
    ],
)
def test_a_dial_is_read(notation: str, setting: str, values: tuple[str, ...]) -> None:
    dial = Dial.parse(notation)
    assert (dial.setting, dial.values) == (setting, values)


@pytest.mark.parametrize(
    ("notation", "message"),
    [
        ("fusion", "Write --vary fusion=last,dwatt"),
        ("fusion=", "no dial with its values"),
        ("=last", "no dial with its values"),
        ("fusion=last,mix,last", "names 'last' twice"),
        ("fusio=last", "Did you mean 'fusion'"),
        ("backbone.sigth=all", "Did you mean 'backbone.sight'"),
        ("layer_rate=1", "No dial is called 'layer_rate'"),
        ("seed=1,2", "draw.seed or training.seed"),
        ("training.seed=1,2", "--seeds says"),
        ("learning_rate=1,2", "searched for every value"),
        ("head_learning_rate=1,2", "together with the learning rate"),
        ("draw.shots=1,2", "--shots says"),
        ("data.train=a,b", "same documents"),
    ],
)
def test_what_is_no_dial_is_refused(notation: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        Dial.parse(notation)


def test_a_recipe_is_turned() -> None:
    recipe = Recipe()
    assert Dial.parse("sight=0011,1100").turn(recipe, "1100").backbone.sight == "1100"
    assert Dial.parse("sight=[0,2]").turn(recipe, "[0,2]").backbone.sight == (0, 2)
    assert Dial.parse("repeat=0,1").turn(recipe, "1").backbone.repeat == 1
    whole = '{name="layer",layer=2}'
    assert Dial.parse(f"fusion={whole}").turn(recipe, whole).fusion.layer == 2
    with pytest.raises(RecipeError, match="no tuning is called 'frosen'"):
        Dial.parse("tuning=frosen").turn(recipe, "frosen")


def test_a_fusion_takes_the_settings_that_it_reads_and_says_what_it_leaves() -> None:
    recipe = Recipe().change({"fusion.name": "dwatt", "fusion.budget": 5000, "fusion.d_pos": 8})
    dial = Dial.parse("fusion=last,concat,dwatt")
    turned = {value: dial.turn(recipe, value).fusion for value in dial.values}
    assert {value: (fusion.name, fusion.budget, fusion.d_pos) for value, fusion in turned.items()} == {
        "last": ("last", None, 24),
        "concat": ("concat", 5000, 24),
        "dwatt": ("dwatt", 5000, 8),
    }
    assert list(dial.list_unread(recipe)) == [
        "last does not read fusion.d_pos, fusion.budget: left aside for it.",
        "concat does not read fusion.d_pos: left aside for it.",
    ]
    assert not list(Dial.parse("sight=none,all").list_unread(recipe))
    tuned = Recipe().change({"tuning.name": "lora", "tuning.rank": 4, "tuning.head_learning_rate": 0.01})
    tunings = Dial.parse("tuning=lora,full")
    assert tunings.turn(tuned, "lora").tuning.rank == 4
    assert tunings.turn(tuned, "full").tuning.head_learning_rate == 0.01
    assert list(tunings.list_unread(tuned)) == ["full does not read tuning.rank: left aside for it."]


def test_short_names_are_those_of_one_section() -> None:
    assert find_setting("head") == "head.name" and find_setting("model") == "backbone.model"
