"""Callbacks: a progress bar for people, early ends, and the order of an epoch. Know nothing of data or models."""

from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments


class ShowProgress(TrainerCallback):  # type: ignore[misc]
    """A bar with loss and the last dev F1 on standard error; where that is no terminal, a line per evaluation."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bar: Progress | None = None
        self._loss, self._dev = "", ""

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self._console.is_terminal and state.is_world_process_zero:
            columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
            self._bar = Progress(TextColumn("{task.description}"), *columns, console=self._console, transient=True)
            self._bar.start()
            self._task = self._bar.add_task("training", total=state.max_steps, completed=state.global_step)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self._bar is not None:
            self._bar.update(self._task, completed=state.global_step, description=f"training{self._loss}{self._dev}")

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        logs = logs or {}
        if "loss" in logs:
            self._loss = f"  loss {logs['loss']:.4f}"
        if "eval_f1" in logs:
            self._dev = f"  dev F1 {100 * logs['eval_f1']:.2f}"
            if state.is_world_process_zero:
                place = f"epoch {state.epoch:.0f}, step {state.global_step} of {state.max_steps}"
                self._console.print(f"  {place}{self._loss}{self._dev}", highlight=False)

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
        scores = [entry["eval_f1"] for entry in state.log_history if "eval_f1" in entry]
        if len(scores) - 1 - scores.index(max(scores)) >= self.patience:
            control.should_training_stop = True
        return control


class Shuffled(Protocol):
    """Batches in an order of their own for every epoch."""

    def set_epoch(self, epoch: int) -> None: ...


class OrderEpochs(TrainerCallback):  # type: ignore[misc]
    """Tell the batches which epoch it is: accelerate's wrappers do not pass it on in every case (several devices)."""

    def __init__(self, batches: Shuffled) -> None:
        self.batches = batches

    def on_epoch_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.batches.set_epoch(int(state.epoch or 0))
