"""ShowCells: how far a search is, on standard error: a bar where that is a terminal, and a line for every cell."""

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from tagwright.search.cell import Record


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

    def expect(self, count: int, *, done: int) -> None:
        """So many cells are to come, and so many are there already."""
        if done:
            self.say(f"{done} of {done + count} cells are done already.")
        self.count, self.done, self.began = count, 0, time.monotonic()
        self.bar.reset(self.task, total=count, description=f"{count} cells", visible=count > 0)

    def tell(self, record: Record) -> None:
        """A cell is finished."""
        self.done += 1
        self.bar.update(self.task, completed=self.done)
        left = (time.monotonic() - self.began) / self.done * (self.count - self.done)
        best = max(record.dev, key=lambda plan: record.dev[plan])
        told = f"dev F1 {100 * record.dev[best]:.2f}" + (f" (best of all plans: {best})" if len(record.dev) > 1 else "")
        rest = f", about {left:.0f} s to go" if self.done < self.count else ""
        self.say(f"  [{self.done}/{self.count}] {record.cell.name}: {told}, {record.seconds:.1f} s{rest}")

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
