"""LabelerTrainer: transformers' Trainer with our batches, our loss, dev scores and safe checkpoints.

Knows nothing of recipes or files to label.
"""

import math
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate.utils import broadcast_object_list
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_callback import ExportableState
from transformers.trainer_utils import TrainOutput, get_last_checkpoint, rotate_checkpoints

from tagwright.errors import DataError
from tagwright.models.folder import WEIGHTS, fill_weights, write_weights
from tagwright.models.labeler import Labeler
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.training.batches import Buckets, Collator, Pieces
from tagwright.training.callbacks import OrderEpochs, StopAtPlateau
from tagwright.training.config import TrainingConfig
from tagwright.tuning.tuning import Tuning

STATE = "trainer_state.json"
DevScorer = Callable[[Labeler], dict[str, float]]


@dataclass(frozen=True)
class TrainingData:
    """What a run learns from: encoded training documents, and a function that scores the labeler on dev."""

    train: Pieces
    score_dev: DevScorer | None = None


def encode(labeler: Labeler, documents: Sequence[Document], *, ledger: Ledger) -> Pieces:
    """Tokenise documents once, cut long ones into windows, and find their targets."""
    pieces = labeler.cut(documents, ledger)
    if not pieces:
        raise DataError("The training documents hold no words. Check the word or text column.")
    return Pieces(pieces, labeler.find_targets(pieces, documents))


class LabelerTrainer(Trainer):  # type: ignore[misc]
    """A Trainer for labelers: the loss is a sum over words, divided once by all words of an optimizer step."""

    def __init__(
        self,
        labeler: Labeler,
        arguments: TrainingArguments,
        *,
        config: TrainingConfig,
        data: TrainingData,
        tuning: Tuning,
    ) -> None:
        tuning.prepare(labeler)
        self.labeler, self.data, self.config, self.tuning = labeler, data, config, tuning
        self.buckets = Buckets(
            data.train.lengths,
            tokens=config.tokens_per_batch,
            documents=config.documents_per_batch,
            seed=arguments.seed if arguments.data_seed is None else arguments.data_seed,
            devices=arguments.world_size,
        )
        if arguments.logging_steps < 1:  # a share; left as one, the Trainer would warn at every resume
            arguments.logging_steps = math.ceil(arguments.logging_steps * self._count_steps())
        super().__init__(
            model=labeler,
            args=arguments,
            train_dataset=data.train,
            eval_dataset=data.train if data.score_dev else None,  # only asked whether it is there
            data_collator=Collator(labeler),
            callbacks=[OrderEpochs(self.buckets), *_list_stops(config, arguments)],
        )
        self.model_accepts_loss_kwargs = True  # the loss is already divided by the words of all micro-batches
        self.remove_callback(PrinterCallback)

    def _count_steps(self) -> float:
        """All optimizer steps of the run."""
        if self.config.max_steps > 0:
            return self.config.max_steps
        batches = len(self.buckets) // self.buckets.devices
        return math.ceil(batches / self.config.gradient_accumulation_steps) * self.config.num_train_epochs

    def train(self, resume_from_checkpoint: str | Path | None = None, **rest: Any) -> TrainOutput:
        """Train, or finish what a checkpoint began. The labeler that comes out is free of the trainer's wrappers."""
        checkpoint = None if resume_from_checkpoint is None else Path(resume_from_checkpoint)
        state = None if checkpoint is None else self._open_checkpoint(checkpoint)
        with self.labeler.focus(self.data.train.pieces):
            if checkpoint is not None and state is not None and _has_stopped(state):
                output = self._finish(state, checkpoint)
            else:
                output = super().train(resume_from_checkpoint=checkpoint and str(checkpoint), **rest)
        self.accelerator.unwrap_model(self.model, keep_fp32_wrapper=False).__dict__.pop("forward", None)
        return output

    def _open_checkpoint(self, checkpoint: Path) -> TrainerState:
        """The state in a checkpoint; the place of the best one is put right where the folder has moved since."""
        path = checkpoint / STATE
        state = TrainerState.load_from_json(str(path))
        best = checkpoint.with_name(f"checkpoint-{state.best_global_step}")
        if best.is_dir() and state.best_model_checkpoint != str(best):
            state.best_model_checkpoint = str(best)
            if self.args.should_save:
                state.save_to_json(str(draft := path.with_suffix(".draft")))
                draft.replace(path)
            self.accelerator.wait_for_everyone()
        return state

    def _finish(self, state: TrainerState, checkpoint: Path) -> TrainOutput:
        """The end of a run that had decided to stop and was killed after its last checkpoint."""
        self.state = state
        best = state.best_model_checkpoint if self.args.load_best_model_at_end else None
        self._load_from_checkpoint(best or str(checkpoint))
        losses = [entry["loss"] for entry in state.log_history if "loss" in entry]
        return TrainOutput(state.global_step, losses[-1] if losses else float("nan"), {})

    def get_train_dataloader(self) -> DataLoader[Any]:
        loader = DataLoader(self.data.train, batch_sampler=self.buckets, collate_fn=self.data_collator)
        prepared: DataLoader[Any] = self.accelerator.prepare(loader)
        return prepared

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        if self.optimizer is None:  # type: ignore[has-type]
            kind, settings = self.get_optimizer_cls_and_kwargs(self.args, self.model)
            groups = self.tuning.group(self.model, weight_decay=self.args.weight_decay)
            self.optimizer = kind(groups, **settings)
        return self.optimizer  # type: ignore[no-any-return]

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
        total = model(**inputs)
        loss: Tensor = total * (self.args.world_size / num_items_in_batch)  # several devices average their gradients
        return loss

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

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        fill_weights(self.accelerator.unwrap_model(model or self.model), Path(resume_from_checkpoint) / WEIGHTS)

    def _load_best_model(self) -> None:
        self._load_from_checkpoint(self.state.best_model_checkpoint)

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Tensor] | None = None) -> None:
        """Weights only: neither a tokenizer nor pickled arguments."""
        folder = Path(output_dir or self.args.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        write_weights(self.accelerator.unwrap_model(self.model), folder / WEIGHTS)

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        """Write a checkpoint beside its place and rename it: one that is there is whole."""
        folder = Path(self.args.output_dir)
        staged = folder / f"staged-{self.state.global_step}"
        with _explain_full_disk(staged):
            if self.args.should_save:
                shutil.rmtree(staged, ignore_errors=True)
                staged.mkdir(parents=True)
                self._save(str(staged))
            self.accelerator.wait_for_everyone()
            self._save_optimizer_and_scheduler(str(staged))
            self._save_scaler(str(staged))
            self._save_rng_state(str(staged))
            self.accelerator.wait_for_everyone()
            if self.state.best_global_step == self.state.global_step:
                self.state.best_model_checkpoint = str(folder / f"checkpoint-{self.state.global_step}")
            if self.args.should_save:
                self._save_state(staged / STATE)
                self._publish(staged, folder)
        self.accelerator.wait_for_everyone()  # whoever loads the best checkpoint must find it

    def _publish(self, staged: Path, folder: Path) -> None:
        final = folder / f"checkpoint-{self.state.global_step}"
        if final.exists():
            final.rename(replaced := folder / f"staged-replaced-{self.state.global_step}")
            shutil.rmtree(replaced)
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


def _list_stops(config: TrainingConfig, arguments: TrainingArguments) -> list[TrainerCallback]:
    if config.early_stopping_patience is None or not arguments.load_best_model_at_end:
        return []
    return [StopAtPlateau(config.early_stopping_patience)]


@contextmanager
def _explain_full_disk(staged: Path) -> Iterator[None]:
    """A checkpoint that can't be written: say so, and leave no half of it."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "inline_container" not in str(error):  # torch's writer has no own error
            raise
        shutil.rmtree(staged, ignore_errors=True)
        raise DataError(
            f"The checkpoint can't be written: {error}. Free some space or choose another folder, then use --resume.",
            path=staged.parent,
        ) from error


def _has_stopped(state: TrainerState) -> bool:
    """A checkpoint written after something decided to end the run early."""
    control = state.stateful_callbacks.get(TrainerControl.__name__, {})
    return state.global_step < state.max_steps and bool(control.get("args", {}).get("should_training_stop"))


def find_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint; what a killed run left half written is taken away."""
    if not folder.is_dir():
        return None
    for left in folder.glob("staged-*"):
        shutil.rmtree(left, ignore_errors=True)  # several processes may come by at once
    found = get_last_checkpoint(str(folder))
    return None if found is None else Path(found)
