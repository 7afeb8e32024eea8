"""Frames: `[ words | label | relation = tail ]`, written and read, nested or not. Knows no document and no task.

Reading never fails: what a frame has lost is mended where that is safe, and every fault is counted.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tagwright.formats.strings.syntax import CLOSE, IS, OPEN, PART, Item, split_items
from tagwright.text.span import Chars


class Piece(NamedTuple):
    """Words between two marks, and their characters in the string."""

    words: tuple[str, ...]
    chars: Chars


@dataclass(frozen=True)
class Frame:
    """A frame that was read: words `[start, end)` of the string's clean words are its name.

    `parts` are what stands between its `|`, each split at `=`; the first is the name.
    """

    start: int
    end: int
    parts: tuple[tuple[Piece, ...], ...]
    chars: Chars


@dataclass
class Reading:
    """The words of a string without its labels, its frames (inner before outer) and how many faults it has."""

    words: list[str] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    faults: int = 0


def write_frame(parts: Iterable[str]) -> str:
    return f"{OPEN} {f' {PART} '.join(parts)} {CLOSE}"


def write_link(pieces: Iterable[str]) -> str:
    return f" {IS} ".join(pieces)


def read_frames(text: str, find_label: Callable[[Sequence[str]], int]) -> Reading:
    """All frames of a string. `find_label` says how many words at the beginning of some words are a label.

    Where a `]` is lost, a frame ends with its label (what follows are words of the text) or before the next `[`.
    """
    reader = _Reader(find_label)
    for item in split_items(text):
        reader.take(item)
    return reader.finish(len(text))


@dataclass
class _Open:
    """A frame being read."""

    start: int
    begin: int
    parts: list[list[list[Item]]]

    @property
    def in_name(self) -> bool:
        return len(self.parts) == 1


class _Reader:
    def __init__(self, find_label: Callable[[Sequence[str]], int]) -> None:
        self.find_label = find_label
        self.out = Reading()
        self.open: list[_Open] = []

    def take(self, item: Item) -> None:
        if item.is_mark:
            self._take_mark(item)
        elif self.open:
            top = self.open[-1]
            top.parts[-1][-1].append(item)
            if top.in_name and len(top.parts[0]) == 1:
                self.out.words.append(item.text)
        else:
            self.out.words.append(item.text)

    def _take_mark(self, item: Item) -> None:
        self._spill()
        if item.text == OPEN:
            while self.open and not self.open[-1].in_name:
                self.out.faults += 1
                self._close(item.chars[0])
            self.open.append(_Open(len(self.out.words), item.chars[0], [[[]]]))
        elif not self.open:
            self.out.faults += 1
        elif item.text == CLOSE:
            self._close(item.chars[1])
        elif item.text == PART:
            self.open[-1].parts.append([[]])
        else:
            self.open[-1].parts[-1].append([])

    def _spill(self) -> None:
        """Close a frame whose label runs on into the text: its `]` is lost."""
        if not self.open or len(self.open[-1].parts) != 2 or len(self.open[-1].parts[1]) != 1:
            return
        label = self.open[-1].parts[1][0]
        size = self.find_label([item.text for item in label])
        if 0 < size < len(label):
            rest = label[size:]
            del label[size:]
            self.out.faults += 1
            self._close(label[-1].chars[1])
            for item in rest:
                self.take(item)

    def _close(self, end: int) -> None:
        top = self.open.pop()
        parts = tuple(tuple(map(_make_piece, part)) for part in top.parts)
        name_end = len(self.out.words)
        self.out.frames.append(Frame(top.start, name_end, parts, (top.begin, end)))

    def finish(self, end: int) -> Reading:
        """What is still open was cut off: it is kept as far as it goes."""
        self._spill()
        self.out.faults += len(self.open)
        while self.open:
            self._close(end)
        return self.out


def _make_piece(items: list[Item]) -> Piece:
    chars = (items[0].chars[0], items[-1].chars[1]) if items else (0, 0)
    return Piece(tuple(item.text for item in items), chars)
