"""Relation and Field: what holds between spans, and what holds of a dialogue. Know nothing of text or files."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Relation:
    """A directed, labelled edge between two spans, given by their indices in `Document.spans`.

    Relations, semantic roles (predicate -> argument) and event arguments (trigger -> argument) are all of this kind.
    """

    head: int
    tail: int
    label: str
    score: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Field:
    """A named value that holds after a turn: dialogue state. Any of `values` is right."""

    name: str
    values: tuple[str, ...]
    turn: int = 0
    score: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Turn:
    """Words `[start, end)` said by one speaker."""

    speaker: str
    start: int
    end: int
