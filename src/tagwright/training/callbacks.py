"""Callbacks: what people are told, early ends, the order of an epoch, and gates. Know nothing of data."""

import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from tagwright.backbone.sight.learned import Gates
from tagwright.evaluation.report import name_score
from tagwright.models.labeler import Labeler

logger = logging.getLogger(__name__)


class ShowProgress(TrainerCallback):  # type: ignore[misc]
    """On standard error: a bar with what the log told last; where that is no terminal, a line for every scoring."""

    task, score = "training", "eval_f1"
    place = "epoch {0.epoch:.0f}, step {0.global_step} of {0.max_steps}"
    tells: Mapping[str, Callable[[float], str]] = {
        "loss": "loss {:.4f}".format,
        "eval_f1": lambda share: f"dev F1 {100 * share:.2f}",
    }

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bar: Progress | None = None
        self._told: dict[str, str] = {}

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, model: Any = None, **_: Any
    ) -> None:
        if isinstance(model, Labeler):
            name = name_score(model.scored) if len(model.tasks) < 2 else "mean F1"
            self.tells = {**self.tells, "eval_f1": lambda share: f"dev {name} {100 * share:.2f}"}
        if self._console.is_terminal and state.is_world_process_zero:
            columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
            self._bar = Progress(TextColumn("{task.description}"), *columns, console=self._console, transient=True)
            self._bar.start()
            self._task = self._bar.add_task(self.task, total=state.max_steps, completed=state.global_step)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self._bar is not None:
            told = "  ".join((self.task, *self._told.values()))
            self._bar.update(self._task, completed=state.global_step, description=told)

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, logs: dict[str, float], **_: Any
    ) -> None:
        self._told |= {name: tell(logs[name]) for name, tell in self.tells.items() if name in logs}
        if self.score in logs and state.is_world_process_zero:
            line = "  ".join(("", self.place.format(state), *self._told.values()))
            self._console.print(line, highlight=False, soft_wrap=True)

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self._bar is not None:
            self._bar.stop()


class StopAfter(TrainerCallback):  # type: ignore[misc]
    """End training after so many epochs, whatever the schedule was laid out for."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        if round(state.epoch or 0) >= self.epochs:
            control.should_training_stop = True
        return control


class StopAtPlateau(TrainerCallback):  # type: ignore[misc]
    """End training after so many evaluations without a better F1. Counts in the log, so a resumed run counts on."""

    def __init__(self, patience: int) -> None:
        self.patience = patience

    def on_evaluate(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        scored = [entry for entry in state.log_history if "eval_f1" in entry]
        best = max(scored, key=lambda entry: entry["eval_f1"])  # the first of equal ones
        if len(scored) - 1 - scored.index(best) >= self.patience:
            control.should_training_stop = True
            if state.global_step < state.max_steps:
                logger.info(
                    "Stopped early, after step %d of %d: %s on dev brought no better F1 than %.2f at step %d, whose "
                    "weights are kept. training.early_stopping_patience says how many to wait for; 0 trains on.",
                    *(state.global_step, state.max_steps),
                    "one more scoring" if self.patience == 1 else f"the last {self.patience} scorings",
                    *(100 * best["eval_f1"], best["step"]),
                )
        return control


class Shuffled(Protocol):
    """Batches in an order of their own for every epoch."""

    def __iter__(self) -> Iterator[Any]: ...

    def set_epoch(self, epoch: int) -> None: ...


class OrderEpochs(TrainerCallback):  # type: ignore[misc]
    """Tell the batches which epoch it is: accelerate's wrappers do not pass it on in every case (several devices)."""

    def __init__(self, batches: Shuffled) -> None:
        self.batches = batches

    def on_epoch_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.batches.set_epoch(int(state.epoch or 0))


class LearnGates(TrainerCallback):  # type: ignore[misc]
    """A step of the gates of a learned sight for every step of the optimizer, whatever optimizer the weights have."""

    def __init__(self, gates: Gates) -> None:
        self.gates = gates

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.gates.begin(state.max_steps)

    def on_pre_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self.gates.step()
