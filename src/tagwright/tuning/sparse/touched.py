"""Touched: which entries of some weights were ever chosen, one bit for each. Knows nothing of choosing."""

from collections.abc import Sequence

import torch
from torch import Tensor

BLOCK = 1 << 20  # entries looked at in one go; a multiple of 8


class Touched:
    """A set of entries that only grows. The bits of each weight begin with a byte of their own."""

    def __init__(self, sizes: Sequence[int], *, device: torch.device | None = None) -> None:
        self.sizes = list(sizes)
        self.bits = [torch.zeros((size + 7) // 8, dtype=torch.uint8, device=device) for size in sizes]

    def add(self, at: int, places: Tensor) -> None:
        """Add entries of weight number `at`, each named once."""
        bits, places = self.bits[at], places.long()
        marks = torch.bitwise_left_shift(torch.ones_like(places), places & 7).to(torch.uint8)
        fresh = (bits[places >> 3] & marks) == 0  # of bits not yet set, a sum is a union
        bits.index_add_(0, places[fresh] >> 3, marks[fresh])

    def has(self, at: int, start: int, *, end: int) -> Tensor:
        """Bool, one for each entry from `start` (a multiple of 8) to `end`."""
        part = self.bits[at][start >> 3 : (end + 7) >> 3]
        shifts = torch.arange(8, dtype=torch.uint8, device=part.device)
        return (torch.bitwise_right_shift(part[:, None], shifts) & 1).view(-1)[: end - start].bool()

    def list_places(self, at: int) -> Tensor:
        """Int32, sorted: the entries of one weight."""
        found = [
            self.has(at, start, end=min(start + BLOCK, self.sizes[at])).nonzero()[:, 0].to(torch.int32) + start
            for start in range(0, self.sizes[at], BLOCK)
        ]
        return torch.cat(found) if found else torch.empty(0, dtype=torch.int32)

    def count(self) -> int:
        """How many entries there are in all."""
        return sum(
            int(self.has(at, start, end=min(start + BLOCK, size)).sum())
            for at, size in enumerate(self.sizes)
            for start in range(0, size, BLOCK)
        )
