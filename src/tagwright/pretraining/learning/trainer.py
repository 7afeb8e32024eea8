"""PretrainingTrainer: transformers' Trainer with packed rows, lessons, and held-out bits per byte.

Knows nothing of recipes or text files.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_utils import TrainOutput

from tagwright.errors import RecipeError
from tagwright.pretraining.corpus.rows import Order, PackedRows, Place
from tagwright.pretraining.learning.learner import Learner
from tagwright.pretraining.learning.optimizer import Optimizers, make_optimizer
from tagwright.pretraining.objectives.objective import Objective
from tagwright.training.sums import SumTrainer

BITS = "eval_bits_per_byte"
SPEED = "tokens_per_second"


@dataclass
class Teacher:
    """Collates the rows of a batch into a lesson that depends on the seed and the batch's number alone.

    batches: those of the whole run; 0 where the run counts as over, so that held-out text is asked what comes last.
    """

    rows: PackedRows
    objective: Objective
    seed: int
    batches: int

    def __call__(self, places: list[Place]) -> dict[str, Any]:
        number = places[0][0]
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + number)
        progress = min(number / self.batches, 1.0) if self.batches else 1.0
        rows = self.rows.take([row for _, row in places])
        lesson = self.objective.teach(rows, generator=generator, progress=progress)
        fields = {name: value for name, value in vars(lesson).items() if name != "decoder"}
        if lesson.decoder is not None:
            fields["decoder_ids"], fields["decoder_packs"] = lesson.decoder
        return fields


@dataclass(frozen=True)
class PretrainingData:
    """Rows to learn from and held-out rows (as many as are scored), and what turns them into lessons.

    marks: tokens that an objective asks for beside those of the text; they hold no bytes.
    """

    objective: Objective
    train: PackedRows
    valid: PackedRows
    marks: tuple[int, ...] = ()


class PretrainingTrainer(SumTrainer):
    """What counts are predictions."""

    def __init__(
        self, learner: Learner, arguments: TrainingArguments, *, data: PretrainingData, optimizer: str, eval_rows: int
    ) -> None:
        self.data, self.optimizer_name, self.eval_rows = data, optimizer, eval_rows
        rows, devices = arguments.per_device_train_batch_size, arguments.world_size
        order = Order(len(data.train), batch=rows, seed=arguments.seed, devices=devices)
        batches = arguments.max_steps * arguments.gradient_accumulation_steps * devices
        super().__init__(
            learner,
            arguments,
            batches=order,
            train_dataset=data.train,
            eval_dataset=data.valid,
            data_collator=Teacher(data.train, data.objective, arguments.seed, batches),
            callbacks=[LogBeforeSaving(), MeasureSpeed(data.train.length * rows)],
        )

    def _count(self, batch: dict[str, Tensor]) -> Tensor:
        return batch["keep"].sum()

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        if self.optimizer is None:  # type: ignore[has-type]
            settings = {"learning_rate": self.args.learning_rate, "weight_decay": self.args.weight_decay}
            self.optimizer = make_optimizer(self._learner.model, self.optimizer_name, **settings)
        return self.optimizer

    @property
    def _learner(self) -> Learner:
        found: Learner = self.accelerator.unwrap_model(self.model)
        return found

    @torch.no_grad()
    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """Held-out bits per byte: the nats of all predictions, over the bytes of text that they stand for.

        Every device scores all.
        """
        learner = self._learner
        learner.eval()
        rows, size = self.data.valid, self.args.per_device_train_batch_size
        teacher = Teacher(rows, self.data.objective, 0, 0)
        count = min(self.eval_rows, len(rows))
        nats, asked, text = 0.0, 0, 0
        marks = torch.tensor(self.data.marks, dtype=torch.long, device=self.args.device)
        for start in range(0, count, size):
            lesson = self._prepare_inputs(teacher([(start, row) for row in range(start, min(start + size, count))]))
            nats += float(learner(**lesson))
            asked += int(lesson["keep"].sum())
            text += int((lesson["keep"] & ~torch.isin(lesson["targets"], marks)).sum())
        learner.train()
        if not text:
            raise RecipeError("The held-out rows ask for no prediction. Raise objective.rate or training.length.")
        bits = nats / math.log(2) / (text * rows.file.bytes_per_token)
        metrics = {BITS: bits, "eval_loss": nats / asked}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)  # type: ignore[has-type]
        return metrics

    def _finish(self, state: TrainerState, checkpoint: Path) -> TrainOutput:
        """The end of a run killed after its last checkpoint: what it leaves is in the optimizer's own copies."""
        output = super()._finish(state, checkpoint)
        self.create_optimizer().load_state_dict(torch.load(checkpoint / "optimizer.pt", weights_only=True))
        return output

    def restore_precision(self) -> None:
        """Put the optimizer's own float32 copies of the weights into the model, which is then in float32."""
        optimizer = getattr(self.optimizer, "optimizer", self.optimizer)
        if isinstance(optimizer, Optimizers):
            self._learner.model.float()
            optimizer.write_copies()


class LogBeforeSaving(TrainerCallback):  # type: ignore[misc]
    """A checkpoint doesn't hold the losses since the last entry of the log; without this a resumed log would differ."""

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        control.should_log |= control.should_save
        return control


class MeasureSpeed(TrainerCallback):  # type: ignore[misc]
    """Adds tokens per second, of all devices since the last entry, to the log; scoring and saving don't count."""

    def __init__(self, tokens: int) -> None:
        self.tokens, self.since, self.seconds, self.step = tokens, 0.0, 0.0, 0

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.since, self.step = time.perf_counter(), state.global_step

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        now = time.perf_counter()
        self.seconds, self.since = self.seconds + now - self.since, now

    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.since = time.perf_counter()

    on_save = on_evaluate

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, float] | None = None,
        **_: Any,
    ) -> None:
        if logs and "loss" in logs and state.global_step > self.step:
            tokens = (state.global_step - self.step) * self.tokens * args.gradient_accumulation_steps * args.world_size
            speed = tokens / self.seconds
            self.seconds, self.step = 0.0, state.global_step
            state.log_history[-1][SPEED] = round(speed, 1)
            if isinstance(logs, dict):
                logs[SPEED] = speed
