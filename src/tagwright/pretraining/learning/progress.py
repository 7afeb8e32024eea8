"""A progress bar for people: step, loss, tokens a second, held-out bits per byte. Knows nothing of data or models."""

from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from tagwright.pretraining.learning.trainer import BITS, SPEED


class ShowPretraining(TrainerCallback):  # type: ignore[misc]
    """On standard error; where that is no terminal, a line for every scoring of the held-out text."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bar: Progress | None = None
        self._told: dict[str, str] = {}

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self._console.is_terminal and state.is_world_process_zero:
            columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
            self._bar = Progress(TextColumn("{task.description}"), *columns, console=self._console, transient=True)
            self._bar.start()
            self._task = self._bar.add_task("pretraining", total=state.max_steps, completed=state.global_step)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self._bar is not None:
            told = "  ".join(("pretraining", *self._told.values()))
            self._bar.update(self._task, completed=state.global_step, description=told)

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
            self._told["loss"] = f"loss {logs['loss']:.3f}"
        if SPEED in logs:
            self._told["speed"] = f"{logs[SPEED]:,.0f} tokens/s"
        if BITS in logs:
            self._told["bits"] = f"held-out {logs[BITS]:.3f} bits/byte"
            if state.is_world_process_zero:
                place = f"step {state.global_step} of {state.max_steps}"
                self._console.print("  ".join(("", place, *self._told.values())), highlight=False, soft_wrap=True)

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self._bar is not None:
            self._bar.stop()
