"""Fusion: what every fusion does. Word states of several layers become one for every word.

Layers come one by one, so that a fusion keeps of each only what it needs. Knows nothing of tokens, labels or models.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tagwright.backbone.fusion import FUSIONS, FusionConfig
from tagwright.errors import ModelError


class Fusion(nn.Module, ABC):
    """Shapes: B pieces, W words, H width of a state, L the layers it reads.

    width: of the states it gives. depth: the number of the last layer. layers: the numbers of those it reads, rising.
    """

    layers: tuple[int, ...] = ()

    def __init__(self, width: int, depth: int, *, config: FusionConfig) -> None:
        super().__init__()
        self.width, self.depth, self.config = width, depth, config

    def fold(self, carry: Any, state: Tensor, *, at: int) -> Any:
        """Take the word states (B W H) of layer `layers[at]`; what is given back comes with the next. None at first."""
        return carry

    @abstractmethod
    def finish(self, carry: Any, last: Tensor, *, keep: Tensor) -> Tensor:
        """What `fold` gave, the last layer's word states (B W H), real words (B W) -> B W H."""

    def forward(self, states: Sequence[Tensor], last: Tensor, *, keep: Tensor) -> Tensor:
        """The word states of `layers` in order, those of the last layer, real words -> B W H."""
        carry = None
        for at, state in enumerate(states):
            carry = self.fold(carry, state, at=at)
        return self.finish(carry, last, keep=keep)

    def weigh(self, last: Tensor) -> Tensor | None:
        """B W H, the last layer's -> B W L: how much each layer counts for each word. None where nothing is weighed."""
        return None

    @property
    def added(self) -> int:
        """How many weights it adds to the labeler."""
        return sum(weight.numel() for weight in self.parameters())

    def describe(self) -> str:
        """Name, layers and weights, for people."""
        read = [*self.layers] or [self.depth]
        spans_all = len(read) > 2 and read == [*range(read[0], read[-1] + 1)]
        named = f"{read[0]} to {read[-1]}" if spans_all else ", ".join(map(str, read))
        return f"{self.config.name}, layers {named} of {self.depth}, {self.added:,} weights added"


def build_fusion(config: FusionConfig, *, width: int, depth: int) -> Fusion:
    """The fusion of this name for a model of so many layers with states of this width, with fresh weights."""
    built: Fusion = FUSIONS[config.name](width, depth, config=config)
    return built


def pick_layers(config: FusionConfig, depth: int) -> tuple[int, ...]:
    """The layers that the config names, which the model must have; all of them where it names none."""
    layers = tuple(range(depth + 1)) if config.layers is None else config.layers
    check_layers(layers, depth, setting="layers")
    return layers


def check_layers(layers: Sequence[int], depth: int, *, setting: str) -> None:
    if beyond := [layer for layer in layers if layer > depth]:
        raise ModelError(
            f"fusion.{setting} names layer {beyond[0]}; this model has the layers 0 (its embeddings) to {depth}."
        )


def even_out(states: Tensor) -> Tensor:
    """States of every layer at one scale: RMS 1. In decoders norms grow with depth and the last layer's are others."""
    return F.rms_norm(states, states.shape[-1:], eps=1e-6)


def spread(*shape: int, fan_in: int) -> nn.Parameter:
    """Fresh weights, uniform within 1/sqrt(fan_in), as those of nn.Linear."""
    bound = fan_in**-0.5
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
