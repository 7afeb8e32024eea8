"""Gives a model its sight and proves that it has it; a model that can't be proven is refused."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from tagwright.backbone.sight.learned import KERNELS, GatedHooks, Gates
from tagwright.backbone.sight.masks import (
    BOTH,
    SightHooks,
    count_layers,
    find_stack,
    has_hooks,
    list_kinds,
    refuse_other_kinds,
)
from tagwright.backbone.sight.probe import find_sight, list_hidden, list_rightward, prove_sight
from tagwright.backbone.sight.sight import Scope, Sight, count_gates, is_learned, read_form
from tagwright.errors import ModelError


@dataclass(frozen=True)
class Nature:
    """What an untouched model does: its sight, and whether positions that start again keep packed documents apart."""

    sight: Sight
    packs: bool


def find_nature(model: nn.Module) -> Nature:
    """By running the model, which no hook has changed yet, where its attention can be had."""
    _take_to_kernel(model)
    flags = find_sight(model, inputs=next(list_rightward(model)))
    packed = list(list_hidden(model, packs=True))[1:]
    packs = bool(packed) and not any(any(find_sight(model, inputs=inputs)) for inputs in packed)
    return Nature(Sight(len(flags), tuple(layer for layer, flag in enumerate(flags) if flag)), packs)


def check_plan(notation: str | Iterable[int], config: Any) -> None:
    """Refuse, by the config.json alone, a plan that its model can't be given, before weights are loaded."""
    wanted, layers = read_form(notation), count_layers(config)
    kinds = list_kinds(config, range(layers))
    if is_learned(wanted) or (wanted not in ("none", ()) and not BOTH.keys() & set(kinds)):
        refuse_other_kinds(kinds, [True] * layers, name=config.model_type)
    if isinstance(wanted, str) and is_learned(wanted):
        count_gates(wanted, layers=layers)
    else:  # a layer of another kind looks left by nature
        refuse_other_kinds(kinds, Sight.parse(wanted, layers=layers).flags, name=config.model_type)


def set_sight(
    model: nn.Module, notation: str | Iterable[int], *, scope: Scope = "document"
) -> tuple[Sight, SightHooks | None]:
    """Make a model obey a plan and prove that it does: the resolved plan, and the hooks where there is need of them."""
    _refuse_second(model)
    sight = Sight.parse(notation, layers=len(find_stack(model)[1]))
    nature = find_nature(model)
    if nature.sight == sight and scope == "document":
        prove_sight(model, sight.flags, packs=nature.packs)
        return sight, None
    _refuse_mixed(model, nature.sight)
    hooks = SightHooks(model, native=bool(nature.sight.open), scope=scope)
    try:
        hooks.turn(sight)
        prove_sight(model, sight.flags, packs=nature.packs, scope=scope)
    except ModelError:
        hooks.remove()
        raise
    return sight, hooks


def learn_sight(model: nn.Module, gates: Gates) -> GatedHooks:
    """Make a model look right as far as its gates are open; proven at both ends, so that any plan may come of it."""
    _refuse_second(model)
    nature = find_nature(model).sight
    _refuse_mixed(model, nature)
    hooks = GatedHooks(model, native=bool(nature.open), gates=gates)
    try:
        for logit in (1.0, -1.0):
            gates.logits.fill_(logit)
            prove_sight(model, [logit > 0] * len(hooks.layers), packs=False)
    except ModelError:
        hooks.remove()
        raise
    gates.logits.zero_()
    return hooks


def _take_to_kernel(model: Any) -> None:
    """Attention other than eager and sdpa runs on an accelerator, so there it is proven, where there is one."""
    kernel = getattr(model.config, "_attn_implementation", None)
    if kernel not in (None, *KERNELS) and model.device.type == "cpu" and torch.accelerator.is_available():
        model.to(torch.accelerator.current_accelerator())


def _refuse_second(model: nn.Module) -> None:
    if has_hooks(model):
        raise ModelError(f"{type(model).__name__} has its sight already. Turn or remove the hooks that gave it.")


def _refuse_mixed(model: nn.Module, nature: Sight) -> None:
    if 0 < len(nature.open) < nature.layers:
        raise ModelError(
            f"{type(model).__name__} looks right in some layers by nature ({nature}): it can't be changed. "
            "Leave backbone.sight out."
        )
