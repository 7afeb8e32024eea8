"""Ordered: frames that have places, one after the other in the order of the text, so that none comes twice.

A frame is refused before it begins to be written, not at its end: so there is always a way on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from tagwright.formats.grammar.items import Arc, Context, Item, Texts, Thread, follow
from tagwright.formats.grammar.source import Places

OPEN = Texts(("[",), ((),), 0)


@dataclass(frozen=True, eq=False, slots=True)
class Form:
    """How frames of one language look: named by pointers or by words, with one of these labels, then the rest."""

    has_pointers: bool
    labels: tuple[str, ...]
    rest: Item


class Key(NamedTuple):
    """What frames are ordered by: the first word, longer before shorter ones, the number of the label."""

    start: int
    end: int
    label: int

    def admits(self, start: int, end: int, *, form: Form) -> bool:
        """May a frame of these words follow, with some label?"""
        if (start, end) == (self.start, self.end):
            return self.label + 1 < len(form.labels)
        return (start, -end) > (self.start, -self.end)

    def find_least(self, form: Form) -> int:
        """The first word that the next frame may begin with."""
        return self.start if self.start >= 0 and self.admits(self.start, self.start + 1, form=form) else self.start + 1


NONE = Key(-1, 0, 0)


@dataclass(frozen=True, slots=True)
class Ordered:
    """All frames after the last one."""

    form: Form
    last: Key = NONE
    need: int = 0

    def open(self, thread: Thread, context: Context) -> Iterator[Thread | Arc]:
        yield thread.push(context)
        if self.last.find_least(self.form) < len(context.source.words):
            name: Item = Pointed(self.form, self.last) if self.form.has_pointers else Quoted(self.form, self.last)
            yield thread.push(context, OPEN, name)


@dataclass(frozen=True, slots=True)
class Pointed:
    """The name `<i>` or `<i> <j>`; `start`: the i that was written."""

    form: Form
    last: Key
    start: int | None = None
    need: int = 0

    def open(self, thread: Thread, context: Context) -> Iterator[Thread | Arc]:
        size = len(context.source.words)
        if (start := self.start) is None:
            trie = context.source.find_pointer(self.last.find_least(self.form), size)
            yield Arc(trie, lambda place: follow(thread, context, Pointed(self.form, self.last, place)))
            return
        yield thread.push(context, Labelled(self.form, self.last, start, start + 1))
        longest = size
        if start == self.last.start:
            longest = self.last.end - (not self.last.admits(start, self.last.end, form=self.form))
        if start + 2 <= longest:
            trie = context.source.find_pointer(start + 1, longest)
            yield Arc(trie, lambda j: follow(thread, context, Labelled(self.form, self.last, start, j + 1)))


@dataclass(frozen=True, slots=True)
class Quoted:
    """The words of a span, with the number of their occurrence; `places`: where words written so far may go on."""

    form: Form
    last: Key
    places: Places | None = None
    size: int = 0
    need: int = 0

    def open(self, thread: Thread, context: Context) -> Iterator[Thread | Arc]:
        source = context.source
        if self.places is None:
            going = tuple(range(self.last.find_least(self.form), len(source.words)))
        else:
            inside = (place for place in self.places if place < len(source.words))
            going = tuple(place for place in inside if self._admits(place, place + 1))
            yield from self._finish(thread, context, self.places)
        trie = source.find_run(self.places, going=going)
        yield Arc(trie, lambda places: follow(thread, context, Quoted(self.form, self.last, places, self.size + 1)))

    def _admits(self, place: int, end: int) -> bool:
        return self.last.admits(place - self.size, end, form=self.form)

    def _finish(self, thread: Thread, context: Context, places: Places) -> Iterator[Thread | Arc]:
        """The words alone are those of the first place, others have a number."""
        labelled = [Labelled(self.form, self.last, end - self.size, end) for end in places]
        numbers = [number for number, end in enumerate(places) if self._admits(end, end)]
        if numbers[:1] == [0]:
            yield thread.push(context, labelled[0])
        if further := [number for number in numbers if number]:
            trie = context.source.lexicon.find_trie([f"= {number + 1}" for number in further])
            yield Arc(trie, lambda at: follow(thread, context, labelled[further[at]]))


@dataclass(frozen=True, slots=True)
class Labelled:
    """The label of a frame, and all that comes after it."""

    form: Form
    last: Key
    start: int
    end: int
    need: int = 0

    def open(self, thread: Thread, context: Context) -> Iterator[Thread | Arc]:
        least = self.last.label + 1 if (self.start, self.end) == (self.last.start, self.last.end) else 0
        labels = self.form.labels[least:]
        if labels[0] == "":
            yield thread.push(context, self.form.rest, self._find_next(0))
            labels, least = labels[1:], 1
        if labels:
            trie = context.source.lexicon.find_trie(labels)
            yield Arc(trie, lambda at: follow(thread, context, self.form.rest, self._find_next(least + at)))

    def _find_next(self, label: int) -> Ordered:
        return Ordered(self.form, Key(self.start, self.end, label))
