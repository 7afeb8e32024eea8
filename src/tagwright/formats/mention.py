"""Mention and Passage: what a format writes about some words, and the words themselves. Know no string and no document.

Every span task comes down to mentions: entities, chunks, slots and triggers are mentions with a label, relations are
links between mentions, and an argument is a mention that links to the span it belongs to.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from tagwright.formats.strings.names import Names
from tagwright.text.span import Chars

Bounds = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Link:
    """A labelled edge to the span at `tail`; `chars` are where an output says so."""

    label: str
    tail: Bounds
    chars: Chars = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Mention:
    """Words `[start, end)` with a label ("" for none) and links; `chars` are where an output says so."""

    start: int
    end: int
    label: str = ""
    links: tuple[Link, ...] = ()
    chars: Chars = field(default=(0, 0), compare=False)

    @property
    def bounds(self) -> Bounds:
        return self.start, self.end


@dataclass(frozen=True)
class Passage:
    """Words, and what may be said of them.

    `labels` and `links` name what mentions and links may be called, and `titles` what given mentions are.
    `anchors` are the given spans that links lead to, where they don't lead to other mentions.
    `needs_label` and `needs_link` say what makes a mention whole.
    """

    words: Sequence[str]
    labels: Names = field(default_factory=lambda: Names(()))
    links: Names = field(default_factory=lambda: Names(()))
    titles: Names = field(default_factory=lambda: Names(()))
    anchors: tuple[Bounds, ...] = ()
    needs_label: bool = True
    needs_link: bool = False

    def cut(self, bounds: Bounds) -> tuple[str, ...]:
        return tuple(self.words[slice(*bounds)])

    def count_occurrence(self, bounds: Bounds) -> int:
        """The words at `bounds` stand here for the how many-eth time, from 1."""
        return next(number for number, place in enumerate(self.find(self.cut(bounds)), 1) if place == bounds)

    def find(self, run: Sequence[str], *, folded: bool = False) -> Iterator[Bounds]:
        """Where some words stand one after the other; `folded`: whatever their case and the blanks between them."""
        if not run:
            return
        if folded:
            yield from self._find_folded("".join(run).casefold())
            return
        size, wanted = len(run), list(run)
        for at in range(len(self.words) - size + 1):
            if self.words[at] == wanted[0] and list(self.words[at : at + size]) == wanted:
                yield at, at + size

    def _find_folded(self, wanted: str) -> Iterator[Bounds]:
        for start in range(len(self.words)):
            read, end = "", start
            while end < len(self.words) and len(read) < len(wanted) and wanted.startswith(read):
                read, end = read + self.words[end].casefold(), end + 1
            if wanted and read == wanted:
                yield start, end


def order(mention: Mention) -> tuple[int, int, str]:
    """The order of mentions in a string: by beginning, outer before inner, then by label."""
    return mention.start, -mention.end, mention.label


def part_crossing(mentions: Sequence[Mention]) -> tuple[list[Mention], list[Mention]]:
    """Mentions that nest, and the rest, each of which crosses one of the first."""
    kept: list[Mention] = []
    crossing: list[Mention] = []
    open_ends: list[int] = []
    for mention in sorted(mentions, key=order):
        while open_ends and open_ends[-1] <= mention.start:
            open_ends.pop()
        if open_ends and open_ends[-1] < mention.end:
            crossing.append(mention)
            continue
        open_ends.append(mention.end)
        kept.append(mention)
    return kept, crossing


def drop_links(mentions: Sequence[Mention], tails: set[Bounds]) -> tuple[list[Mention], list[Link]]:
    """Mentions without their links to some bounds, and those links."""
    lost = [link for mention in mentions for link in mention.links if link.tail in tails]
    kept = [
        replace(mention, links=tuple(link for link in mention.links if link.tail not in tails)) for mention in mentions
    ]
    return kept, lost
