"""The census: every chosen weight is counted once, at its layer and kind, whatever the architecture calls them."""

from typing import Any

import pytest

from tagwright.tuning.sparse.choice.census import MOST, OUTSIDE, Place, find_place, pick_evenly, take_census
from tagwright.tuning.sparse.regions import list_regions
from tiny_labelers import make_tagger

SIZES = {
    "backbone.model.embed.weight": 100,
    **{f"backbone.model.layers.{n}.mlp.up.weight": 30 for n in (0, 1, 10)},
    **{f"backbone.model.layers.{n}.mlp.up.bias": 10 for n in (0, 1, 10)},
    "backbone.model.layers.10.norm.weight": 20,
}


def count(**chosen: int) -> dict[str, int]:
    names = {"embed": "embed", "first": "layers.0.mlp.up", "last": "layers.10.mlp.up", "norm": "layers.10.norm"}
    return {f"backbone.model.{names[name]}.weight": number for name, number in chosen.items()}


def test_shares_are_of_what_was_chosen_and_of_what_there_is() -> None:
    history = [
        {"step": 0, "chosen": 8, "counts": count(embed=2, first=6)},
        {"step": 50, "chosen": 8, "counts": count(first=4, last=2, norm=2)},
    ]
    facts = take_census(SIZES, count(embed=2, first=8, last=2, norm=2), history=history)
    assert facts == {
        "choices": 2,
        "steps": [0, 50],
        "layers": ["0", "1", "10", OUTSIDE],  # by number, not by name
        "ever": {
            "embed": [None, None, None, 0.02],
            "mlp.up": [0.2, 0.0, 0.05, None],
            "norm": [None, None, 0.1, None],
        },
        "by_layer": {"0": [0.75, 0.5], "1": [0.0, 0.0], "10": [0.0, 0.5], OUTSIDE: [0.25, 0.0]},
        "by_kind": {"embed": [0.25, 0.0], "mlp.up": [0.75, 0.75], "norm": [0.0, 0.25]},
    }
    assert take_census(SIZES, {}, history=()) == {}


def test_two_stacks_are_told_apart() -> None:
    names = ("encoder.block.0.layer.0.wi.weight", "decoder.block.0.layer.0.wi.weight", "shared.weight")
    sizes = {f"backbone.model.{name}": 10 for name in names}
    history = [{"step": 0, "chosen": 1, "counts": {f"backbone.model.{names[1]}": 1}}]
    facts = take_census(sizes, history[0]["counts"], history=history)  # type: ignore[arg-type]
    assert facts["ever"] == {"layer.0.wi": [0.1, 0.0, None], "shared": [None, None, 0.0]}
    assert facts["layers"] == ["decoder 0", "encoder 0", OUTSIDE]


def test_of_many_choices_the_first_the_last_and_some_between_are_told() -> None:
    assert pick_evenly(MOST) == [*range(MOST)]
    found = pick_evenly(1000)
    assert (len(found), found[0], found[-1]) == (MOST, 0, 999) and found == sorted(set(found))
    assert len(set(pick_evenly(MOST + 1))) == MOST
    history = [{"step": n, "chosen": 1, "counts": count(first=1)} for n in range(1000)]
    facts = take_census(SIZES, count(first=1), history=history)
    assert facts["choices"] == 1000 and facts["steps"] == found and len(facts["by_kind"]["mlp.up"]) == MOST


@pytest.mark.parametrize(
    ("kind", "name", "place"),
    [
        ("llama", "layers.1.self_attn.q_proj.weight", Place("layers", 1, "self_attn.q_proj")),
        ("bert", "encoder.layer.1.attention.self.query.bias", Place("encoder.layer", 1, "attention.self.query")),
        ("gpt2", "h.0.attn.c_attn.weight", Place("h", 0, "attn.c_attn")),
        ("t5", "encoder.block.1.layer.0.SelfAttention.q.weight", Place("encoder.block", 1, "layer.0.SelfAttention.q")),
    ],
)
def test_every_weight_of_a_model_has_a_place(kind: str, name: str, place: Place) -> None:
    tagger: Any = make_tagger(kind=kind)
    names = [region.name for region in list_regions(tagger)]
    assert f"backbone.model.{name}" in names and find_place(f"backbone.model.{name}") == place
    places = [find_place(each) for each in names]
    assert {each.layer for each in places} == {-1, 0, 1} and all(each.kind for each in places)
