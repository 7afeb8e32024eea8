"""Document: a text, its words with offsets, and what is known of them. Knows nothing of files, schemes or models."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from tagwright.errors import DataError
from tagwright.text.relation import Field, Relation, Turn
from tagwright.text.span import Chars, Span


@dataclass(frozen=True)
class Document:
    """One text with its words, spans, relations, turns and fields. Frozen: changes make a new one.

    `offsets` are the words: character offsets into `text`, end exclusive, in order.
    `text_is_original` is False where a file held words only and `text` is those words joined by blanks.
    `group` names what the document belongs to (a newspaper article, a book); context and splits may use it.
    `meta` carries what a file kind holds and Tagwright doesn't model, so that it can be written back.
    """

    text: str
    offsets: tuple[Chars, ...]
    spans: tuple[Span, ...] = ()
    relations: tuple[Relation, ...] = ()
    turns: tuple[Turn, ...] = ()
    fields: tuple[Field, ...] = ()
    id: str = ""
    group: str | None = None
    text_is_original: bool = True
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        last = 0
        for start, end in self.offsets:
            if not last <= start <= end <= len(self.text):
                raise DataError(f"{self._name}: word offsets {(start, end)} overlap or leave the text.")
            last = end
        words, spans = len(self.offsets), len(self.spans)
        for span in self.spans:
            if not 0 <= span.start < span.end <= words:
                raise DataError(
                    f"{self._name}: span {span.bounds} {span.label!r} is empty or leaves the {words} words."
                )
        for edge in self.relations:
            if not (0 <= edge.head < spans and 0 <= edge.tail < spans):
                raise DataError(
                    f"{self._name}: relation {edge.label!r} joins spans {edge.head} and {edge.tail} of {spans}, "
                    "counted from 0. Add the spans that it joins, or leave it out."
                )

    @property
    def _name(self) -> str:
        return f"Document {self.id!r}" if self.id else "Document"

    @classmethod
    def from_words(cls, words: Sequence[str], **rest: Any) -> "Document":
        """A document from words alone: its text is the words joined by one blank."""
        offsets, at = [], 0
        for word in words:
            offsets.append((at, at + len(word)))
            at += len(word) + 1
        return cls(" ".join(words), tuple(offsets), text_is_original=False, **rest)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words as strings."""
        return tuple(self.text[start:end] for start, end in self.offsets)

    def __len__(self) -> int:
        return len(self.offsets)

    def find_chars(self, span: Span) -> Chars:
        """Character offsets of a span, from its first to its last character."""
        if span.fragments:
            return span.fragments[0][0], span.fragments[-1][1]
        return self.offsets[span.start][0], self.offsets[span.end - 1][1]

    def cut(self, span: Span) -> str:
        """The text of a span; the pieces of a fragmented one are joined by a blank."""
        pieces = span.fragments or (self.find_chars(span),)
        return " ".join(self.text[start:end] for start, end in pieces)

    def only(self, given: Iterable[str] = ()) -> "Document":
        """This document with nothing but its words and the `given` parts.

        Parts: "spans" (all of them), "predicates" (the spans that have a label), "turns".
        A model sees what `only` leaves, so no gold label can leak into a prediction.
        """
        parts = set(given)
        if unknown := parts - {"spans", "predicates", "turns"}:
            raise DataError(f"{sorted(unknown)} can't be given. Known parts: predicates, spans, turns.")
        spans = self.spans if "spans" in parts else ()
        if "predicates" in parts:
            spans = tuple(span for span in self.spans if span.label)
        turns = self.turns if "turns" in parts else ()
        return replace(self, spans=spans, relations=(), fields=(), turns=turns, meta={})

    def with_spans(self, spans: Iterable[Span]) -> "Document":
        """This document with other spans; relations go, because they point at spans."""
        return replace(self, spans=tuple(spans), relations=())

    def slice(self, start: int, end: int) -> "Document":
        """Words `[start, end)` with the spans that lie wholly within, and the relations between those.

        What belongs to the whole stays behind: turns, fields and meta.
        """
        if not 0 <= start < end <= len(self):
            raise DataError(f"{self._name}: can't take words [{start}, {end}) of {len(self)}.")
        first, last = self.offsets[start][0], self.offsets[end - 1][1]
        kept = [i for i, span in enumerate(self.spans) if start <= span.start and span.end <= end]
        place = {old: new for new, old in enumerate(kept)}
        return Document(
            text=self.text[first:last],
            offsets=tuple((s - first, e - first) for s, e in self.offsets[start:end]),
            spans=tuple(_move(self.spans[i], words=start, chars=(first, last)) for i in kept),
            relations=tuple(
                replace(edge, head=place[edge.head], tail=place[edge.tail])
                for edge in self.relations
                if edge.head in place and edge.tail in place
            ),
            id=self.id,
            group=self.group,
            text_is_original=self.text_is_original,
        )


def _move(span: Span, *, words: int, chars: Chars) -> Span:
    """The span in a slice; fragments may begin or end in the blanks around it, and are clipped."""
    moved, (first, last) = span.shift(-words), chars
    clipped = ((max(start, first) - first, min(end, last) - first) for start, end in span.fragments)
    return replace(moved, fragments=tuple((start, end) for start, end in clipped if start < end))


def place_span(offsets: Sequence[Chars], fragments: Sequence[Chars], *, label: str = "") -> Span | None:
    """The span of words that the character `fragments` touch, or None where they touch no word.

    The characters are kept as `fragments` only where the words can't say them.
    """
    if not fragments:
        return None
    ordered = tuple(sorted(fragments))
    first, last = ordered[0][0], max(end for _, end in ordered)
    start = bisect_right(offsets, first, key=lambda word: word[1])  # the first word that ends after `first`
    end = bisect_left(offsets, last, key=lambda word: word[0])  # one past the last word that starts before `last`
    if start >= end or first >= last:
        return None
    exact = len(ordered) == 1 and ordered[0] == (offsets[start][0], offsets[end - 1][1])
    return Span(start, end, label, fragments=() if exact else ordered)
