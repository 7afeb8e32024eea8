"""What can be wrong with the tasks of a recipe and with the files that are named for them. Reads no file."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from tagwright.formats import FORMATS, TASKS
from tagwright.models.config import MIX, WriterConfig
from tagwright.registry import suggest

BY_TASK = '{ ner = "a.conll", srl = "b.jsonl" }'
PARTS = ("train", "dev", "test")


class Named(Protocol):
    """Files of a run, for each part one, or one for each task."""

    @property
    def train(self) -> str | Mapping[str, str] | None: ...
    @property
    def dev(self) -> str | Mapping[str, str] | None: ...
    @property
    def test(self) -> str | Mapping[str, str] | None: ...


def find_faults_of_tasks(data: Named, writer: WriterConfig, *, is_writer: bool) -> Iterator[str]:
    """A line for each fault."""
    tasks = writer.tasks if is_writer else ()
    for task in tasks:
        if task not in TASKS:
            yield f"  writer.task: no {TASKS.kind} is called {task!r}.{suggest(task, TASKS)}"
        elif writer.format in FORMATS and (lost := TASKS[task].predicts - FORMATS[writer.format].holds):
            able = ", ".join(name for name in FORMATS if TASKS[task].predicts <= FORMATS[name].holds)
            yield (
                f"  writer.format: {writer.format!r} can't write {', '.join(sorted(lost))}, which {task!r} predicts. "
                f"Take another: {able}."
            )
    if twice := sorted({task for task in tasks if tasks.count(task) > 1}):
        yield f"  writer.task: {', '.join(twice)} stands there more than once."
    for part in PARTS:
        yield from _find_faults_of_files(part, getattr(data, part), tasks)
    yield from _find_faults_of_mix(writer, tasks)


def _find_faults_of_files(part: str, files: str | Mapping[str, str] | None, tasks: tuple[str, ...]) -> Iterator[str]:
    if isinstance(files, str) and len(tasks) > 1:
        yield f"  data.{part}: one file, and there are {len(tasks)} tasks. Name a file for each: {part} = {BY_TASK}"
    if not isinstance(files, Mapping):
        return
    if not tasks:
        yield f"  data.{part}: files by task are for a writer (view = 'writer'). Name one file."
        return
    for task in files:
        if task not in tasks:
            yield f"  data.{part}: a file for the task {task!r}, which is not in writer.task.{suggest(task, tasks)}"
    if part == "train" and (missing := [task for task in tasks if task not in files]):
        yield f"  data.train: no file for {', '.join(missing)}. Name one, or take it out of writer.task."


def _find_faults_of_mix(writer: WriterConfig, tasks: tuple[str, ...]) -> Iterator[str]:
    if not isinstance(writer.mix, Mapping):
        if not 0 <= writer.mix <= 1:
            yield f"  writer.mix: {writer.mix:g}; expected from 0 (all tasks alike) to 1 (as many pairs as there are)."
        if len(tasks) == 1 and writer.mix != MIX:
            yield "  writer.mix: there is one task only, so nothing is mixed. Leave it out."
        return
    if set(writer.mix) != set(tasks):
        yield f"  writer.mix: weights for {', '.join(writer.mix)}; expected one for each of {', '.join(tasks)}."
    if wrong := [task for task, weight in writer.mix.items() if not weight > 0]:
        yield f"  writer.mix: the weight of {wrong[0]} is {writer.mix[wrong[0]]:g}; expected more than 0."
