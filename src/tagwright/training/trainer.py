"""LabelerTrainer: transformers' Trainer with our batches, our loss, dev scores and safe checkpoints.

Knows nothing of recipes or files to label.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import EarlyStoppingCallback, PrinterCallback, Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_callback import ExportableState
from transformers.trainer_utils import get_last_checkpoint, rotate_checkpoints

from tagwright.errors import DataError
from tagwright.models.folder import write_weights
from tagwright.models.labeler import Labeler
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.training.batches import Buckets, Collator, Pieces
from tagwright.training.config import TrainingConfig
from tagwright.tuning.tuning import Tuning

WEIGHTS, STATE = "model.safetensors", "trainer_state.json"
DevScorer = Callable[[Labeler], dict[str, float]]


@dataclass(frozen=True)
class TrainingData:
    """What a run learns from: encoded training documents, and a function that scores the labeler on dev."""

    train: Pieces
    score_dev: DevScorer | None = None


def encode(labeler: Labeler, documents: Sequence[Document], ledger: Ledger) -> Pieces:
    """Tokenise documents once, cut long ones into windows, and find their targets."""
    pieces = labeler.cut(documents, ledger)
    if not pieces:
        raise DataError("The training documents hold no words. Check the word or text column.")
    return Pieces(pieces, labeler.find_targets(pieces, documents))


class LabelerTrainer(Trainer):  # type: ignore[misc]
    """A Trainer for labelers: the loss is a sum over words, divided once by all words of an optimizer step."""

    def __init__(
        self, labeler: Labeler, arguments: TrainingArguments, *, config: TrainingConfig, data: TrainingData, tuning: Tuning
    ) -> None:
        tuning.prepare(labeler)
        self.data, self.config, self.tuning = data, config, tuning
        super().__init__(
            model=labeler,
            args=arguments,
            train_dataset=data.train,
            eval_dataset=data.train if data.score_dev else None,  # only asked whether it is there
            data_collator=Collator(labeler),
            callbacks=_list_callbacks(config, arguments),
        )
        self.model_accepts_loss_kwargs = True  # the loss is already divided by the words of all micro-batches
        self.remove_callback(PrinterCallback)

    def get_train_dataloader(self) -> DataLoader[Any]:
        buckets = Buckets(
            self.data.train.lengths,
            tokens=self.config.tokens_per_batch,
            documents=self.config.documents_per_batch,
            seed=self.args.data_seed if self.args.data_seed is not None else self.args.seed,
            devices=self.args.world_size,
        )
        loader = DataLoader(self.data.train, batch_sampler=buckets, collate_fn=self.data_collator)
        prepared: DataLoader[Any] = self.accelerator.prepare(loader)
        return prepared

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        if self.optimizer is None:
            kind, settings = self.get_optimizer_cls_and_kwargs(self.args, self.model)
            groups = self.tuning.group(self.model, weight_decay=self.args.weight_decay)
            self.optimizer = kind(groups, **settings)
        return self.optimizer

    def _get_num_items_in_batch(self, batch_samples: list[dict[str, Tensor]], device: torch.device) -> Tensor:
        """Labelled words of all micro-batches of this step, on all devices."""
        words = torch.stack([batch["counts"].sum() for batch in batch_samples]).sum().to(device)
        return self.accelerator.gather(words).sum() if self.args.world_size > 1 else words

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Tensor:
        total: Tensor = model(**inputs).sum()
        return total * self.args.world_size / num_items_in_batch  # several devices average their gradients

    def evaluate(self, *_: Any, metric_key_prefix: str = "eval", **__: Any) -> dict[str, float]:
        """Score the labeler on dev; the Trainer calls it as its arguments say."""
        if self.data.score_dev is None:
            return {}
        model = self.accelerator.unwrap_model(self.model)
        model.eval()
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in self.data.score_dev(model).items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Tensor] | None = None) -> None:
        """Weights only: neither a tokenizer nor pickled arguments."""
        folder = Path(output_dir or self.args.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        write_weights(self.accelerator.unwrap_model(self.model), folder / WEIGHTS)

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        """Write a checkpoint beside its place and rename it: one that is there is whole."""
        folder = Path(self.args.output_dir)
        final = folder / f"checkpoint-{self.state.global_step}"
        staged = folder / f"staged-{self.state.global_step}"
        if self.state.best_global_step == self.state.global_step:
            self.state.best_model_checkpoint = str(final)
        if self.args.should_save:
            shutil.rmtree(staged, ignore_errors=True)
            staged.mkdir(parents=True)
            self._save(str(staged))
        self.accelerator.wait_for_everyone()
        self._save_optimizer_and_scheduler(str(staged))
        self._save_scaler(str(staged))
        self._save_rng_state(str(staged))
        self.accelerator.wait_for_everyone()
        if self.args.should_save:
            self._save_state(staged / STATE)
            shutil.rmtree(final, ignore_errors=True)
            staged.rename(final)
            rotate_checkpoints(
                output_dir=str(folder),
                save_total_limit=self.args.save_total_limit,
                best_model_checkpoint=self.state.best_model_checkpoint,
            )

    def _save_state(self, path: Path) -> None:
        """The trainer's own state, with that of the callbacks that have one (early stopping)."""
        for callback in [*self.callback_handler.callbacks, self.control]:
            if isinstance(callback, ExportableState):
                self.state.stateful_callbacks[type(callback).__name__] = callback.state()
        self.state.save_to_json(str(path))


def _list_callbacks(config: TrainingConfig, arguments: TrainingArguments) -> list[TrainerCallback]:
    if config.early_stopping_patience is None or not arguments.load_best_model_at_end:
        return []
    return [EarlyStoppingCallback(early_stopping_patience=config.early_stopping_patience)]


def find_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint; what a killed run left half written is taken away."""
    if not folder.is_dir():
        return None
    for left in folder.glob("staged-*"):
        shutil.rmtree(left)
    found = get_last_checkpoint(str(folder))
    return None if found is None else Path(found)
