"""Which places of a row are drawn: at random, without replacement, exactly as many as wanted where that can be."""

import torch
from torch import Generator, Tensor


def find_firsts(begins: Tensor) -> Tensor:
    """B T -> B T: where the unit of each token begins. `begins` is True at the first token of each unit."""
    places = torch.arange(begins.shape[1])
    return torch.where(begins, places, 0).cummax(dim=1).values


def draw(free: Tensor, *, wanted: Tensor, generator: Generator, firsts: Tensor | None = None) -> Tensor:
    """B T bool: `wanted` (B) of the places where `free` is True.

    With `firsts` (B T, where the unit of each place begins) units are drawn whole, each all free or all not. Then
    the last unit is taken if more than half of it is wanted, so that on average the number is right.
    """
    noise = torch.rand(free.shape, generator=generator)
    size = torch.ones_like(free, dtype=torch.long)
    if firsts is not None:
        noise = noise.gather(1, firsts)
        size = torch.zeros_like(size).scatter_add(1, firsts, size).gather(1, firsts)
    # A stable order keeps a unit together even where two units draw the same noise.
    order = noise.masked_fill(~free, 2.0).argsort(dim=1, stable=True)
    rank = torch.empty_like(order).scatter_(1, order, torch.arange(free.shape[1]).expand_as(order))
    first_rank = rank if firsts is None else rank.gather(1, firsts)
    return free & (2 * first_rank + size <= 2 * wanted[:, None])


def count_wanted(free: Tensor, rate: float) -> Tensor:
    """B: that share of the free places, rounded."""
    return (free.sum(dim=1) * rate).round().long()
