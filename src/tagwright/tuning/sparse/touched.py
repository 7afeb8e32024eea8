"""Touched: which entries of some weights were ever chosen, one bit for each, and what they were before.

Knows nothing of choosing.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

BLOCK = 1 << 18  # entries looked at in one go; a multiple of 8


class Touched:
    """A set of entries that only grows. The bits of each weight begin with a byte of their own.

    before: for each weight the values that its touched entries had when they were first added, in order of place.
    """

    def __init__(self, weights: Sequence[Tensor]) -> None:
        self.sizes = [weight.numel() for weight in weights]
        self.bits = [torch.zeros((w.numel() + 7) // 8, dtype=torch.uint8, device=w.device) for w in weights]
        self.before = [weight.detach().new_empty(0) for weight in weights]

    def add(self, at: int, places: Tensor, *, weight: Tensor) -> None:
        """Add entries of weight number `at`, each named once; it still has its values of before."""
        bits, places = self.bits[at], places.long()
        marks = torch.bitwise_left_shift(torch.ones_like(places), places & 7).to(torch.uint8)
        is_fresh = (bits[places >> 3] & marks) == 0  # of bits not yet set, a sum is a union
        if not bool(is_fresh.any()):
            return
        known = self.list_places(at)
        bits.index_add_(0, places[is_fresh] >> 3, marks[is_fresh])
        every = self.list_places(at)
        before = weight.detach().view(-1).index_select(0, every)
        before[torch.searchsorted(every, known)] = self.before[at]
        self.before[at] = before

    def has(self, at: int, start: int, *, end: int) -> Tensor:
        """Bool, one for each entry from `start` (a multiple of 8) to `end`."""
        part = self.bits[at][start >> 3 : (end + 7) >> 3]
        shifts = torch.arange(8, dtype=torch.uint8, device=part.device)
        return (torch.bitwise_right_shift(part[:, None], shifts) & 1).view(-1)[: end - start].bool()

    def list_places(self, at: int) -> Tensor:
        """Int32, sorted: the entries of one weight."""
        found = [self.bits[at].new_empty(0, dtype=torch.int32)]
        for start in range(0, self.sizes[at], BLOCK):
            has = self.has(at, start, end=min(start + BLOCK, self.sizes[at]))
            found.append(has.nonzero()[:, 0].to(torch.int32) + start)
        return torch.cat(found)

    def count(self, weights: Iterable[int] | None = None) -> int:
        """How many entries there are, in all weights or in those of these numbers."""
        return sum(len(self.before[at]) for at in (range(len(self.before)) if weights is None else weights))

    def state_dict(self) -> dict[str, Any]:
        return {"bits": self.bits, "before": self.before}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        device = self.bits[0].device
        self.bits = [bits.to(device, copy=True) for bits in state["bits"]]
        self.before = [before.to(device, copy=True) for before in state["before"]]
