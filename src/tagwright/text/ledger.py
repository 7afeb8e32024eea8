"""Ledger: what could not be held, counted, with the first places. Knows nothing of why; the writer of a line does."""

from collections.abc import Iterator
from dataclasses import dataclass, field

SHOWN = 5


@dataclass
class Ledger:
    """Counts by reason. Every reader, writer, head or format that must leave something out notes it here.

        ledger.note("overlapping span, one tag column can't hold it", "train.conll:17 'New York' LOC")

    `losses` says whether anything is in it; `lines()` gives one readable line per reason.
    """

    counts: dict[str, int] = field(default_factory=dict)
    places: dict[str, list[str]] = field(default_factory=dict)

    def note(self, reason: str, where: str = "", *, count: int = 1) -> None:
        """Add `count` cases of one reason, the first few with their place."""
        self.counts[reason] = self.counts.get(reason, 0) + count
        places = self.places.setdefault(reason, [])
        if where and len(places) < SHOWN:
            places.append(where)

    def add(self, other: "Ledger", *, where: str) -> None:
        """Take over what another ledger has, and say of which part it is."""
        for reason, count in other.counts.items():
            own = f"{reason} ({where})"
            self.counts[own] = self.counts.get(own, 0) + count
            self.places[own] = [*self.places.get(own, ()), *other.places[reason]][:SHOWN]

    def __bool__(self) -> bool:
        return bool(self.counts)

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def lines(self) -> Iterator[str]:
        """One line per reason: count, reason, first places."""
        for reason, count in self.counts.items():
            places = self.places[reason]
            more = "" if len(places) == count or not places else ", ..."
            yield f"{count} x {reason}" + (f": {'; '.join(places)}{more}" if places else "")
