"""Faults: what was wrong with the strings that a model wrote, in rates. Knows names and numbers only."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

CHANGED, ILL_FORMED, WRONG_LABEL = "changed", "ill-formed", "wrong label"
UNALIGNED, LOST_TAIL, REPEATED, CUT_OFF = "unaligned", "lost tail", "repeated", "cut off"
MEANINGS = {
    CHANGED: "the words are not those of the source",
    ILL_FORMED: "marks don't pair, or a part is missing",
    WRONG_LABEL: "a label, relation or slot that is not in the inventory",
    UNALIGNED: "a frame whose words have no place in the source; it was left out",
    LOST_TAIL: "a relation to something that is no span; it was left out",
    CUT_OFF: "the longest output that is allowed was reached; what was written by then was read",
    REPEATED: "a span, relation or slot that was there already; it was left out",
}


@dataclass
class Faults:
    """How many strings were read, and how many of them have each kind of fault; `cases` counts every single one."""

    outputs: int = 0
    having: Counter[str] = field(default_factory=Counter)
    cases: Counter[str] = field(default_factory=Counter)
    _seen: set[str] = field(default_factory=set)

    def begin(self) -> None:
        """The next string begins."""
        self.outputs += 1
        self._seen = set()

    def note(self, kind: str, count: int = 1) -> None:
        """One or more cases of a fault in the present string."""
        if count:
            self.cases[kind] += count
            self.having[kind] += kind not in self._seen
            self._seen.add(kind)

    def add(self, other: "Faults") -> None:
        """Count those of other strings too."""
        self.outputs += other.outputs
        self.having += other.having
        self.cases += other.cases

    def rate(self, kind: str) -> float:
        """The share of strings that have a kind of fault."""
        return self.having[kind] / self.outputs if self.outputs else 0.0

    def lines(self) -> Iterator[str]:
        """One readable line per kind that occurred."""
        for kind, meaning in MEANINGS.items():
            if self.cases[kind]:
                yield f"{kind}: {self.having[kind]} of {self.outputs} outputs ({self.rate(kind):.1%}): {meaning}"
