"""Mixture: training batches of several tasks, each with its share of an epoch. Knows no trainer and no task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagwright.tokens.batch import group
from tagwright.training.batches import Buckets, Pieces

Mix = float | Mapping[str, float]


@dataclass(frozen=True)
class Share:
    """Of the pieces of one task: how many there are, and how many an epoch has; some more than once if need be."""

    pieces: int
    drawn: int


class MixedPieces(Pieces):
    """The pieces of several tasks, one task after the other."""

    def __init__(self, taught: Mapping[str, Pieces], mix: Mix) -> None:
        super().__init__(
            [piece for each in taught.values() for piece in each.pieces],
            [target for each in taught.values() for target in each.targets],
        )
        counts = {task: len(each) for task, each in taught.items()}
        drawn = share_out(counts, mix)
        self.shares = [Share(counts[task], drawn[task]) for task in taught]


def share_out(counts: Mapping[str, int], mix: Mix) -> dict[str, int]:
    """How many pieces of each task an epoch has: one at least, and together as many as there are.

    mix: the power that the number of a task's pieces is raised to, or the weight of each task.
    """
    weights = mix if isinstance(mix, Mapping) else {task: count**mix for task, count in counts.items()}
    total, whole = sum(counts.values()), sum(weights[task] for task in counts)
    exact = {task: total * weights[task] / whole for task in counts}
    drawn = {task: max(1, int(share)) for task, share in exact.items()}
    for task in sorted(counts, key=lambda task: drawn[task] - exact[task])[: max(0, total - sum(drawn.values()))]:
        drawn[task] += 1
    return drawn


class Mixture(Buckets):
    """Buckets in which every epoch draws anew from each task, so many pieces as its share is.

    A piece is drawn again only when all others of its task have been drawn as often. With a token budget an epoch has
    as many batches as the longest pieces of each task would take: the largest are halved until there are so many.
    """

    def __init__(self, lengths: NDArray[np.int64], *, shares: Sequence[Share], tokens: int | None, **rest: Any) -> None:
        self.shares, self._least = shares, 0
        super().__init__(lengths, tokens=tokens, **rest)
        if tokens is not None:
            longest = np.sort(np.concatenate([lengths[own] for own in self._draw_from(None)]))
            batches = group(longest, tokens=tokens)
            self._even_out(batches)
            self._count = self._least = len(batches)

    def _draw(self, rng: np.random.Generator) -> NDArray[np.int64]:
        return rng.permutation(np.concatenate(self._draw_from(rng)))

    def _draw_from(self, rng: np.random.Generator | None) -> list[NDArray[np.int64]]:
        """What is drawn of each task; without a generator the longest."""
        drawn, start = [], 0
        for share in self.shares:
            own = np.arange(start, start + share.pieces)
            times, rest = divmod(share.drawn, share.pieces)
            order = own[np.argsort(-self.lengths[own])] if rng is None else rng.permutation(own)
            drawn.append(np.concatenate([*[own] * times, order[:rest]]))
            start += share.pieces
        return drawn

    def _make_batches(self, rng: np.random.Generator) -> list[list[int]]:
        batches = super()._make_batches(rng)
        if self._least:
            self._reach(batches, self._least)
        return batches


def make_buckets(train: Pieces, **how: Any) -> Buckets:
    """The batches that pieces are trained in."""
    if isinstance(train, MixedPieces):
        return Mixture(train.lengths, shares=train.shares, **how)
    return Buckets(train.lengths, **how)
