"""The notation of sight: every form, every error, and the picture."""

from typing import Any

import pytest

from tagwright.backbone.config import BackboneConfig
from tagwright.backbone.sight.sight import Sight, describe_gates, read_form
from tagwright.errors import RecipeError


@pytest.mark.parametrize(
    ("notation", "layers", "open_layers"),
    [
        ("none", 4, []),
        ("all", 4, [0, 1, 2, 3]),
        ("0011", 8, [4, 5, 6, 7]),
        ("1000", 8, [0, 1]),
        ("1", 3, [0, 1, 2]),
        ("0101", 4, [1, 3]),
        (" 01 ", 2, [1]),
        ("top:1", 4, [3]),
        ("[0, 2]", 4, [0, 2]),
        ("bottom:3", 4, [0, 1, 2]),
        ([2, 0, 2], 4, [0, 2]),
        ((), 4, []),
    ],
)
def test_every_form_is_read(notation: Any, layers: int, open_layers: list[int]) -> None:
    assert Sight.parse(notation, layers=layers) == Sight(layers, tuple(open_layers))


def test_uneven_groups_differ_by_one_layer_at_most() -> None:
    """Layer i belongs to group i * m // layers."""
    sizes = [len(Sight.parse("".join("01"[at == n] for at in range(4)), layers=10).open) for n in range(4)]
    assert sizes == [3, 2, 3, 2]
    for layers in range(3, 30):
        groups = [Sight.parse(bits, layers=layers).open for bits in ("100", "010", "001")]
        assert sum(groups, ()) == tuple(range(layers))  # in order, none missing, none twice
        assert max(map(len, groups)) - min(map(len, groups)) <= 1


@pytest.mark.parametrize(
    ("notation", "message"),
    [
        ("00110", "'00110' has 5 groups, and the model has 4 layers only. Write 4 bits at most"),
        ("top:5", "'top:5' opens 5 layers, and the model has 4. 4 is all"),
        ([4], "names layer 4; the model's layers are 0 to 3"),
        ([-1], "names layer -1"),
        (["1"], "lists '1', which is no number of a layer"),
        ([True], "lists True"),
        ("0012", "'0012' can't be read. Expected none, all, bits"),
        ("top:0", "'top:0' opens no layer. Write none."),
        ("[0, 5]", "names layer 5; the model's layers are 0 to 3"),
        ("top:", "can't be read"),
        ("middle:2", "can't be read"),
        ("", "can't be read"),
        ("upper half", "can't be read"),
    ],
)
def test_what_is_no_plan_is_refused_with_what_would_be(notation: Any, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        Sight.parse(notation, layers=4)


def test_flags_and_words() -> None:
    sight = Sight.parse([0, 1, 3], layers=5)
    assert sight.flags == (True, True, False, True, False)
    assert [str(Sight.parse(plan, layers=5)) for plan in ("none", "all", "top:1")] == ["none", "all", "4 of 5 layers"]
    assert str(sight) == "0 to 1, 3 of 5 layers"


def test_the_picture_numbers_the_layers() -> None:
    ruler, marks, legend = Sight.parse("top:2", layers=12).draw()
    assert ruler == "layer 0    5     11"
    assert marks == "input ░░░░░░░░░░██ output   looks right: 10 to 11 of 12 layers"
    assert marks[ruler.index("5")] == "░" and marks[ruler.index("11")] == "█"
    assert legend.strip() == "█ a word sees those to its right too   ░ only those to its left"


@pytest.mark.parametrize(
    ("layers", "ruler"), [(1, "0"), (2, "01"), (5, "0   4"), (6, "0    5"), (8, "0    5 7"), (101, "0    5    10")]
)
def test_the_ruler_names_the_first_and_the_last_layer_at_their_places(layers: int, ruler: str) -> None:
    drawn = Sight.parse("all", layers=layers).draw()[0].removeprefix("layer ")
    assert drawn.startswith(ruler) and drawn.index(str(layers - 1), layers - 1) == layers - 1
    assert len(drawn) == layers - 1 + len(str(layers - 1))


@pytest.mark.parametrize("notation", ["0011", "learned:3", "top:99", "[7]", (9,)])
def test_what_needs_the_number_of_layers_is_no_fault_of_the_form(notation: Any) -> None:
    assert read_form(notation) == ((7,) if notation == "[7]" else notation)


def test_gates_say_how_sure_they_were_beside_chance() -> None:
    told = describe_gates({"towards_open": [1.0, 0.5, 0.081], "steps": 100})
    assert told.startswith("gates, from input to output: 100 50 8 % of their way led towards open, in 100 steps")
    assert told.endswith("between 40 and 60 chance alone would do")
    assert "between 0 and 100 chance" in describe_gates({"towards_open": [1.0], "steps": 1})
    assert "nothing was learned" in describe_gates({"towards_open": [0.5], "steps": 0}) and describe_gates({}) == ""


def test_bits_may_come_as_a_number() -> None:
    """TOML reads 1100 as a number, and refuses 0011 as one."""
    assert BackboneConfig.model_validate({"sight": 1100}).sight == "1100"
    assert BackboneConfig.model_validate({"sight": [0, 2]}).sight == (0, 2)
