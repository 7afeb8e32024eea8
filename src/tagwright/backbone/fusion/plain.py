"""Fusions that need no matrix: the last layer, any one layer, the mean of the topmost, a learned mix."""

import torch
from torch import Tensor, nn

from tagwright.backbone.fusion.config import FusionConfig
from tagwright.backbone.fusion.fusion import Fusion, check_layers, pick_layers
from tagwright.errors import ModelError

TOP = 4  # layers of a mean that doesn't say how many


class LastFusion(Fusion):
    """The last layer as it is."""

    def finish(self, carry: None, last: Tensor, *, keep: Tensor) -> Tensor:
        return last


class LayerFusion(Fusion):
    """One layer as it is."""

    def __init__(self, width: int, depth: int, *, config: FusionConfig) -> None:
        super().__init__(width, depth, config=config)
        self.layers = () if config.layer is None else (config.layer,)
        check_layers(self.layers, depth, setting="layer")

    def fold(self, carry: None, state: Tensor, *, at: int) -> Tensor:
        return state

    def finish(self, carry: Tensor, last: Tensor, *, keep: Tensor) -> Tensor:
        return carry


class MeanFusion(Fusion):
    """The mean of the topmost layers."""

    def __init__(self, width: int, depth: int, *, config: FusionConfig) -> None:
        super().__init__(width, depth, config=config)
        count = min(TOP, depth) if config.top_k is None else config.top_k
        if count > depth:
            raise ModelError(f"fusion.top_k = {count}, but this model has {depth} layers. Take at most {depth}.")
        self.layers = tuple(range(depth + 1 - count, depth + 1))

    def fold(self, carry: Tensor | None, state: Tensor, *, at: int) -> Tensor:
        return state if carry is None else carry + state

    def finish(self, carry: Tensor, last: Tensor, *, keep: Tensor) -> Tensor:
        return carry / len(self.layers)


class MixFusion(Fusion):
    """Peters et al. 2018: gamma * sum_n softmax(scores)_n z_n. Starts as the mean of its layers."""

    def __init__(self, width: int, depth: int, *, config: FusionConfig) -> None:
        super().__init__(width, depth, config=config)
        self.layers = pick_layers(config, depth)
        self.scores = nn.Parameter(torch.zeros(len(self.layers)))
        self.gamma = nn.Parameter(torch.ones(()))

    def fold(self, carry: Tensor | None, state: Tensor, *, at: int) -> Tensor:
        part = self.scores.softmax(-1)[at] * state
        return part if carry is None else carry + part

    def finish(self, carry: Tensor, last: Tensor, *, keep: Tensor) -> Tensor:
        return self.gamma * carry

    def weigh(self, last: Tensor) -> Tensor:
        return self.scores.softmax(-1).expand(*last.shape[:-1], -1)
