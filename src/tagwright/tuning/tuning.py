"""Tuning: the protocol of every way to train. Knows no trainer and no data."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor, nn
from torch.nn import Parameter
from torch.optim import Optimizer

from tagwright.backbone.vocabulary import FocusedEmbedding
from tagwright.tuning.config import TuningConfig
from tagwright.tuning.sparse.choice.documents import Documents
from tagwright.tuning.weights import fill

NO_DECAY = ("bias", "norm", "ia3_l")
EMBEDDINGS = (nn.Embedding, FocusedEmbedding)


class Tuning(ABC):
    """Says which weights of a module move. The module has a pretrained part, `backbone`, and a fresh part.

    is_whole: everything moves, so everything is saved. Of the others only what moves is, beside the name of the base.
    steps: how many times longer its steps are than full tuning's, where a recipe names no learning rate.
    rate: the learning rate then, if it is one of the tuning's own, whatever the model.
    """

    is_whole: ClassVar[bool] = False
    steps: ClassVar[float] = 1.0
    rate: ClassVar[float | None] = None
    needs_four_bits: ClassVar[bool] = False  # of the backbone, when it is loaded
    is_sparse: ClassVar[bool] = False  # single weights move: all gradients are made, and all weights scored

    def __init__(self, config: TuningConfig) -> None:
        self.config = config

    @abstractmethod
    def prepare(self, module: nn.Module) -> None:
        """Put on what the backbone gets besides, and mark the weights that move: to be trained or to be restored."""

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

    def make_optimizer(
        self, module: nn.Module, kind: type[Optimizer], *, settings: Mapping[str, Any], weight_decay: float
    ) -> Optimizer:
        """The optimizer of a run: the kind that the recipe asks for, or one of the tuning's own."""
        return kind(self.group(module, weight_decay=weight_decay), **settings)

    def list_callbacks(self, module: nn.Module, *, documents: Documents) -> Sequence[Any]:
        """What is to happen while training, as objects with the methods of transformers' TrainerCallback.

        documents: those that the module is trained on.
        """
        return ()

    def collect(self, module: nn.Module, *, whole: bool = False) -> dict[str, Tensor]:
        """What is saved, by name: the weights that move, and all that is not of the backbone.

        whole: everything, for where the backbone can't be loaded again.
        """
        if whole:
            return dict(module.state_dict())
        moving = {name for name, weight in module.named_parameters() if weight.requires_grad}
        state = module.state_dict().items()
        return {name: tensor for name, tensor in state if name in moving or not name.startswith("backbone.model.")}

    def put_back(self, module: nn.Module, tensors: Mapping[str, Tensor], *, source: Path, whole: bool = False) -> None:
        """Put what `collect` gave into a prepared module, or say what in the file `source` doesn't fit."""
        fill(module, tensors, names=self.collect(module, whole=whole), source=source)

    def merge(self, module: nn.Module) -> None:
        """Make a prepared module a plain one that says the same, as if its own weights had moved."""
        return None

    def foresee(self, model: nn.Module) -> int:
        """How many weights of a backbone would move, or beside it; its own may be empty ones, and it is used up."""
        module = nn.ModuleDict({"backbone": nn.ModuleDict({"model": model})})
        self.prepare(module)
        return self.count(module)

    def finish(self) -> None:
        """The end of a training: what only that needed is let go."""
        return None

    def take_census(self, module: nn.Module) -> dict[str, Any]:
        """Where the weights lie that were chosen in training, as plain values; empty where none are chosen."""
        return {}

    def count(self, module: nn.Module) -> int:
        """How many weights move."""
        return sum(weight.numel() for weight in module.parameters() if weight.requires_grad)
