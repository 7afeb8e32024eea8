"""Architecture, attention, plan, padding and packing by the probe; then what it says by forwards of whole models."""

from itertools import product
from typing import Any

import pytest
import torch

from sight_models import ALL, DECODERS, ENCODERS, LAYERS, find_moved, make_ids, make_model, run
from tagwright.backbone.sight.proven import find_nature, set_sight
from tagwright.backbone.sight.sight import Sight

QUICK = {"sdpa": "0011", "eager": "1010"}
EAGER_ONLY = ("gemma2",)  # of these transformers has no other
CELLS = [(name, attention) for name in ALL for attention in QUICK if attention == "eager" or name not in EAGER_ONLY]
FEW = [(name, "eager" if number % 2 or name in EAGER_ONLY else "sdpa") for number, name in enumerate(ALL)]
PLACED = ("bert", "roberta", "distilbert", "opt")
EVERY = ["".join(bits) for bits in product("01", repeat=LAYERS)]
KEEP = torch.tensor([[1] * 8, [1] * 6 + [0] * 2, [0] * 3 + [1] * 5])


def check(name: str, attention: str, plan: str) -> None:
    """The probe within `set_sight` proves every layer alone; here the whole model is held to it."""
    model = make_model(name, attn_implementation=attention)
    nature = find_nature(model)
    assert nature.sight == Sight.parse("none" if name in DECODERS else "all", layers=LAYERS)
    sight, hooks = set_sight(model, plan)
    assert (hooks is None) == (sight == nature.sight)
    seen = [any(sight.flags[: layer + 1]) for layer in range(LAYERS)]
    ids = make_ids(3)
    for arguments in ({}, {"attention_mask": torch.ones_like(ids)}):
        assert find_moved(model, ids, **arguments) == seen
    together = run(model, ids, **_pad(name))
    changed = ids.where(KEEP.bool(), torch.full_like(ids, 7))
    torch.testing.assert_close(run(model, changed, **_pad(name))[KEEP.bool()], together[KEEP.bool()])
    for row in range(2 if name in PLACED else 3):  # these number the places from the row's left end
        alone = run(model, ids[row : row + 1, KEEP[row].bool()])
        torch.testing.assert_close(together[row, KEEP[row].bool()], alone[0], atol=2e-5, rtol=1e-4)


def _pad(name: str) -> dict[str, Any]:
    positions = {"position_ids": (KEEP.cumsum(-1) - 1).clamp(min=0)} if name in DECODERS and name != "opt" else {}
    return {"attention_mask": KEEP} | positions


@pytest.mark.parametrize(("name", "attention"), FEW)
def test_a_model_obeys_its_sight(name: str, attention: str) -> None:
    check(name, attention, QUICK[attention])


@pytest.mark.slow
@pytest.mark.parametrize("plan", EVERY)
@pytest.mark.parametrize(("name", "attention"), CELLS)
def test_a_model_obeys_every_sight(name: str, attention: str, plan: str) -> None:
    check(name, attention, plan)


@pytest.mark.gpu
@pytest.mark.parametrize("attention", ["flex_attention", "flash_attention_2"])
@pytest.mark.parametrize("name", DECODERS)
def test_a_model_obeys_on_an_accelerator(name: str, attention: str) -> None:
    """The probe within `set_sight` takes the model there; half precision and heads of 16 are what both kernels take."""
    changes = {"hidden_size": 64, "attn_implementation": attention, "dtype": "bfloat16"}
    try:
        model = make_model(name, **changes, **({"head_dim": 16} if "head_dim" in DECODERS[name][1] else {}))
    except ValueError as error:
        pytest.skip(str(error))
    set_sight(model.to(torch.bfloat16), "0011")
    ids = make_ids(3).to(model.device)
    assert model.device.type != "cpu"
    assert find_moved(model, ids, attention_mask=torch.ones_like(ids)) == [False, False, True, True]


@pytest.mark.parametrize("name", [name for name in DECODERS if name != "opt"])  # OPT makes its own positions
def test_packed_documents_never_see_each_other(name: str) -> None:
    model = make_model(name)
    set_sight(model, "0110")
    one, two = make_ids(1, 5, seed=1), make_ids(1, 3, seed=2)
    positions = torch.tensor([[0, 1, 2, 3, 4, 0, 1, 2]])
    packed = run(model, torch.cat([one, two], dim=1), position_ids=positions)
    torch.testing.assert_close(packed[:, :5], run(model, one), atol=2e-5, rtol=1e-4)
    torch.testing.assert_close(packed[:, 5:], run(model, two), atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("name", ["mistral", "gemma3", "qwen2, mixed"])
def test_windows_stay(name: str) -> None:
    """An open layer of window 4 sees four tokens on each side and no fifth one."""
    model = make_model(name)
    windowed = [kind == "sliding_attention" for kind in getattr(model.config, "layer_types", ["sliding_attention"] * 4)]
    _, hooks = set_sight(model, "1111")
    assert hooks is not None and any(windowed)
    ids = make_ids(1, 12)
    seen: list[set[int]] = [set() for _ in range(LAYERS)]

    def note(number: int, mask: torch.Tensor) -> None:
        seen[number] |= set(mask[0, 0, 0].nonzero().flatten().tolist())

    for number, layer in enumerate(hooks.layers):
        layer.self_attn.register_forward_pre_hook(
            lambda _, args, kwargs, number=number: note(number, kwargs["attention_mask"]), with_kwargs=True
        )
    run(model, ids)
    assert seen == [set(range(5 if is_windowed else 12)) for is_windowed in windowed]


@pytest.mark.parametrize("name", ENCODERS)
def test_a_closed_encoder_is_causal(name: str) -> None:
    model = make_model(name)
    assert find_moved(model, make_ids(2)) == [True] * LAYERS
    set_sight(model, "none")
    assert find_moved(model, make_ids(2)) == [False] * LAYERS
    half = make_model(name)
    set_sight(half, "0001")
    assert find_moved(half, make_ids(2)) == [False, False, False, True]
