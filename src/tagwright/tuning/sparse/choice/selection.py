"""The highest scores among those of several weights, exactly, without a copy or a sorted list of all of them.

A score is not negative, so its float32 bits read as a whole number are in its order: two histograms of them, of the
upper and of the lower half, give the lowest score that is taken. Knows nothing of what is scored.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tagwright.errors import ModelError
from tagwright.tuning.sparse.touched import BLOCK, Touched

HALF = 1 << 16
INFINITE = 0x7F80  # upper half of the bits from which on a number is infinite or none
Blocks = Callable[[], Iterator[tuple[int, int, Tensor]]]  # (number of a weight, first place, scores from there on)


@dataclass(frozen=True)
class Candidates:
    """Entries with their scores: numbers of their weights, places within (both int32), scores (float32)."""

    weights: Tensor
    places: Tensor
    scores: Tensor

    def __len__(self) -> int:
        return len(self.places)


def select_top(scores: Mapping[int, Tensor], count: int) -> Candidates:
    """The `count` entries of highest score, fewer where fewer have one above zero; of equals the first."""
    return _select(lambda: _cut(scores), count, device=_find_device(scores))


def select_within(scores: Mapping[int, Tensor], count: int, *, touched: Touched, room: int) -> Candidates:
    """The candidates for the highest scores with at most `room` entries that were never touched."""
    device = _find_device(scores)
    known = _select(lambda: _cut(scores, touched, kept=True), count, device=device)
    fresh = _select(lambda: _cut(scores, touched, kept=False), min(count, room), device=device)
    return join_candidates([known, fresh])


def join_candidates(parts: Sequence[Candidates]) -> Candidates:
    return Candidates(*(torch.cat([getattr(part, name) for part in parts]) for name in ("weights", "places", "scores")))


def pick_best(candidates: Candidates, count: int, *, budget: tuple[Touched, int] | None = None) -> Candidates:
    """The best of the candidates, of equals those of the first weight and place; within a budget, if there is one."""
    candidates = _take(candidates, torch.argsort(candidates.places, stable=True))
    candidates = _take(candidates, torch.argsort(candidates.weights, stable=True))
    candidates = _take(candidates, torch.argsort(candidates.scores, stable=True, descending=True))
    if budget is not None:
        touched, room = budget
        is_fresh = ~_find_touched(candidates, touched)
        candidates = _take(candidates, (~is_fresh | (is_fresh.cumsum(0) <= room)).nonzero()[:, 0])
    return _take(candidates, torch.arange(min(count, len(candidates)), device=candidates.places.device))


def list_by_weight(candidates: Candidates, weights: int) -> list[Tensor]:
    """Sorted places for every weight."""
    places = [candidates.places[candidates.weights == at] for at in range(weights)]
    return [part.sort().values for part in places]


def _select(blocks: Blocks, count: int, *, device: torch.device) -> Candidates:
    lowest, ties = _find_lowest(blocks, count, device=device)
    found = []
    for at, start, block in blocks():
        bits = block.view(torch.int32)
        equal = (bits == lowest).nonzero()[:ties, 0]
        ties -= len(equal)
        here = torch.cat([(bits > lowest).nonzero()[:, 0], equal])
        places = (here + start).to(torch.int32)
        found.append(Candidates(torch.full_like(places, at), places, block[here]))
    return join_candidates(found)


def _find_lowest(blocks: Blocks, count: int, *, device: torch.device) -> tuple[int, int]:
    """The bits of the lowest score that is taken, and how many entries that have just this one are."""
    upper = torch.zeros(HALF, dtype=torch.int64, device=device)
    zeros = 0
    for _, _, block in blocks():
        bits = block.view(torch.int32)
        upper += torch.bincount(bits >> 16, minlength=HALF)
        zeros += int((bits == 0).sum())
    if int(upper[INFINITE:].sum()):
        raise ModelError("Importance is not finite: gradients have overflowed. Lower training.learning_rate.")
    upper[0] -= zeros  # what has no gradient is never chosen
    count = min(count, int(upper.sum()))
    if count == 0:
        return 1 << 31, 0
    bin_, above = _find_bin(upper, count)
    lower = torch.zeros(HALF, dtype=torch.int64, device=device)
    for _, _, block in blocks():
        bits = block.view(torch.int32)
        lower += torch.bincount(bits[(bits >> 16 == bin_) & (bits != 0)] & (HALF - 1), minlength=HALF)
    rest, above_it = _find_bin(lower, count - above)
    return bin_ * HALF + rest, count - above - above_it


def _find_bin(histogram: Tensor, count: int) -> tuple[int, int]:
    """The bin that the count-th highest is in, and how many are in bins above it."""
    reached = histogram.flip(0).cumsum(0)
    at = int(torch.searchsorted(reached, count))
    return len(histogram) - 1 - at, int(reached[at - 1]) if at else 0


def _cut(
    scores: Mapping[int, Tensor], touched: Touched | None = None, *, kept: bool = True
) -> Iterator[tuple[int, int, Tensor]]:
    """Blocks of scores; those that are touched, or those that are not, are zero unless `kept` names them."""
    for at in sorted(scores):
        for start in range(0, len(scores[at]), BLOCK):
            block = scores[at][start : start + BLOCK]
            if touched is not None:
                is_kept = touched.has(at, start, end=start + len(block)) == kept
                block = torch.where(is_kept, block, 0.0)
            yield at, start, block


def _find_touched(candidates: Candidates, touched: Touched) -> Tensor:
    known = torch.zeros(len(candidates), dtype=torch.bool, device=candidates.places.device)
    for at, bits in enumerate(touched.bits):
        here = (candidates.weights == at).nonzero()[:, 0]
        places = candidates.places[here].long()
        known[here] = (bits[places >> 3].long() >> (places & 7)) & 1 == 1
    return known


def _take(candidates: Candidates, order: Tensor) -> Candidates:
    return Candidates(candidates.weights[order], candidates.places[order], candidates.scores[order])


def _find_device(scores: Mapping[int, Tensor]) -> torch.device:
    return next(iter(scores.values())).device
