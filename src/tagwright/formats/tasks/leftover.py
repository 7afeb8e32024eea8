"""Leftover: what documents hold of a kind that a task neither is given nor predicts, and which tasks would take it."""

from collections.abc import Iterable, Sequence
from typing import Any

from tagwright.formats.tasks import TASKS
from tagwright.formats.tasks.task import Task
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger

KINDS = {"spans": "span", "relations": "relation", "fields": "field of a dialogue"}


def note_leftover(documents: Iterable[Document], ledger: Ledger, *, task: Task[Any]) -> None:
    """Note every span, relation and field that the task has no question for."""
    idle = {kind: what for kind, what in KINDS.items() if kind not in {*task.predicts, *task.given}}
    told = {kind: f"{what}: the task {task.name!r} has none, {_list_takers(task, kind)}" for kind, what in idle.items()}
    for document in documents:
        for kind, reason in told.items():
            if count := len(getattr(document, kind)):
                ledger.note(reason, document.id, count=count)


def note_absent(documents: Sequence[Document], ledger: Ledger, *, task: Task[Any]) -> None:
    """Note what the task predicts and no training document has: its score counts it all the same."""
    for kind in sorted(task.predicts):
        if not any(getattr(document, kind) for document in documents):
            ledger.note(f"training has no {kind}, which the task {task.name!r} predicts and is scored by")


def _list_takers(task: Task[Any], kind: str) -> str:
    """The tasks that predict it beside what this one does, else those that predict it at all."""
    able = [name for name, other in TASKS.items() if other.predicts >= task.predicts | {kind}]
    able = able or [name for name, other in TASKS.items() if kind in other.predicts]
    *others, last = map(repr, able)
    return f"{', '.join(others)} and {last} do" if others else f"{last} does"
