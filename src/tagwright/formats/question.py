"""Questions and their answers: what a task asks of a format, and gets. Know no string and no document.

Three kinds: annotate the words of a passage, name the relation of two of its spans, track the state of a dialogue.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tagwright.formats.mention import Bounds, Mention, Passage
from tagwright.formats.strings.names import Names
from tagwright.text.span import Chars


@dataclass(frozen=True)
class Annotate:
    """Which mentions does the passage have? `focus` are given ones that the source shows. Answer: mentions."""

    passage: Passage
    focus: tuple[Mention, ...] = ()


@dataclass(frozen=True)
class Relate:
    """How do two spans of the passage relate, in the order of the text? Answer: a verdict, or None for unreadable."""

    passage: Passage
    first: Bounds
    second: Bounds


@dataclass(frozen=True)
class Verdict:
    """The relation of two spans, from head to tail; label None: there is none."""

    head: Bounds
    tail: Bounds
    label: str | None
    chars: Chars = field(default=(0, 0), compare=False)


@dataclass(frozen=True)
class Track:
    """What is the state of the dialogue after its last turn? Answer: slots with their values.

    `turns` are speakers with what they said in pieces, each with the blank before it: "Hi", ",", " I", " need".
    `values` are the closed ones of each slot.
    """

    turns: tuple[tuple[str, tuple[str, ...]], ...]
    slots: Names
    values: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Filled:
    """A slot with its value."""

    slot: str
    value: str
    chars: Chars = field(default=(0, 0), compare=False)


Question = Annotate | Relate | Track
