"""Makes a transformers model obey a plan of sight, by public hooks; no model code is copied.

A hook on the stack makes the masks once per forward and sends them down as keyword arguments; hooks on the layers pick
theirs. Nothing is kept between forwards, so that gradient checkpointing, threads and copies see what they should.
"""

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn
from transformers.masking_utils import (
    bidirectional_mask_function,
    create_bidirectional_mask,
    create_bidirectional_sliding_window_mask,
    create_causal_mask,
    create_sliding_window_causal_mask,
    find_packed_sequence_indices,
    packed_sequence_mask_function,
)
from transformers.modeling_layers import GradientCheckpointingLayer

from tagwright.backbone.sight.sight import Sight
from tagwright.errors import ModelError

Scope = Literal["document", "prompt"]
Make = Callable[..., Any]
BOTH: dict[str, Make] = {
    "full_attention": create_bidirectional_mask,
    "sliding_attention": create_bidirectional_sliding_window_mask,
}
LEFT: dict[str, Make] = {
    "full_attention": create_causal_mask,
    "sliding_attention": create_sliding_window_causal_mask,
}
MASKS, LENGTHS = "tagwright_masks", "prompt_lengths"  # keyword arguments on their way from the stack to its layers


def find_stack(model: nn.Module) -> tuple[nn.Module, Sequence[nn.Module]]:
    """The module that holds the layers, and the layers."""
    count = model.config.get_text_config().num_hidden_layers  # type: ignore[union-attr, operator]
    found = [
        (stack, layers)
        for stack in model.modules()
        for layers in stack.children()
        if isinstance(layers, nn.ModuleList)
        and len(layers) == count
        and all(isinstance(layer, GradientCheckpointingLayer) for layer in layers)
    ]
    if len(found) != 1:
        raise ModelError(
            f"{type(model).__name__} has {len(found)} stacks of {count} layers, expected one: its sight can't be set. "
            "Leave backbone.sight out."
        )
    return found[0]


def find_reader(model: nn.Module, layers: Sequence[nn.Module]) -> nn.Module:
    """The innermost module that takes token ids and holds the layers: its masks are for them."""
    holding = [one for one in model.modules() if layers[0] in one.modules()]
    reading = [one for one in holding if "input_ids" in inspect.signature(one.forward).parameters]
    if not reading:
        raise ModelError(f"{type(model).__name__} takes no input_ids: its sight can't be set.")
    return reading[-1]


def list_kinds(stack: nn.Module, count: int) -> list[str]:
    """Of every layer: full_attention, sliding_attention, or another kind that can't be opened."""
    config: Any = stack.config
    kinds = getattr(config, "layer_types", None)
    if kinds is not None:
        return list(kinds)
    has_window = getattr(config, "sliding_window", None) is not None and getattr(config, "use_sliding_window", True)
    return ["sliding_attention" if has_window else "full_attention"] * count


class SightHooks:
    """Hooks that turn chosen layers of a model round: a causal model's open, or a bidirectional model's closed.

    `native` says whether the untouched model looks right. Layers that are as wanted by nature are left alone.
    """

    def __init__(self, model: nn.Module, *, native: bool, scope: Scope = "document") -> None:
        self.stack, self.layers = find_stack(model)
        self.native, self.scope = native, scope
        self.kinds = list_kinds(self.stack, len(self.layers))
        self.config = copy.copy(self.stack.config)
        self.config.is_causal = True  # or a causal mask of a bidirectional model would come out open
        reader = find_reader(model, self.layers)
        self.handles = [reader.register_forward_pre_hook(self._make_masks, with_kwargs=True)]
        for number, layer in enumerate(self.layers):
            place = list(inspect.signature(layer.forward).parameters).index("attention_mask")
            hook = partial(self._swap, number=number, place=place)
            self.handles.append(layer.register_forward_pre_hook(hook, with_kwargs=True))
        self.turn(Sight(len(self.layers), tuple(range(len(self.layers))) if native else ()))

    def turn(self, sight: Sight) -> None:
        """From now on the model obeys this plan."""
        self.turned = [flag != self.native for flag in sight.flags]
        self._refuse_other_kinds()
        self.wanted = {kind for kind, turned in zip(self.kinds, self.turned, strict=True) if turned}
        for layer, turned in zip(self.layers, self.turned, strict=True):
            for module in layer.modules():
                if hasattr(module, "is_causal"):  # the second place of causality: kernels without a mask go by it
                    module.is_causal = self.native if turned else not self.native

    def remove(self) -> None:
        """The model is as it was."""
        self.turn(Sight(len(self.layers), tuple(range(len(self.layers))) if self.native else ()))
        for handle in self.handles:
            handle.remove()

    def _refuse_other_kinds(self) -> None:
        other = [number for number, kind in enumerate(self.kinds) if self.turned[number] and kind not in BOTH]
        if other:
            named = ", ".join(f"{number} ({self.kinds[number]})" for number in other[:6])
            able = [number for number, kind in enumerate(self.kinds) if kind in BOTH]
            raise ModelError(
                f"Layers {named} of {type(self.stack).__name__} have no attention whose sight can be changed. "
                f"These have: {able}."
            )

    def _make_masks(self, reader: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        kwargs = dict(kwargs)
        lengths = kwargs.pop(LENGTHS, None)
        given = inspect.signature(reader.forward).bind_partial(*args, **kwargs).arguments
        past = given.get("past_key_values")
        seen = 0 if past is None else int(past.get_seq_length())
        if not any(self.turned):
            return args, kwargs | {MASKS: {}}
        if self.scope == "document" and (seen or kwargs.get("use_cache")):
            raise ModelError(
                "This model's open layers see the whole document, so it can't generate. "
                "Open it with the scope 'prompt', or leave its sight out."
            )
        if seen:  # what is written after the prompt is causal
            return args, kwargs | {MASKS: {}}
        made = {kind: self._make_mask(kind, given, lengths) for kind in self.wanted}
        return args, kwargs | {MASKS: made}

    def _make_mask(self, kind: str, given: Mapping[str, Any], lengths: Tensor | None) -> Any:
        padding, ids, states = (given.get(name) for name in ("attention_mask", "input_ids", "inputs_embeds"))
        if not (padding is None or padding.ndim == 2):
            raise ModelError(f"A model with chosen sight takes a padding mask of two dimensions, not {padding.ndim}.")
        source = ids if states is None else states
        dtype = next(self.stack.parameters()).dtype if states is None else states.dtype
        like = torch.empty((*source.shape[:2], 0), dtype=dtype, device=source.device)  # only shape and kind are read
        packs = None
        if padding is None and given.get("position_ids") is not None:
            packs = find_packed_sequence_indices(given["position_ids"])
        # any further function forbids the shortcut of no mask at all, which another hook or kernel might take as causal
        also = bidirectional_mask_function
        if packs is not None:
            also = packed_sequence_mask_function(packs.expand(source.shape[0], -1))
        if self.native:
            return LEFT[kind](self.config, like, padding, None, and_mask_function=also)
        if lengths is None:
            return BOTH[kind](self.config, like, padding, and_mask_function=also)
        within = _see_prompt(lengths, window=self.config.sliding_window if kind == "sliding_attention" else None)
        return LEFT[kind](self.config, like, padding, None, or_mask_function=within, and_mask_function=also)

    def _swap(
        self, layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], *, number: int, place: int
    ) -> tuple[Any, Any]:
        if MASKS not in kwargs:
            raise ModelError(
                f"{type(self.stack).__name__} doesn't hand keyword arguments to its layers: its sight can't be set."
            )
        kwargs = dict(kwargs)
        masks = kwargs.pop(MASKS)
        kind = self.kinds[number]
        if not self.turned[number] or kind not in masks:
            return args, kwargs
        if place < len(args):  # some models pass it by position
            args = (*args[:place], masks[kind], *args[place + 1 :])
        else:
            kwargs["attention_mask"] = masks[kind]
        return args, kwargs | {"is_causal": self.native}


def _see_prompt(lengths: Tensor, *, window: int | None) -> Callable[..., Any]:
    """Words of the prompt see each other both ways, within the layer's own window."""

    def sees(batch: Any, head: Any, asking: Any, asked: Any) -> Any:
        inside = (asking < lengths[batch]) & (asked < lengths[batch])
        return inside if window is None else inside & ((asking - asked).abs() <= window)

    return sees
