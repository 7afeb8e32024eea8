"""Items: the rules of a language as what a thread of the automaton has still to write. Know no model and no batch.

A thread is one way to read what was written so far: a stack of items, and how many source words it has copied.
Opening the uppermost item of a stack gives other threads (nothing is written) or arcs (texts that may come next).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from tagwright.formats.grammar.source import Places, Source
from tagwright.formats.grammar.trie import Node


class Item(Protocol):
    """`need`: how many words of the source it copies at least."""

    @property
    def need(self) -> int: ...

    def open(self, thread: "Thread", context: "Context") -> Iterator["Thread | Arc"]: ...


@dataclass(frozen=True, eq=False, slots=True)
class Cell:
    """A stack: its uppermost item, what lies below, and how many source words all of it needs."""

    item: Item
    rest: "Cell | None"
    need: int


class Context:
    """What all threads over one document share: the source, the rules by name, how deep frames may nest, stacks."""

    def __init__(self, source: Source, *, deepest: int) -> None:
        self.source, self.deepest = source, deepest
        self.rules: dict[str, Item] = {}
        self._cells: dict[tuple[Item, Cell | None], Cell] = {}

    def keep(self, item: Item, rest: Cell | None) -> Cell:
        """The stack of an item upon a stack: always the same object, so that equal threads are known fast."""
        cell = self._cells.get((item, rest))
        if cell is None:
            cell = self._cells[item, rest] = Cell(item, rest, item.need + (rest.need if rest else 0))
        return cell


class Thread(NamedTuple):
    """A stack, how many words of the source are copied, how many frames are open, whether nothing is written yet."""

    stack: Cell | None
    at: int = 0
    depth: int = 0
    is_first: bool = False

    def push(self, context: "Context", *items: Item) -> "Thread":
        """The thread that has these to write in place of its uppermost item."""
        stack = self.stack.rest if self.stack else None
        for item in reversed(items):
            stack = context.keep(item, stack)
        return Thread(stack, self.at, self.depth, self.is_first)


class Arc(NamedTuple):
    """Texts of which one comes next, and the thread that then goes on. `is_copy`: it is the next word of the source."""

    node: Node
    follow: Callable[[Any], Thread]
    is_copy: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Texts:
    """One of some texts, each with what has to follow it."""

    texts: tuple[str, ...]
    rests: tuple[tuple[Item, ...], ...]
    need: int

    def open(self, thread: Thread, context: Context) -> Iterator[Thread | Arc]:
        trie = context.source.lexicon.find_trie(self.texts, is_first=thread.is_first)
        yield Arc(trie, lambda number: follow(thread, context, *self.rests[number]))


@dataclass(frozen=True, eq=False, slots=True)
class OneOf:
    items: tuple[Item, ...]
    need: int

    def open(self, thread: Thread, context: Context) -> Iterator[Thread | Arc]:
        return (thread.push(context, item) for item in self.items)


@dataclass(frozen=True, eq=False, slots=True)
class AllOf:
    items: tuple[Item, ...]
    need: int

    def open(self, thread: Thread, context: Context) -> Iterator[Thread | Arc]:
        yield thread.push(context, *self.items)


@dataclass(frozen=True, slots=True)
class Repeat:
    """An item `least` times or more, and `most` times at most where it copies nothing that would end it."""

    item: Item
    least: int
    most: int | None

    @property
    def need(self) -> int:
        return self.least * self.item.need

    def open(self, thread: Thread, context: Context) -> Iterator[Thread | Arc]:
        if not self.least:
            yield thread.push(context)
        if self.most != 0:
            rest: Item = Repeat(self.item, max(self.least - 1, 0), None if self.most is None else self.most - 1)
            yield thread.push(context, self.item, rest)


@dataclass(frozen=True, slots=True)
class EachOnce:
    """Some of these texts with their rests, in any order, none of them twice."""

    texts: tuple[str, ...]
    rests: tuple[tuple[Item, ...], ...]
    need: int = 0

    def open(self, thread: Thread, context: Context) -> Iterator[Thread | Arc]:
        yield thread.push(context)
        if self.texts:
            trie = context.source.lexicon.find_trie(self.texts, is_first=thread.is_first)
            yield Arc(trie, lambda number: follow(thread, context, *self.rests[number], self._drop(number)))

    def _drop(self, number: int) -> "EachOnce":
        return EachOnce(self.texts[:number] + self.texts[number + 1 :], self.rests[:number] + self.rests[number + 1 :])


@dataclass(frozen=True, eq=False, slots=True)
class Call:
    """A rule of the language by name, as long as frames aren't nested too deep."""

    name: str
    need: int

    def open(self, thread: Thread, context: Context) -> Iterator[Thread | Arc]:
        if thread.depth < context.deepest:
            inner = thread.push(context, context.rules[self.name], LEAVE)
            yield Thread(inner.stack, thread.at, thread.depth + 1, thread.is_first)


@dataclass(frozen=True, eq=False, slots=True)
class Leave:
    """The end of a rule that was called by name."""

    need: int = 0

    def open(self, thread: Thread, context: Context) -> Iterator[Thread | Arc]:
        yield Thread(thread.push(context).stack, thread.at, thread.depth - 1, thread.is_first)


LEAVE = Leave()


@dataclass(frozen=True, eq=False, slots=True)
class Copy:
    """The next word of the source."""

    need: int = 1

    def open(self, thread: Thread, context: Context) -> Iterator[Thread | Arc]:
        if thread.at < len(context.source.words):
            trie = context.source.find_word(thread.at, is_first=thread.is_first)
            yield Arc(trie, lambda _: self._copy(thread, context), is_copy=True)

    @staticmethod
    def _copy(thread: Thread, context: Context) -> Thread:
        return Thread(thread.push(context).stack, thread.at + 1, thread.depth)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring words of the source; `places`: where they may go on, None before the first."""

    is_numbered: bool
    places: Places | None = None
    need: int = 0

    def open(self, thread: Thread, context: Context) -> Iterator[Thread | Arc]:
        if self.places is not None:
            yield thread.push(context)
            if self.is_numbered and len(self.places) > 1:
                numbers = tuple(f"= {number}" for number in range(2, len(self.places) + 1))
                yield Arc(context.source.lexicon.find_trie(numbers), lambda _: follow(thread, context))
        trie = context.source.find_run(self.places)
        yield Arc(trie, lambda places: follow(thread, context, Stretch(self.is_numbered, places)))


@dataclass(frozen=True, slots=True)
class Speech:
    """Neighbouring pieces of a dialogue, or of it in lower case; `places`: where they may go on, None at first."""

    places: Places | None = None
    need: int = 0

    def open(self, thread: Thread, context: Context) -> Iterator[Thread | Arc]:
        if self.places is not None:
            yield thread.push(context)
            if not self.places:
                return
        trie = context.source.find_speech(self.places)
        yield Arc(trie, lambda places: follow(thread, context, Speech(places)))


@dataclass(frozen=True, slots=True)
class Pointers:
    """`<i>`, or `<i> <j>` with i < j."""

    after: int | None = None
    need: int = 0

    def open(self, thread: Thread, context: Context) -> Iterator[Thread | Arc]:
        size = len(context.source.words)
        if self.after is None:
            first = context.source.find_pointer(0, size)
            yield Arc(first, lambda place: follow(thread, context, Pointers(place)))
        else:
            yield thread.push(context)
            if self.after + 1 < size:
                yield Arc(context.source.find_pointer(self.after + 1, size), lambda _: follow(thread, context))


def follow(thread: Thread, context: Context, *items: Item) -> Thread:
    """The thread after a text, with these items in place of the one that wrote it."""
    return Thread(thread.push(context, *items).stack, thread.at, thread.depth)
