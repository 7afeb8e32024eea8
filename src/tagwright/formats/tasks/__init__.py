"""Tasks: what is given, what is predicted, and in which order. To add one: one file, one line in TASKS."""

from typing import Any

from tagwright.formats.tasks.dialogue import Dialogue
from tagwright.formats.tasks.events import Events
from tagwright.formats.tasks.relation import Relations
from tagwright.formats.tasks.roles import Roles
from tagwright.formats.tasks.spans import Aspects, Chunks, Joint, PartsOfSpeech, Slots, Spans
from tagwright.formats.tasks.task import Task
from tagwright.registry import Table

KINDS: tuple[type[Task[Any]], ...] = (
    Spans,
    Chunks,
    PartsOfSpeech,
    Slots,
    Aspects,
    Joint,
    Relations,
    Roles,
    Events,
    Dialogue,
)
TASKS: Table[Task[Any]] = Table("task of a format", {kind.name: kind() for kind in KINDS})

__all__ = ["TASKS"]
