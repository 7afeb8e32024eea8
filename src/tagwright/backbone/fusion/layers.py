"""Layers: a model's word states, layer by layer, on their way into a fusion. Knows nothing of what becomes of them.

Where no gradient goes through the model its layers are read as they come, and no token state outlives its layer.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from threading import get_ident
from typing import Any

import torch
from torch import Tensor, nn

from tagwright.backbone.fusion.fusion import Fusion
from tagwright.backbone.sight.masks import find_stack
from tagwright.errors import ModelError

logger = logging.getLogger(__name__)
Take = Callable[[int, Tensor], None]


def fuse(
    model: Any, inputs: Mapping[str, Any], *, fusion: Fusion, pool: Callable[[Tensor], Tensor], keep: Tensor
) -> Tensor:
    """Run the model and fuse its layers. `pool` makes word states of token states: B T H -> B W H."""
    carry: Any = None
    places = {layer: at for at, layer in enumerate(fusion.layers)}

    def take(layer: int, hidden: Tensor) -> None:
        nonlocal carry
        if layer in places:
            carry = fusion.fold(carry, pool(hidden).float(), at=places[layer])

    last = pool(_run(model, inputs, take=take, fusion=fusion)).float()
    if fusion.depth in places:
        carry = fusion.fold(carry, last, at=places[fusion.depth])
    return fusion.finish(carry, last, keep=keep)


def _run(model: Any, inputs: Mapping[str, Any], *, take: Take, fusion: Fusion) -> Tensor:
    """The last layer's states; those of the layers below it that are wanted go to `take`, in order."""
    below, depth = [layer for layer in fusion.layers if layer < fusion.depth], fusion.depth
    if not below:
        return model(**inputs).last_hidden_state  # type: ignore[no-any-return]
    stack = None if _learns(model) else _find_layers(model)
    if stack is not None:
        with _watch(stack, take):
            return model(**inputs).last_hidden_state  # type: ignore[no-any-return]
    out = model(**inputs, output_hidden_states=True)
    if len(out.hidden_states) != depth + 1:
        raise ModelError(
            f"{type(model).__name__} gives the states of {len(out.hidden_states)} layers, expected {depth + 1}: they "
            'can\'t be fused. Take fusion.name = "last".'
        )
    for layer in below:
        take(layer, out.hidden_states[layer])
    return out.last_hidden_state  # type: ignore[no-any-return]


def _learns(model: nn.Module) -> bool:
    """A gradient goes through it. Then all states are kept for the way back whatever is done, and hooks would come
    into the way of gradient checkpointing.
    """
    return torch.is_grad_enabled() and any(weight.requires_grad for weight in model.parameters())


def _find_layers(model: nn.Module) -> Sequence[nn.Module] | None:
    try:
        return find_stack(model)[1]
    except ModelError as error:  # layers that share their weights, say
        logger.debug("Its layers are read after the forward: %s", error)
        return None


@contextmanager
def _watch(layers: Sequence[nn.Module], take: Take) -> Iterator[None]:
    """Within, the first layer shows what it gets and all but the last what they give, to this thread alone."""
    thread = get_ident()

    def enter(layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        if get_ident() == thread:
            take(0, args[0] if args else kwargs["hidden_states"])

    def leave(layer: nn.Module, args: tuple[Any, ...], output: Any, *, number: int) -> None:
        if get_ident() == thread:
            take(number, output[0] if isinstance(output, tuple) else output)

    handles = [layers[0].register_forward_pre_hook(enter, with_kwargs=True)]
    for number, layer in enumerate(layers[:-1], start=1):
        handles.append(layer.register_forward_hook(partial(leave, number=number)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
