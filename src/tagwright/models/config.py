"""WriterConfig: what a writer writes, and how. Does not load torch."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

FROZEN = "frozen"  # the tuning of a writer that learns nothing and is shown documents instead
SHOWN = 8  # of them, where nobody says how many
ROOM = 2  # times the longest target of training may be written
# tunings that are for taggers alone, and what they need
STILL = {"prefix": "puts keys and values before a tagger's words"}

MIX = 0.5  # between as many pairs as there are of each task and equally many


class WriterConfig(BaseModel):
    """`[writer]` of a recipe.

    task: what is given and what is predicted: ner, joint-er, relation, srl, events, dst ... Of one writer for several
    tasks, all of them: "ner, srl" or ["ner", "srl"].
    format: how documents are written: inline, records, sentinel.
    words: names labels otherwise than by their usual words: {GPE = "country"}.
    constrained: while writing, only what the format allows is chosen from.
    max_target_tokens: the longest output; empty means twice the longest that training documents have.
    mix: of several tasks, the share of each in training: as its number of pairs raised to this power (1: as many as
    there are, 0: all alike), or weights, {ner = 2, srl = 1}.
    demonstrations: with the tuning frozen nothing is learned: before each question stand so many training documents
    that are most like it, with their answers; empty means 8.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str = "ner"
    format: str = "inline"
    words: Mapping[str, str] | None = None
    constrained: bool = True
    max_target_tokens: int | None = Field(default=None, ge=8)
    mix: float | Mapping[str, float] = MIX
    demonstrations: int | None = Field(default=None, ge=1)

    @field_validator("task", mode="before")
    @classmethod
    def _join_tasks(cls, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of all tasks."""
        return tuple(name.strip() for name in self.task.split(","))

    def find_room(self, longest: int) -> int:
        """How many tokens may be written, the longest target of training having so many."""
        return self.max_target_tokens or max(ROOM * longest, 8)

    def turn_to(self, task: str) -> "WriterConfig":
        """The settings of one of several tasks."""
        return self.model_copy(update={"task": task, "mix": MIX})
