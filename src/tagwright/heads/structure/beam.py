"""Beam: of the scores of every row the best few, flat. Knows nothing of words or labels."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

Found = tuple[Tensor, Tensor, Tensor]  # row, start and end of stretches of words
LEAST = 16  # survive in the shortest document


def count_survivors(words: Tensor, share: float) -> Tensor:
    """B: how many may survive in documents of so many words, `share` for each word."""
    return (words * share).ceil().long().clamp(min=LEAST)


def keep_best(scores: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """B N, B -> rows and places of the best `counts` of each row, flat. What scores -inf is no candidate."""
    best, places = scores.topk(min(int(counts.max()), scores.shape[1]))
    kept = (best > -torch.inf) & (torch.arange(best.shape[1], device=counts.device) < counts[:, None])
    rows, ranks = kept.nonzero(as_tuple=True)
    return rows, places[rows, ranks]


@dataclass(frozen=True)
class Places:
    """Stretches of words in a batch, N of them, flat: `row`, `start` and `end` of each; sorted, none twice."""

    row: Tensor
    start: Tensor
    end: Tensor
    base: int  # more than any end

    @classmethod
    def join(cls, parts: Iterable[Found], *, words: int) -> "Places":
        """Those of all parts, each (row, start, end), once."""
        row, start, end = (torch.cat(column) for column in zip(*parts, strict=True))
        base = words + 1
        keys: Tensor = torch.unique((row * base + start) * base + end)
        return cls(keys // base**2, keys // base % base, keys % base, base)

    def __len__(self) -> int:
        return len(self.row)

    @property
    def length(self) -> Tensor:
        return self.end - self.start

    def find(self, wanted: Found) -> Tensor:
        """Where these, which are among them, stand."""
        row, start, end = wanted
        keys = (self.row * self.base + self.start) * self.base + self.end
        return torch.searchsorted(keys, (row * self.base + start) * self.base + end)
