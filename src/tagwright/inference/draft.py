"""Copying: guesses that a model without a grammar copies its source (prompt lookup). Knows no model."""

from collections.abc import Sequence

LONGEST = 3  # tokens that are looked up at most


class Copying:
    """Looks up the last tokens that were written in the tokens of a source, and proposes what follows them there."""

    def __init__(self, source: Sequence[int]) -> None:
        self.source = list(source)
        self._places: dict[tuple[int, ...], list[int]] = {}
        for size in range(1, LONGEST + 1):
            for end in range(size, len(self.source) + 1):
                self._places.setdefault(tuple(self.source[end - size : end]), []).append(end)
        self._last = 0

    def propose(self, written: Sequence[int], most: int) -> list[int]:
        """What may come next: after the longest match, the first one behind the last copy if there is one."""
        if not written:
            return self.source[:most]
        for size in range(min(LONGEST, len(written)), 0, -1):
            if places := self._places.get(tuple(written[-size:])):
                self._last = next((place for place in places if place >= self._last), places[0])
                return self.source[self._last : self._last + most]
        return []
