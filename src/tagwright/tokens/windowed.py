"""Windowed: a document longer than a model's limit as several, one for each window, and these as one document again.

Knows nothing of tokenizers or models, nor how windows are found.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from tagwright.text.document import Document
from tagwright.text.relation import Relation
from tagwright.text.span import Span
from tagwright.tokens.windows import Window, find_window


@dataclass(frozen=True)
class Windowed:
    """A document and its windows; one that fits has none.

    Each span is answered for by one window (see `find_window`), and so is each relation: as the words from its first
    end to its last.
    """

    document: Document
    windows: Sequence[Window] = ()

    @cached_property
    def slices(self) -> list[Document]:
        """The words of each window as a document of its own, or the document itself."""
        return [self.document.slice(window.start, window.end) for window in self.windows] or [self.document]

    def count_split(self, predicts: Collection[str]) -> int:
        """How many of its spans and relations, where these are to be predicted, no window shows whole."""
        if not self.windows:
            return 0
        spans = self.document.spans
        places = [span.bounds for span in spans] if "spans" in predicts else []
        if "relations" in predicts:
            places += [_reach(spans[edge.head], spans[edge.tail]) for edge in self.document.relations]
        return sum(find_window(self.windows, place) is None for place in places)

    def join(self, slices: Sequence[Document]) -> Document:
        """The document with what was found in its slices: each window's own spans and relations, these with their ends.

        What two windows name alike is there once, with the score of the one that answers for it.
        """
        if not self.windows:
            return slices[0]
        spans: dict[Span, Span] = {}
        relations: list[tuple[Span, Span, Relation]] = []
        for number, (window, found) in enumerate(zip(self.windows, slices, strict=True)):
            moved = [span.shift(window.start) for span in found.spans]
            spans |= {span: span for span in moved if find_window(self.windows, span.bounds) == number}
            for edge in found.relations:
                head, tail = moved[edge.head], moved[edge.tail]
                if find_window(self.windows, _reach(head, tail)) == number:
                    relations.append((head, tail, edge))
        for head, tail, _ in relations:
            spans.setdefault(head, head)
            spans.setdefault(tail, tail)
        ordered = sorted(spans.values(), key=lambda span: (span.start, -span.end, span.label))
        place = {span: at for at, span in enumerate(ordered)}
        edges = (Relation(place[head], place[tail], edge.label, edge.score) for head, tail, edge in relations)
        return replace(self.document, spans=tuple(ordered), relations=tuple(edges))


def _reach(one: Span, other: Span) -> tuple[int, int]:
    """The words from the first to the last of two spans."""
    return min(one.start, other.start), max(one.end, other.end)
