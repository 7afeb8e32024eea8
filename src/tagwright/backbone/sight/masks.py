"""Makes a transformers model obey a plan of sight, by public hooks; no model code is copied.

A hook on the stack makes the masks once per forward and sends them down as keyword arguments; hooks on the layers pick
theirs. Nothing is kept between forwards, so that gradient checkpointing, threads and copies see what they should.
"""

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

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

from tagwright.backbone.sight.sight import Scope, Sight
from tagwright.errors import ModelError

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
LEAVE_OUT = "Leave backbone.sight out, or take another model."
NO_WRITER = (
    "This model's open layers see the whole document, so it can't generate. "
    "Give its sight the scope 'prompt', or leave its sight out."
)
# transformers before 5.9 asks for the positions of the tokens besides
ASKS_POSITIONS = "cache_position" in inspect.signature(create_causal_mask).parameters


def count_layers(config: Any) -> int:
    """How many layers a config.json tells of."""
    count = getattr(config, "num_hidden_layers", None)
    if not isinstance(count, int):
        raise ModelError(f"A {config.model_type} names no number of layers: its sight can't be set. {LEAVE_OUT}")
    return count


def find_stack(model: Any) -> tuple[nn.Module, Sequence[nn.Module]]:
    """The module that holds the layers, and the layers."""
    count = count_layers(model.config.get_text_config())
    found: list[tuple[nn.Module, Any]] = [
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
            + LEAVE_OUT
        )
    return found[0]


def find_reader(model: nn.Module, layers: Sequence[nn.Module]) -> nn.Module:
    """The innermost module that takes token ids and holds the layers: its masks are for them."""
    holding = [one for one in model.modules() if layers[0] in one.modules()]
    reading = [one for one in holding if "input_ids" in inspect.signature(one.forward).parameters]
    if not reading:
        raise ModelError(f"{type(model).__name__} takes no input_ids: its sight can't be set. {LEAVE_OUT}")
    return reading[-1]


def list_kinds(config: Any, layers: Sequence[Any]) -> list[str]:
    """Of every layer: full_attention, sliding_attention, or another kind that can't be opened."""
    kinds = getattr(config, "layer_types", None)
    if kinds is not None:
        return list(kinds)
    has_window = getattr(config, "sliding_window", None) is not None and getattr(config, "use_sliding_window", True)
    return ["sliding_attention" if has_window else "full_attention"] * len(layers)


def refuse_other_kinds(kinds: Sequence[str], turned: Sequence[bool], *, name: str) -> None:
    """Refuse to change layers that have no attention, or one that nobody can open; `name` is the model's."""
    other = [number for number, kind in enumerate(kinds) if turned[number] and kind not in BOTH]
    if not other:
        return
    able = [number for number, kind in enumerate(kinds) if kind in BOTH]
    if not able:
        raise ModelError(
            f"No layer of {name} has attention whose sight can be changed: all are {', '.join(dict.fromkeys(kinds))}. "
            "Such a model is used as it is, without a sight to set, learn or search; a model with attention has one."
        )
    named = ", ".join(f"{number} ({kinds[number]})" for number in other[:6])
    raise ModelError(f"Layers {named} of {name} have no attention whose sight can be changed. These have: {able}.")


def find_windows(config: Any) -> dict[str, int | None]:
    """Kinds of attention that a model has, and the window of each; None where a layer has none that could be masked."""
    config = config.get_text_config()
    kinds = dict.fromkeys(list_kinds(config, range(1)))
    if not set(kinds) <= set(BOTH):
        return {"full_attention": None}
    return {kind: config.sliding_window if kind == "sliding_attention" else None for kind in kinds}


def find_place(layer: nn.Module) -> int:
    """Where among its arguments a layer takes the mask."""
    names = list(inspect.signature(layer.forward).parameters)
    if "attention_mask" not in names:
        raise ModelError(f"{type(layer).__name__} takes no attention_mask: its sight can't be set. {LEAVE_OUT}")
    return names.index("attention_mask")


class SightHooks:
    """Hooks that turn chosen layers of a model round: a causal model's open, or a bidirectional model's closed.

    `native` says whether the untouched model looks right. Layers that are as wanted by nature are left alone.
    In the scope `prompt` open layers see the first `prompt_lengths` (B, a further argument of the model) tokens of
    every row both ways and the rest to the left only; without it a call that fills a cache gives the prompt alone.
    """

    def __init__(self, model: Any, *, native: bool, scope: Scope = "document") -> None:
        self.stack, self.layers = find_stack(model)
        self.reader = find_reader(model, self.layers)
        self.native, self.scope = native, scope
        self.kinds = list_kinds(self.reader.config, self.layers)
        places = [find_place(layer) for layer in self.layers]
        self.turned = [False] * len(self.layers)
        self.writer: Any = model if hasattr(model, "generate") else None
        if self.writer is not None:
            self.writer.generate = self._generate
        self.handles = [self.reader.register_forward_pre_hook(self._make_masks, with_kwargs=True)]
        for number, (layer, place) in enumerate(zip(self.layers, places, strict=True)):
            hook = partial(self._swap, number=number, place=place)
            self.handles.append(layer.register_forward_pre_hook(hook, with_kwargs=True))

    def turn(self, sight: Sight) -> None:
        """From now on the model obeys this plan."""
        turned = [flag != self.native for flag in sight.flags]
        refuse_other_kinds(self.kinds, turned, name=type(self.stack).__name__)
        self.turned = turned
        for layer, is_turned in zip(self.layers, turned, strict=True):
            module: Any
            for module in layer.modules():
                if hasattr(module, "is_causal"):  # the second place of causality: kernels without a mask go by it
                    module.is_causal = self.native if is_turned else not self.native

    def remove(self) -> None:
        """The model is as it was."""
        self.turn(Sight(len(self.layers), tuple(range(len(self.layers))) if self.native else ()))
        for handle in self.handles:
            handle.remove()
        if self.writer is not None:
            del self.writer.generate

    def _make_masks(self, reader: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        kwargs = dict(kwargs)
        lengths = kwargs.pop(LENGTHS, None)
        if not any(self.turned):
            return args, kwargs
        given = inspect.signature(reader.forward).bind_partial(*args, **kwargs).arguments
        past = given.get("past_key_values")
        seen = 0 if past is None else int(past.get_seq_length())
        self._check_call(given, seen, has_lengths=lengths is not None)
        if seen:  # what is written after the prompt is as in the untouched model
            return args, kwargs | {MASKS: {}}
        kinds = {kind for kind, turned in zip(self.kinds, self.turned, strict=True) if turned}
        return args, kwargs | {MASKS: {kind: self._make_mask(kind, given, lengths) for kind in kinds}}

    def _check_call(self, given: Mapping[str, Any], seen: int, *, has_lengths: bool) -> None:
        """Refuse a call in which it isn't clear who may see whom."""
        padding: Any = given.get("attention_mask")
        if not (padding is None or getattr(padding, "ndim", 0) == 2):
            raise ModelError("A model with chosen sight takes a padding mask of two dimensions, nothing else.")
        if self.scope == "document":
            if has_lengths:
                raise ModelError(f"{LENGTHS} is for the scope 'prompt'; this model's sight has the scope 'document'.")
            if seen or given.get("use_cache"):
                raise ModelError(NO_WRITER)
        elif not (has_lengths or seen or given.get("use_cache", getattr(self.reader.config, "use_cache", False))):
            raise ModelError(
                f"Without a cache it isn't known where the prompt ends. Give {LENGTHS}, one number for each row."
            )

    def _generate(self, *args: Any, **kwargs: Any) -> Any:
        """A forward can't tell that it is one of many that write a text without a cache."""
        if self.scope == "document" and any(self.turned):
            raise ModelError(NO_WRITER)
        return type(self.writer).generate(self.writer, *args, **kwargs)

    def _make_mask(self, kind: str, given: Mapping[str, Any], lengths: Tensor | None) -> Any:
        padding, states = given.get("attention_mask"), given.get("inputs_embeds")
        source: Any = given.get("input_ids") if states is None else states
        dtype = next(self.stack.parameters()).dtype if states is None else states.dtype
        like = torch.empty((*source.shape[:2], 0), dtype=dtype, device=source.device)  # only shape and kind are read
        packs = None
        if padding is None and given.get("position_ids") is not None:
            packs = find_packed_sequence_indices(given["position_ids"])
        # any further function forbids the shortcut of no mask at all, which another hook or kernel might take as causal
        also = bidirectional_mask_function
        if packs is not None:
            also = packed_sequence_mask_function(packs.expand(source.shape[0], -1))
        config: Any = self.reader.config
        if self.scope == "document" and not self.native:
            return BOTH[kind](config, like, padding, and_mask_function=also)
        more: dict[str, Any] = {"and_mask_function": also}
        if self.native:  # or the causal mask of a bidirectional model would come out open
            config = copy.copy(config)
            config.is_causal = True
        else:
            if lengths is None:
                lengths = torch.full((like.shape[0],), like.shape[1])
            window = config.sliding_window if kind == "sliding_attention" else None
            more["or_mask_function"] = _see_prompt(lengths.to(source.device), window=window)
        if ASKS_POSITIONS:
            more["cache_position"] = torch.arange(like.shape[1], device=source.device)
        return LEFT[kind](config, like, padding, past_key_values=given.get("past_key_values"), **more)

    def _swap(
        self, layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], *, number: int, place: int
    ) -> tuple[Any, Any]:
        kwargs = dict(kwargs)
        masks = kwargs.pop(MASKS, None)
        if not self.turned[number]:
            return args, kwargs
        if masks is None:
            raise ModelError(
                f"{type(self.stack).__name__} doesn't hand keyword arguments to its layers: its sight can't be set. "
                + LEAVE_OUT
            )
        kind = self.kinds[number]
        if kind not in masks:
            return args, kwargs | {"is_causal": not self.native}
        if place < len(args):  # some models pass it by position
            args = (*args[:place], masks[kind], *args[place + 1 :])
        else:
            kwargs["attention_mask"] = masks[kind]
        return args, kwargs | {"is_causal": self.native}


def has_hooks(model: nn.Module) -> bool:
    """Has this model been given a sight of its own?"""
    hooks = find_reader(model, find_stack(model)[1])._forward_pre_hooks.values()
    return any(isinstance(getattr(hook, "__self__", None), SightHooks) for hook in hooks)


def _see_prompt(lengths: Tensor, *, window: int | None) -> Callable[..., Any]:
    """Words of the prompt see each other both ways, within the layer's own window."""

    def sees(batch: Any, head: Any, asking: Any, asked: Any) -> Any:
        inside = (asking < lengths[batch]) & (asked < lengths[batch])
        return inside if window is None else inside & ((asking - asked).abs() <= window)

    return sees
