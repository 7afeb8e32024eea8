"""Tuning: the protocol of every way to train. Knows no trainer and no data."""

from abc import ABC, abstractmethod
from typing import Any

from torch import nn
from torch.nn import Parameter

from tagwright.backbone.vocabulary import FocusedEmbedding
from tagwright.tuning.config import TuningConfig

NO_DECAY = ("bias", "norm")
EMBEDDINGS = (nn.Embedding, FocusedEmbedding)


class Tuning(ABC):
    """Says which weights of a module move. The module has a pretrained part, `backbone`, and a fresh part."""

    def __init__(self, config: TuningConfig) -> None:
        self.config = config

    @abstractmethod
    def prepare(self, module: nn.Module) -> None:
        """Mark the weights that move, before training."""

    def group(self, module: nn.Module, *, weight_decay: float) -> list[dict[str, Any]]:
        """Parameter groups for an optimizer: fresh weights at their own rate; no decay for biases, norms, embeddings.

        A decayed embedding would also change the rows of tokens that training never sees.
        """
        tables = {id(w) for m in module.modules() if isinstance(m, EMBEDDINGS) for w in m.parameters(recurse=False)}
        groups: dict[tuple[bool, bool], list[Parameter]] = {}
        for name, weight in module.named_parameters():
            if weight.requires_grad:
                plain = any(mark in name.lower() for mark in NO_DECAY) or id(weight) in tables
                decays = weight.ndim > 1 and not plain
                groups.setdefault((name.startswith("backbone."), decays), []).append(weight)
        rate = self.config.head_learning_rate
        return [
            {"params": weights, "weight_decay": weight_decay if decays else 0.0}
            | ({} if pretrained or rate is None else {"lr": rate})
            for (pretrained, decays), weights in groups.items()
        ]
