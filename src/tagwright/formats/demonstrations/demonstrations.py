"""Demonstrations: pairs of source and target that are shown before a question, those first that are most like it.

Knows no model and no tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple, Self

from tagwright.formats.demonstrations.bm25 import Index
from tagwright.formats.strings.syntax import OPEN


class Demonstration(NamedTuple):
    """A question and its right answer; `number` is the pass that asks such questions."""

    source: str
    target: str
    number: int = 0


@dataclass(frozen=True)
class Demonstrations:
    """All that there are, in the order of the training documents."""

    pairs: tuple[Demonstration, ...] = ()

    def find(self, source: str, *, number: int, count: int) -> list[Demonstration]:
        """The pairs of a pass whose sources are most like this one, the likest first."""
        places, index = self._indices.get(number, ((), Index(())))
        return [self.pairs[places[at]] for at in index.rank(_list_words(source), count=count)]

    @cached_property
    def _indices(self) -> dict[int, tuple[Sequence[int], Index]]:
        """For each pass the places of its pairs, and the index of their sources."""
        by_pass: dict[int, list[int]] = {}
        for place, pair in enumerate(self.pairs):
            by_pass.setdefault(pair.number, []).append(place)
        return {
            number: (places, Index([_list_words(self.pairs[place].source) for place in places]))
            for number, places in by_pass.items()
        }

    def to_list(self) -> list[list[str | int]]:
        """As plain values."""
        return [list(pair) for pair in self.pairs]

    @classmethod
    def from_list(cls, values: Sequence[Sequence[str | int]]) -> Self:
        """Those that `to_list` wrote."""
        return cls(tuple(Demonstration(str(source), str(target), int(number)) for source, target, number in values))


def _list_words(text: str) -> list[str]:
    """What makes a source like another: its words, and the marked ones once more, since it asks about them."""
    words = text.casefold().split()
    return words + [f"{mark} {word}" for mark, word in pairwise(words) if mark == OPEN]
