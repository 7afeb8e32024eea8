"""ShowCells: how far the cells are, on standard error: a bar where that is a terminal, and a line for every cell."""

import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from tagwright.recipe.estimate.estimate import show_time
from tagwright.search.cells.record import Record


class ShowCells:
    """Lines go to `say`, or to standard error where nobody listens."""

    def __init__(self, say: Callable[[str], None] | None = None) -> None:
        self.console = Console(stderr=True, highlight=False)
        self.say = say or (lambda line: self.console.print(line, soft_wrap=True, markup=False))
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        self.bar = Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal)
        self.task = self.bar.add_task("cells", visible=False)

    def __enter__(self) -> "ShowCells":
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def announce(self, line: str) -> None:
        self.say(line)

    def expect(self, weights: Mapping[str, float], *, done: int) -> None:
        """These cells are to come, by name, and how long each takes beside the others; so many are there already."""
        if done:
            self.say(f"{done} of {done + len(weights)} cells are done already.")
        self.weights, self.left = weights, sum(weights.values())
        self.count, self.done, self.began = len(weights), 0, time.monotonic()
        self.bar.reset(self.task, total=self.count, description=f"{self.count} cells", visible=self.count > 0)

    def tell(self, record: Record) -> None:
        """A cell is finished."""
        self.done += 1
        self.bar.update(self.task, completed=self.done)
        self.left -= self.weights[record.cell.name]
        pace = (time.monotonic() - self.began) / (sum(self.weights.values()) - self.left)
        rest = f", about {show_time(pace * self.left)} to go" if self.done < self.count else ""
        self.say(f"  [{self.done}/{self.count}] {record.cell.name}: {record.tell()}, {record.seconds:.1f} s{rest}")

    def watch(self) -> Sequence[TrainerCallback]:
        """Callbacks that move the bar while a cell is trained in this process."""
        return [_MoveBar(self)]

    def move(self, share: float) -> None:
        """So much of the cell at work is done."""
        self.bar.update(self.task, completed=self.done + share)


class _MoveBar(TrainerCallback):  # type: ignore[misc]
    def __init__(self, shown: ShowCells) -> None:
        self.shown = shown

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.shown.move(state.global_step / max(state.max_steps, 1))
