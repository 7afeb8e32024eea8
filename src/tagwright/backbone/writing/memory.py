"""Memory: what rows of a batch have read, as a cache whose rows can be cut, picked and joined. Knows no model.

What a row has read stands at the right end of the cache, without gaps, for a model that counts slots. For others it
may have gaps, which are cheaper to leave than to close: nothing is copied. Slots that hold nothing are masked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

Pair = tuple[Tensor, Tensor]  # keys and values of one layer: B H S D
GAPS = 1.25  # slots for each token of the longest row, from which on gaps are closed


@dataclass
class Memory:
    """What rows have read: `lengths` of their tokens are in the cache.

    `held` (B S, bool): the slots that hold something, but for those of the last reading, until it is settled; `gaps`:
    between them some need not.
    `states` (B L H) and `keep` (B L) are those of an encoder, `cross` what its decoder made of them.
    """

    lengths: list[int]
    held: Tensor
    gaps: bool = False
    cache: list[Pair] = field(default_factory=list)
    cross: list[Pair] = field(default_factory=list)
    states: Tensor | None = None
    keep: Tensor | None = None

    @property
    def slots(self) -> int:
        return self.held.shape[1]


def settle(memory: Memory, counts: Sequence[int]) -> None:
    """Of the tokens that were just read keep the first so many of each row; the others are forgotten."""
    kept = torch.arange(max(counts)) < torch.tensor(counts)[:, None]
    memory.held = torch.cat([memory.held, kept.to(memory.held.device)], 1)
    memory.lengths = [length + count for length, count in zip(memory.lengths, counts, strict=True)]
    width, slots = max(memory.lengths), memory.slots
    if slots <= GAPS * width if memory.gaps else len(set(counts)) == 1:
        memory.cache = [(keys[:, :, :slots], values[:, :, :slots]) for keys, values in memory.cache]
    else:
        index = memory.held.byte().argsort(dim=1, stable=True)[:, slots - width :]
        memory.cache = [(_gather(keys, index), _gather(values, index)) for keys, values in memory.cache]
        memory.held = memory.held.gather(1, index)


def take(memory: Memory, rows: Sequence[int]) -> Memory:
    """The memory of some rows alone."""
    index = torch.tensor(rows, dtype=torch.long)
    lengths = [memory.lengths[row] for row in rows]
    spare = 0 if memory.gaps else memory.slots - max(lengths, default=0)

    def pick(tensor: Tensor) -> Tensor:
        return tensor[index.to(tensor.device)]

    return replace(
        memory,
        lengths=lengths,
        held=pick(memory.held)[:, spare:],
        cache=[(pick(keys)[:, :, spare:], pick(values)[:, :, spare:]) for keys, values in memory.cache],
        cross=[(pick(keys), pick(values)) for keys, values in memory.cross],
        states=None if memory.states is None else pick(memory.states),
        keep=None if memory.keep is None else pick(memory.keep),
    )


def join(one: Memory, other: Memory) -> Memory:
    """The rows of both. Each has read something, and is settled."""
    return Memory(
        one.lengths + other.lengths,
        _join(one.held, other.held, dim=1, left=True),
        one.gaps,
        cache=_join_pairs(one.cache, other.cache, left=True),
        cross=_join_pairs(one.cross, other.cross, left=False),
        states=_join_known(one.states, other.states),
        keep=_join_known(one.keep, other.keep),
    )


def _join_known(one: Tensor | None, other: Tensor | None) -> Tensor | None:
    return None if one is None or other is None else _join(one, other, dim=1, left=False)


def _join_pairs(one: list[Pair], other: list[Pair], *, left: bool) -> list[Pair]:
    pairs = zip(one, other, strict=True)
    return [(_join(a[0], b[0], dim=2, left=left), _join(a[1], b[1], dim=2, left=left)) for a, b in pairs]


def _join(one: Tensor, other: Tensor, *, dim: int, left: bool) -> Tensor:
    """Rows below each other, the shorter ones filled up with zeros."""
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
    return tensor.gather(2, places.to(tensor.device)[:, None, :, None].expand(batch, heads, places.shape[1], size))
