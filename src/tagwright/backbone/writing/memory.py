"""Memory: what rows of a batch have read, as a cache whose rows can be cut, picked and joined. Knows no model.

What a row has read stands at the right end of the cache, without gaps; slots on its left are masked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

Pair = tuple[Tensor, Tensor]  # keys and values of one layer: B H S D


@dataclass
class Memory:
    """What rows have read: `lengths` of their tokens are in the cache, and `fresh` slots come from the last reading.

    `states` (B L H) and `keep` (B L) are those of an encoder, `cross` what its decoder made of them.
    """

    lengths: list[int]
    cache: list[Pair] = field(default_factory=list)
    fresh: int = 0
    cross: list[Pair] = field(default_factory=list)
    states: Tensor | None = None
    keep: Tensor | None = None

    @property
    def slots(self) -> int:
        """Slots of the cache but for the fresh ones."""
        return self.cache[0][0].shape[2] - self.fresh if self.cache else 0


def settle(memory: Memory, counts: Sequence[int]) -> None:
    """Of the tokens that were just read keep the first so many of each row; the others are forgotten."""
    slots, lengths = memory.slots, [length + count for length, count in zip(memory.lengths, counts, strict=True)]
    width = max(lengths)
    ends = slots + torch.tensor(counts)
    if len(set(counts)) == 1:
        end = slots + counts[0]
        memory.cache = [
            (keys[:, :, end - width : end], values[:, :, end - width : end]) for keys, values in memory.cache
        ]
    else:
        index = (ends[:, None] - width + torch.arange(width)).clamp(min=0).to(memory.cache[0][0].device)
        memory.cache = [(_gather(keys, index), _gather(values, index)) for keys, values in memory.cache]
    memory.lengths, memory.fresh = lengths, 0


def take(memory: Memory, rows: Sequence[int]) -> Memory:
    """The memory of some rows alone."""
    index = torch.tensor(rows, dtype=torch.long)
    lengths = [memory.lengths[row] for row in rows]
    spare = memory.slots - max(lengths, default=0)

    def pick(tensor: Tensor) -> Tensor:
        return tensor[index.to(tensor.device)]

    return replace(
        memory,
        lengths=lengths,
        cache=[(pick(keys)[:, :, spare:], pick(values)[:, :, spare:]) for keys, values in memory.cache],
        cross=[(pick(keys), pick(values)) for keys, values in memory.cross],
        states=None if memory.states is None else pick(memory.states),
        keep=None if memory.keep is None else pick(memory.keep),
    )


def join(one: Memory, other: Memory) -> Memory:
    """The rows of both. Each has read something, and is settled."""
    return Memory(
        one.lengths + other.lengths,
        cache=_join_pairs(one.cache, other.cache, left=True),
        cross=_join_pairs(one.cross, other.cross, left=False),
        states=_join(one.states, other.states, dim=1, left=False),
        keep=_join(one.keep, other.keep, dim=1, left=False),
    )


def _join_pairs(one: list[Pair], other: list[Pair], *, left: bool) -> list[Pair]:
    pairs = zip(one, other, strict=True)
    return [
        tuple(_join(mine, yours, dim=2, left=left) for mine, yours in zip(a, b, strict=True))  # type: ignore[misc]
        for a, b in pairs
    ]


def _join(one: Tensor | None, other: Tensor | None, *, dim: int, left: bool) -> Tensor | None:
    """Rows below each other, the shorter ones filled up with zeros."""
    if one is None or other is None:
        return None
    size = max(one.shape[dim], other.shape[dim])
    return torch.cat([_fill(one, size, dim=dim, left=left), _fill(other, size, dim=dim, left=left)])


def _fill(tensor: Tensor, size: int, *, dim: int, left: bool) -> Tensor:
    shape = list(tensor.shape)
    shape[dim] = size - shape[dim]
    if not shape[dim]:
        return tensor
    blank = tensor.new_zeros(shape)
    return torch.cat([blank, tensor] if left else [tensor, blank], dim)


def _gather(tensor: Tensor, places: Tensor) -> Tensor:
    """B H S D at B T places -> B H T D."""
    batch, heads, _, size = tensor.shape
    return tensor.gather(2, places[:, None, :, None].expand(batch, heads, places.shape[1], size))
