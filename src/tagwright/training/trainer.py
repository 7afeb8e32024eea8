"""LabelerTrainer: a trainer of safe checkpoints and summed losses, with our batches and dev scores.

Knows nothing of recipes or files to label.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import broadcast_object_list
from torch import Tensor, nn
from transformers import TrainerCallback, TrainingArguments
from transformers.trainer_utils import TrainOutput

from tagwright.backbone.sight.learned import Gates
from tagwright.errors import DataError
from tagwright.models.folder import read_weights
from tagwright.models.labeler import Labeler
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.training.batches import Buckets, Collator, Pieces
from tagwright.training.callbacks import LearnGates, StopAtPlateau
from tagwright.training.config import TrainingConfig
from tagwright.training.documents import LearnedDocuments
from tagwright.training.mixture import make_buckets
from tagwright.training.sums import SumTrainer
from tagwright.tuning.sparse.optimizer import SparseOptimizer

DevScorer = Callable[[Labeler], dict[str, float]]


@dataclass(frozen=True)
class TrainingData:
    """What a run learns from: encoded training documents, and a function that scores the labeler on dev."""

    train: Pieces
    score_dev: DevScorer | None = None


def encode(labeler: Labeler, documents: Sequence[Document], *, ledger: Ledger) -> Pieces:
    """Tokenise documents once, cut long ones into pieces, and find their targets."""
    pieces, targets = labeler.teach(documents, ledger)
    if not pieces:
        noted = "".join(f"\n  {line}" for line in ledger.lines())
        why = f" What was noted while they were read and cut:{noted}" if noted else " Check the word or text column."
        raise DataError(f"There is nothing to learn from in the {len(documents)} training documents.{why}")
    return Pieces(pieces, targets)


class LabelerTrainer(SumTrainer):
    """A Trainer for labelers: what counts are labelled words, or tokens to write."""

    def __init__(
        self,
        labeler: Labeler,
        arguments: TrainingArguments,
        *,
        config: TrainingConfig,
        data: TrainingData,
    ) -> None:
        self.labeler, self.data = labeler, data
        buckets = make_buckets(
            data.train,
            tokens=config.tokens_per_batch,
            documents=config.documents_per_batch,
            seed=arguments.seed if arguments.data_seed is None else arguments.data_seed,
            devices=arguments.world_size,
        )
        if arguments.logging_steps < 1:  # a share; left as one, the Trainer would warn at every resume
            arguments.logging_steps = math.ceil(arguments.logging_steps * _count_steps(config, buckets))
        super().__init__(
            labeler,
            arguments,
            batches=buckets,
            train_dataset=data.train,
            eval_dataset=data.train if data.score_dev else None,  # only asked whether it is there
            data_collator=Collator(labeler),
            callbacks=[*_list_stops(config, arguments), *_list_gates(labeler)],
        )
        if arguments.device.type != "cpu":  # where other kernels run than those that its sight was proven with
            labeler.prove()
        precision = torch.bfloat16 if arguments.bf16 else torch.float16 if arguments.fp16 else None
        documents = LearnedDocuments(labeler, data.train, precision=precision)
        for callback in labeler.tuning.list_callbacks(labeler, documents=documents):
            self.add_callback(callback)

    def _count(self, batch: dict[str, Tensor]) -> Tensor:
        return batch["counts"].sum()

    def train(self, resume_from_checkpoint: str | Path | None = None, **rest: Any) -> TrainOutput:
        with self.labeler.focus(self.data.train.pieces):
            output = super().train(resume_from_checkpoint, **rest)
        self.labeler.settle()
        return output

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        if self.optimizer is None:  # type: ignore[has-type]
            kind, settings = self.get_optimizer_cls_and_kwargs(self.args, self.model)
            make = self.labeler.tuning.make_optimizer
            self.optimizer = make(self.model, kind, settings=settings, weight_decay=self.args.weight_decay)
        return self.optimizer

    def _clip_grad_norm(self, model: nn.Module) -> Any:
        """Clip by the norm of what is stepped: not everything that is need be a parameter of the model."""
        optimizer = getattr(self.optimizer, "optimizer", self.optimizer)
        if not isinstance(optimizer, SparseOptimizer):
            return super()._clip_grad_norm(model)
        optimizer.reduce()
        return self.accelerator.clip_grad_norm_(optimizer.list_weights(), self.args.max_grad_norm)

    def _collect(self, module: nn.Module) -> dict[str, Tensor]:
        return self.labeler.tuning.collect(module)

    def _put_back(self, module: nn.Module, path: Path) -> None:
        self.labeler.tuning.put_back(module, read_weights(path)[0], source=path)

    def evaluate(self, *_: Any, metric_key_prefix: str = "eval", **__: Any) -> dict[str, float]:
        """Score the labeler on dev; the Trainer calls it as its arguments say."""
        if self.data.score_dev is None:
            return {}
        model = self.accelerator.unwrap_model(self.model)
        model.eval()
        # every device scores; the first one's figures count, or rounding could let devices stop at different times
        scores = broadcast_object_list([self.data.score_dev(model)])[0]
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in scores.items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)  # type: ignore[has-type]
        return metrics


def _count_steps(config: TrainingConfig, buckets: Buckets) -> float:
    """All optimizer steps of a run."""
    if config.max_steps > 0:
        return config.max_steps
    return math.ceil(len(buckets) // buckets.devices / config.gradient_accumulation_steps) * config.num_train_epochs


def _list_gates(labeler: Labeler) -> list[TrainerCallback]:
    """A callback for the gates of a learned sight, if there are any."""
    return [LearnGates(part) for part in labeler.modules() if isinstance(part, Gates)]


def _list_stops(config: TrainingConfig, arguments: TrainingArguments) -> list[TrainerCallback]:
    if not config.early_stopping_patience or not arguments.load_best_model_at_end:
        return []
    return [StopAtPlateau(config.early_stopping_patience)]
