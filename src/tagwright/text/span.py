"""Span: a labelled stretch of words. Knows nothing of text or files."""

from dataclasses import dataclass, field

Chars = tuple[int, int]
BY_WORDS = "span with gaps or an edge within a word: taught as whole words"  # why one with fragments does not come back


@dataclass(frozen=True, slots=True)
class Span:
    """Words `[start, end)` with a label; an argument without a type has the label "".

    `fragments` holds exact character offsets, and only where words can't say them: the span
    begins or ends inside a word, or is made of several pieces. `score` takes no part in equality.
    """

    start: int
    end: int
    label: str = ""
    score: float | None = field(default=None, compare=False)
    fragments: tuple[Chars, ...] = ()

    @property
    def bounds(self) -> tuple[int, int]:
        return self.start, self.end

    def __len__(self) -> int:
        return self.end - self.start

    def overlaps(self, other: "Span") -> bool:
        """The two share a word."""
        return self.start < other.end and other.start < self.end

    def contains(self, other: "Span") -> bool:
        """The other lies within this one (or is as long)."""
        return self.start <= other.start and other.end <= self.end

    def crosses(self, other: "Span") -> bool:
        """The two share a word and neither contains the other."""
        return self.overlaps(other) and not self.contains(other) and not other.contains(self)

    def shift(self, by: int) -> "Span":
        """The same span, `by` words further on. Fragments are in characters and stay."""
        return Span(self.start + by, self.end + by, self.label, self.score, self.fragments)


def find_flat(spans: "tuple[Span, ...] | list[Span]") -> tuple[list[Span], list[Span]]:
    """Split spans into a set without overlaps and the rest: first the leftmost, of those the longest."""
    kept: list[Span] = []
    left_out: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start, -s.end, s.label)):
        (left_out if kept and kept[-1].end > span.start else kept).append(span)
    return kept, left_out
