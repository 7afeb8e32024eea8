"""Inline: the text written again with frames around its spans, which may nest.

    [ Tolkien | person ] 's novel [ The Lord of the Rings | book | author = Tolkien ]

This is TANL's augmented natural language (Paolini et al., ICLR 2021) with marks in words escaped, and with a number
behind a tail, `= Boston = 2`, where several spans have its words: those that stand there for the second time.
"""

from collections.abc import Iterable, Sequence

from tagwright.formats.framed import Framed
from tagwright.formats.language import (
    Choice,
    Language,
    Many,
    Named,
    NextWord,
    Rule,
    Run,
)
from tagwright.formats.mention import Bounds, Mention, Passage, part_crossing
from tagwright.formats.strings.align import align
from tagwright.formats.strings.faults import CHANGED, Faults
from tagwright.formats.strings.frames import Piece, Reading, write_link
from tagwright.formats.strings.syntax import CLOSE, OPEN, PART, escape, join_words


class Inline(Framed):
    """Faithful to the paper: a model copies the text, which it does well, and every span has its place."""

    name = "inline"
    holds = frozenset(("spans", "relations", "fields"))

    def write_words(self, passage: Passage, focus: Sequence[Mention]) -> str:
        kept, _ = part_crossing(focus)  # a pair that crosses is still named in the question
        return _weave(passage.words, [(mention, self.write_title(passage, mention)) for mention in kept])

    def write_fitting(self, passage: Passage, mentions: Sequence[Mention]) -> str:
        among = tuple(mention.bounds for mention in mentions)
        return _weave(
            passage.words, [(mention, self.write_parts(passage, mention, among=among)) for mention in mentions]
        )

    def place(self, passage: Passage, reading: Reading, *, faults: Faults) -> list[Bounds | None]:
        places = align(reading.words, passage.words)
        faults.note(CHANGED, list(passage.words) != reading.words)
        return [_surround(places[frame.start : frame.end]) for frame in reading.frames]

    def name_span(self, passage: Passage, bounds: Bounds, *, among: Iterable[Bounds]) -> str:
        words = passage.cut(bounds)
        name = [join_words(words)]
        if any(passage.cut(other) == words for other in among if other != bounds):
            number = passage.count_occurrence(bounds)
            name += [str(number)] if number > 1 else []
        return write_link(name)

    def find_span(
        self, passage: Passage, name: Sequence[Piece], *, among: Iterable[Bounds], near: Bounds | None = None
    ) -> Bounds | None:
        wanted = name[0].words
        called = [bounds for bounds in dict.fromkeys(among) if passage.cut(bounds) == wanted]
        if not called:
            folded = "".join(wanted).casefold()
            called = [bounds for bounds in dict.fromkeys(among) if "".join(passage.cut(bounds)).casefold() == folded]
        if len(name) > 1:
            number = "".join(name[1].words)
            return next((each for each in called if str(passage.count_occurrence(each)) == number), None)
        if len(called) > 1:
            called.sort(key=lambda each: (passage.count_occurrence(each) != 1, _measure_gap(each, near)))
        return called[0] if called else None

    def describe_mentions(self, passage: Passage) -> Language:
        inside = Many(Choice((NextWord(), Named("frame"))), least=1)
        frame = self.describe_frame(passage, inside)
        outside = Many(Choice((NextWord(), Named("frame"))))
        return Language(outside, tuple(map(escape, passage.words)), {"frame": frame}, copies=True)

    def describe_name(self, passage: Passage) -> Rule:
        return Run(is_numbered=True)


def _weave(words: Sequence[str], framed: Sequence[tuple[Mention, list[str]]]) -> str:
    """Words and frames; mentions are in order and nest, each with the parts that end its frame."""
    waiting = list(reversed(framed))
    open_ones: list[tuple[Mention, list[str]]] = []
    out: list[str] = []
    for at in range(len(words) + 1):
        while open_ones and open_ones[-1][0].end == at:
            _, parts = open_ones.pop()
            out.append(" ".join([*(f"{PART} {part}" for part in parts), CLOSE]))
        while waiting and waiting[-1][0].start == at:
            open_ones.append(waiting.pop())
            out.append(OPEN)
        out.extend(map(escape, words[at : at + 1]))
    return " ".join(out)


def _surround(places: Sequence[int | None]) -> Bounds | None:
    """From the first to the last word that has a place; None where most of the words, there or here, are others."""
    found = [place for place in places if place is not None]
    if not found or 2 * len(found) < max(len(places), found[-1] + 1 - found[0]):
        return None
    return found[0], found[-1] + 1


def _measure_gap(bounds: Bounds, near: Bounds | None) -> int:
    return min(abs(bounds[0] - near[1]), abs(near[0] - bounds[1])) if near else 0
