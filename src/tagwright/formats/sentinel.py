"""Sentinel: every word of the source has a number, and spans are written by the numbers of their words.

    <0> Tolkien <1> 's <2> novel <3> The <4> Hobbit   ->   [ <0> | person ] [ <3> <4> | book | author = <0> ]

After the idea of Raman et al. (EMNLP 2022, arXiv 2203.08378): a target without words of the source can't get them
wrong. Theirs has a tag for each word; here a span has its first and its last word, so that spans may nest and relate.
"""

import re
from collections.abc import Iterable, Sequence

from tagwright.formats.framed import Framed
from tagwright.formats.language import Language, Pointer, Rule
from tagwright.formats.mention import Bounds, Mention, Passage, part_crossing
from tagwright.formats.strings.faults import Faults
from tagwright.formats.strings.frames import Piece, Reading, write_frame
from tagwright.formats.strings.syntax import CLOSE, OPEN, PART, escape

NUMBER = re.compile(r"<(\d{1,9})>")


class Sentinel(Framed):
    """Robust: a place that is written is a place that exists. Values of a dialogue state have none, so it has no form.

    A model does well to have a token of its own for each `<n>`.
    """

    name = "sentinel"
    holds = frozenset(("spans", "relations", "crossing"))

    def write_words(self, passage: Passage, focus: Sequence[Mention]) -> str:
        kept, _ = part_crossing(focus)  # a pair that crosses is still named in the question
        before, after = [""] * len(passage.words), [""] * len(passage.words)
        for mention in kept:
            before[mention.start] += f"{OPEN} "
            parts = "".join(f" {PART} {part}" for part in self.write_title(passage, mention))
            after[mention.end - 1] = f"{parts} {CLOSE}" + after[mention.end - 1]
        shown = (f"{before[at]}<{at}> {escape(word)}{after[at]}" for at, word in enumerate(passage.words))
        return " ".join(shown)

    def write_fitting(self, passage: Passage, mentions: Sequence[Mention]) -> str:
        frames = []
        for mention in mentions:
            name = self.name_span(passage, mention.bounds, among=())
            frames.append(write_frame([name, *self.write_parts(passage, mention, among=())]))
        return " ".join(frames)

    def place(self, passage: Passage, reading: Reading, *, faults: Faults) -> list[Bounds | None]:
        return [_read_place(frame.parts[0][0].words, len(passage.words)) for frame in reading.frames]

    def name_span(self, passage: Passage, bounds: Bounds, *, among: Iterable[Bounds]) -> str:
        first, last = bounds[0], bounds[1] - 1
        return f"<{first}>" if first == last else f"<{first}> <{last}>"

    def find_span(
        self, passage: Passage, name: Sequence[Piece], *, among: Iterable[Bounds], near: Bounds | None = None
    ) -> Bounds | None:
        found = _read_place(name[0].words, len(passage.words)) if len(name) == 1 else None
        return found if found in set(among) else None

    def describe_mentions(self, passage: Passage) -> Language:
        words = tuple(map(escape, passage.words))
        return Language(self.describe_frames(passage, Pointer()), words, {}, copies=False)

    def describe_name(self, passage: Passage) -> Rule:
        return Pointer()


def _read_place(words: Sequence[str], limit: int) -> Bounds | None:
    """The span of `<i>` or `<i> <j>`, if these are numbers of words in their order and nothing else stands there."""
    written = "".join(words)
    numbers = [int(number) for number in NUMBER.findall(written)]
    whole = NUMBER.sub("", written) == "" and len(numbers) in (1, 2)
    return (numbers[0], numbers[-1] + 1) if whole and numbers[0] <= numbers[-1] < limit else None
