"""The probe can fail: models broken on purpose in the ways this field knows are refused, and sound ones are not."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from transformers.masking_utils import create_bidirectional_mask

from sight_models import LAYERS, make_model, open_model
from tagwright.backbone.sight.masks import MASKS, find_stack
from tagwright.backbone.sight.probe import find_sight, list_hidden, list_rightward, prove_sight
from tagwright.backbone.sight.proven import find_nature, set_sight
from tagwright.errors import ModelError

Arguments = tuple[Any, dict[str, Any]]
OPEN, CLOSED = (True,) * LAYERS, (False,) * LAYERS


def hook_layers(model: nn.Module, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Change what every layer is called with."""
    for layer in find_stack(model)[1]:
        layer.register_forward_pre_hook(lambda _, args, kwargs: (args, change(kwargs)), with_kwargs=True)


def set_flags(model: nn.Module) -> None:
    for module in model.modules():
        if hasattr(module, "is_causal"):
            module.is_causal = False


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_only_the_flag_changed(attention: str) -> None:
    """Right without a mask, causal with one."""
    model = make_model("llama", attn_implementation=attention)
    set_flags(model)
    with pytest.raises(ModelError, match="layer 0 doesn't look to the right"):
        prove_sight(model, OPEN)


def test_only_the_mask_swapped_where_none_is_allowed() -> None:
    """Right with padding, causal without."""
    model = make_model("llama", attn_implementation="sdpa")

    def swap(_: Any, args: Any, kwargs: dict[str, Any]) -> Arguments:
        like = torch.empty((*kwargs["input_ids"].shape, 0))
        return args, kwargs | {MASKS: create_bidirectional_mask(model.config, like, kwargs.get("attention_mask"))}

    model.register_forward_pre_hook(swap, with_kwargs=True)
    hook_layers(model, lambda kwargs: kwargs | {"attention_mask": kwargs.pop(MASKS)})
    with pytest.raises(ModelError, match="doesn't look to the right .one document, no mask; 4 layers differ"):
        prove_sight(model, OPEN)


def test_a_layer_that_ignores_its_mask() -> None:
    model, hooks = open_model("llama", "0011")
    layer = hooks.layers[1]
    layer.register_forward_pre_hook(
        lambda _, args, kwargs: (args, kwargs | {"attention_mask": None, "is_causal": False}), with_kwargs=True
    )
    with pytest.raises(ModelError, match="layer 1 looks to the right .one document, no mask; 1 layers differ"):
        prove_sight(model, (False, False, True, True))


def test_padding_leaks() -> None:
    model = make_model("llama")
    set_flags(model)
    hook_layers(model, lambda kwargs: kwargs | {"attention_mask": None, "is_causal": False})
    with pytest.raises(ModelError, match="must not .padding.: layer 0"):
        prove_sight(model, OPEN)


def test_packs_leak() -> None:
    """As transformers' own switch lets them."""
    model = make_model("llama", is_causal=False)
    prove_sight(model, OPEN, packs=False)
    with pytest.raises(ModelError, match="must not .packed, first document.: layer 0"):
        prove_sight(model, OPEN)


@pytest.mark.parametrize("wanted", [(False, False, True, False), (True, False, True, True), CLOSED, OPEN])
def test_another_plan_than_the_models(wanted: tuple[bool, ...]) -> None:
    model, _ = open_model("llama", "0011")
    with pytest.raises(ModelError, match="doesn't obey its sight"):
        prove_sight(model, wanted)
    prove_sight(model, (False, False, True, True))


def test_an_open_layer_that_feels_nothing_among_its_own_states() -> None:
    """As one that was trained to attend to a single token: it is open none the less."""
    model = make_model("llama", is_causal=False)
    layer = model.layers[2]
    real, own = layer.forward, {}
    layer.register_forward_pre_hook(lambda _, args, kwargs: own.update(states=args[0]), with_kwargs=True)

    def forward(states: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        is_own = torch.equal(states[:, :-1], own["states"][:, :-1])
        return real(own["states"] if is_own else states, *args, **kwargs)

    layer.forward = forward
    prove_sight(model, OPEN, packs=False)
    assert find_nature(model).sight.open == (0, 1, 2, 3)


def test_what_is_no_number_is_no_proof() -> None:
    """Nothing is larger than NaN, so a broken model would look closed."""
    model = make_model("llama")
    model.layers[1].register_forward_hook(lambda _, args, output: output * float("nan"))
    with pytest.raises(ModelError, match="gives numbers that aren't finite"):
        prove_sight(model, CLOSED)


def test_a_layer_that_never_runs() -> None:
    model = make_model("llama")
    # the stack goes over a slice of its layers
    model.layers.__class__ = type("Short", (nn.ModuleList,), {"__getitem__": _leave_one_out})
    with pytest.raises(ModelError, match="ran 3 of its 4 layers"):
        prove_sight(model, CLOSED)


def _leave_one_out(layers: nn.ModuleList, at: Any) -> Any:
    return list(layers._modules.values())[at][:3] if isinstance(at, slice) else list(layers._modules.values())[at]


def test_a_hybrid_leaks_between_packed_documents_by_nature() -> None:
    assert find_nature(make_model("llama")).packs
    assert not find_nature(make_model("bert")).packs
    nature = find_nature(make_model("mamba", state_size=4))
    assert not nature.packs and str(nature.sight) == "none"


def test_the_probe_leaves_a_model_as_it_was() -> None:
    model = make_model("llama", attention_dropout=0.5).train()
    model.layers[1].eval()
    modes = [module.training for module in model.modules()]
    torch.manual_seed(3)
    before = torch.rand(1)
    torch.manual_seed(3)
    hooks = [len(module._forward_hooks) for module in model.modules()]
    prove_sight(model, CLOSED)
    assert torch.equal(torch.rand(1), before)
    assert [module.training for module in model.modules()] == modes
    assert [len(module._forward_hooks) for module in model.modules()] == hooks


def test_a_refused_model_is_as_it_was() -> None:
    model = make_model("llama")
    for layer in model.layers:
        layer.self_attn.register_forward_pre_hook(_close, with_kwargs=True)
    with pytest.raises(ModelError, match="doesn't obey its sight"):
        set_sight(model, "all")
    assert find_sight(model, inputs=next(iter(list_rightward(model)))) == CLOSED
    assert not any(layer._forward_pre_hooks for layer in model.layers)
    assert all(module.is_causal for module in model.modules() if hasattr(module, "is_causal"))


def _close(_: Any, args: Any, kwargs: dict[str, Any]) -> Arguments:
    return args, kwargs | {"attention_mask": None, "is_causal": True}


def test_half_precision_is_proven_too() -> None:
    model = make_model("llama").to(torch.bfloat16)
    set_sight(model, "0101")


def test_every_way_of_calling_is_named() -> None:
    model = make_model("llama")
    names = [inputs.name for inputs in [*list_rightward(model), *list_hidden(model, packs=True)]]
    assert names == [
        "one document, no mask",
        "full batch",
        "padding on the right",
        "padding on the left",
        "padding",
        "packed, first document",
        "packed, second document",
    ]
