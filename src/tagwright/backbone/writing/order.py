"""Order: how a model is told which token stands where, when its rows are read at their own pace. Knows no memory.

A model that counts slots would take a gap between them for tokens: what its rows have read must stand without gaps.
"""

import inspect
from typing import Any

import torch
from torch import Tensor, nn
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from tagwright.errors import ModelError


class Order:
    """`gaps`: all that a model knows of order is told to it, so that slots between its tokens may hold nothing."""

    def __init__(self, model: Any, *, has_encoder: bool, takes_positions: bool) -> None:
        self._numbered = _find_numbered(model) if has_encoder else None
        self._biased = _find_biased(model) if has_encoder else None
        if has_encoder:
            self.gaps = self._numbered is not None or self._biased is not None
        else:
            self.gaps = takes_positions and _is_rotary(model)

    def hook(self, held: Tensor, positions: Tensor) -> list[Any]:
        """Tell a decoder that numbers slots by itself the positions (B T) of what it reads, until these are removed.

        `held` (B S, bool): the slots before these that hold something.
        """
        if self._numbered is not None:
            return [self._numbered.register_forward_hook(lambda module, _args, _out: _number(module, positions))]
        if self._biased is not None:
            there = torch.cat([held.cumsum(1) - 1, positions], 1)
            bias = _weigh(self._biased, there[:, None, :] - positions[:, :, None])
            return [
                self._biased.register_forward_pre_hook(
                    lambda _, args, given: (args, given | {"position_bias": bias}), with_kwargs=True
                )
            ]
        return []


def _number(module: Any, positions: Tensor) -> Tensor:
    return nn.functional.embedding(positions + module.offset, module.weight)


def _weigh(module: Any, distances: Tensor) -> Tensor:
    """The bias B H T S of T5's distances B T S."""
    buckets = module._relative_position_bucket(
        distances,
        bidirectional=False,
        num_buckets=module.relative_attention_num_buckets,
        max_distance=module.relative_attention_max_distance,
    )
    bias: Tensor = module.relative_attention_bias(buckets)
    return bias.permute(0, 3, 1, 2)


def _is_rotary(model: Any) -> bool:
    """Rotary positions are all that it knows of order, and each of its layers may look at all that was read."""
    layers = DynamicCache(config=model.config).layers
    return any(name.endswith("rotary_emb") for name, _ in model.named_modules()) and all(
        type(layer) is DynamicLayer for layer in layers
    )


def _find_biased(model: Any) -> nn.Module | None:
    """The one attention of T5's decoder that makes a bias of distances, for all layers."""
    modules: list[nn.Module] = list(model.get_decoder().modules())
    found = [module for module in modules if getattr(module, "has_relative_attention_bias", False)]
    if len(found) != 1 or "position_bias" not in inspect.signature(found[0].forward).parameters:
        return None
    return found[0]


def _find_numbered(model: Any) -> nn.Module | None:
    """The learned positions of a decoder that numbers its slots by itself, as BART's does."""
    found = getattr(model.get_decoder(), "embed_positions", None)
    if found is None:
        return None
    if not (isinstance(found, nn.Embedding) and hasattr(found, "offset")):
        raise ModelError(
            f"It isn't known how {type(model).__name__} numbers positions, so rows can't be written side by side. "
            "Choose a model of the T5, BART, Llama or GPT-2 families."
        )
    return found
