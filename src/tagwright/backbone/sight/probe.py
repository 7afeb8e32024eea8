"""Proves, by running it, who sees whom in a model. Trusts no flag and no name. Knows nothing of plans' notation.

Within one forward every layer is run a second time with some tokens' states changed: a token that changes with them
has seen them.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from tagwright.backbone.sight.masks import LENGTHS, find_reader, find_stack
from tagwright.backbone.sight.sight import Scope
from tagwright.errors import ModelError

WORDS = 8
STIRRED = 1e-5  # of a state's own size; less is rounding


@dataclass(frozen=True)
class Inputs:
    """A way to call a model. `changed` B T: tokens that are stirred; `watched` B T: those that are looked at."""

    name: str
    arguments: dict[str, Any]
    changed: Tensor
    watched: Tensor


def find_sight(model: nn.Module, *, inputs: Inputs) -> tuple[bool, ...]:
    """Of every layer: does a watched token see a changed one?"""
    _, layers = find_stack(model)
    found: list[bool] = []
    modes = {module: module.training for module in model.modules()}
    model.eval()
    # without a cache, or the second run of a layer would see the first one's keys
    without = {"use_cache": False} if _takes(model, "use_cache") else {}
    try:
        with torch.no_grad(), _watch(layers, inputs, found.append):
            model(**inputs.arguments, **without)
    except ModelError:
        raise
    except Exception as error:  # models of any make are run here, in ways that they may not know
        name = type(model).__name__
        raise ModelError(
            f"{name} can't be run as the probe needs it ({inputs.name}): {error}\n"
            "If it is the attention that can't, set another backbone.attn_implementation or backbone.dtype (flash "
            "attention takes bfloat16 or float16); else leave backbone.sight out, or take another model."
        ) from error
    finally:
        for module, mode in modes.items():
            module.training = mode
    if len(found) != len(layers):
        raise ModelError(f"{type(model).__name__} ran {len(found)} of its {len(layers)} layers: it can't be proven.")
    return tuple(found)


def _takes(model: nn.Module, name: str) -> bool:
    """The module that reads the tokens is asked: what is wrapped around it may hand on anything."""
    return name in inspect.signature(find_reader(model, find_stack(model)[1]).forward).parameters


@contextmanager
def _watch(layers: Sequence[nn.Module], inputs: Inputs, tell: Callable[[bool], None]) -> Iterator[None]:
    generator = torch.Generator().manual_seed(0)

    def draw(states: Tensor) -> Tensor:
        return torch.randn(states.shape, generator=generator).to(states) * states.abs().mean() * 4

    def look(layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
        states = args[0] if args else kwargs["hidden_states"]
        rest = {name: value for name, value in kwargs.items() if name != "hidden_states"}
        changed = inputs.changed[..., None].to(states)

        def feels(before: Tensor, base: Tensor) -> bool:
            after = layer.forward(base + draw(states) * changed, *args[1:], **rest)
            return _differ(_pick(before, inputs), _pick(after, inputs), name=f"{type(layer).__name__} ({inputs.name})")

        if feels(output, states):
            tell(True)
            return
        # a trained layer may attend so keenly to something else that nothing is felt: once more where all is noise
        noise = draw(states)
        tell(feels(layer.forward(noise, *args[1:], **rest), noise))

    handles = [layer.register_forward_hook(look, with_kwargs=True) for layer in layers]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _pick(output: Any, inputs: Inputs) -> Tensor:
    """The states of watched tokens."""
    states: Tensor = output[0] if isinstance(output, tuple) else output
    return states[inputs.watched].float()


def _differ(before: Tensor, after: Tensor, *, name: str) -> bool:
    if not (before.isfinite().all() and after.isfinite().all()):  # nothing is larger than what is no number
        raise ModelError(f"{name} gives numbers that aren't finite.")
    moved = (before - after).abs() / (before.abs() + before.abs().mean())
    return bool(moved.max() > STIRRED)


def list_rightward(model: Any, *, scope: Scope = "document") -> Iterator[Inputs]:
    """Ways to call the model in which a token may see a later one, if its layer lets it."""
    ids = _make_ids(model, rows=3)
    last = torch.zeros_like(ids, dtype=torch.bool)
    last[:, -1] = True
    yield Inputs("one document, no mask", _call(ids[:1], scope=scope), last[:1], ~last[:1])
    yield Inputs("full batch", _call(ids, scope=scope, attention_mask=torch.ones_like(ids)), last, ~last)
    keep = _make_padding(ids)
    places = torch.arange(WORDS, device=ids.device)[None]
    ends = torch.tensor([WORDS - 1, WORDS - 4, WORDS - 1], device=ids.device)[:, None]
    last, watched = places == ends, keep.bool() & (places < ends)
    for row, name in ((1, "padding on the right"), (2, "padding on the left")):
        arguments = _call(ids[[0, row]], scope=scope, attention_mask=keep[[0, row]])
        only = torch.tensor([[False], [True]], device=ids.device)  # the padded row alone
        yield Inputs(name, arguments, last[[0, row]] & only, watched[[0, row]] & only)


def list_hidden(model: Any, *, packs: bool, scope: Scope = "document") -> Iterator[Inputs]:
    """Ways to call the model in which no watched token may see a changed one, whatever the plan."""
    ids = _make_ids(model, rows=3)
    keep = _make_padding(ids)
    arguments = _call(ids, scope=scope, attention_mask=keep)
    yield Inputs("padding", arguments, ~keep.bool(), keep.bool())
    places = torch.arange(WORDS, device=ids.device)[None]
    if scope == "prompt":
        arguments = _call(ids[:1], scope=scope, prompt=WORDS // 2)
        yield Inputs("what follows the prompt", arguments, places > WORDS // 2, places <= WORDS // 2)
    if packs and _takes(model, "position_ids"):
        first = places < WORDS // 2
        arguments = _call(ids[:1], scope=scope, position_ids=places % (WORDS // 2))
        yield Inputs("packed, first document", arguments, ~first, first)
        yield Inputs("packed, second document", arguments, first, ~first)


def _make_ids(model: Any, *, rows: int) -> Tensor:
    size = model.config.get_text_config().vocab_size
    generator = torch.Generator().manual_seed(1)
    return torch.randint(min(5, size - 2), size, (rows, WORDS), generator=generator).to(model.device)


def _make_padding(ids: Tensor) -> Tensor:
    """Of three rows the second is padded on the right, the third on the left."""
    keep = torch.ones_like(ids)
    keep[1, -3:] = 0
    keep[2, :3] = 0
    return keep


def _call(ids: Tensor, *, scope: Scope, prompt: int = WORDS, **rest: Tensor) -> dict[str, Any]:
    lengths = {LENGTHS: torch.full((len(ids),), prompt)} if scope == "prompt" else {}
    return {"input_ids": ids, **rest, **lengths}


def prove_sight(model: nn.Module, wanted: Sequence[bool], *, packs: bool = True, scope: Scope = "document") -> None:
    """Refuse a model in which other layers than the wanted ones look right, or a token sees padding or a neighbour.

    packs: position ids that start again tell a packed row; models that are bidirectional by nature don't know that.
    """
    for inputs in list_rightward(model, scope=scope):
        found = find_sight(model, inputs=inputs)
        wrong = [number for number, (is_open, wish) in enumerate(zip(found, wanted, strict=True)) if is_open != wish]
        if wrong:
            does = "looks" if found[wrong[0]] else "doesn't look"
            raise ModelError(
                f"{type(model).__name__} doesn't obey its sight: layer {wrong[0]} {does} to the right "
                f"({inputs.name}; {len(wrong)} layers differ). It is refused, or it would be wrong in silence."
            )
    for inputs in list_hidden(model, packs=packs, scope=scope):
        if any(leaks := find_sight(model, inputs=inputs)):
            raise ModelError(
                f"{type(model).__name__} lets tokens see what they must not ({inputs.name}): layer {leaks.index(True)}."
            )
