"""Spread: how far scores lie apart over draws of documents and over training seeds, which are crossed.

The mean has a t interval for both at once. Its variance is that of the draws' means plus that of the seeds' means,
which counts what is left of single runs twice: too wide rather than too narrow where neither matters. Knows numbers.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

LEVEL = 0.95


@dataclass(frozen=True)
class Spread:
    """The mean of scores with its 95 % interval, and standard deviations; None where there is too little to tell.

    Scores or means that are all the same have no interval: t can't say how far off another one may be.

    draws: of the means of draws over all seeds. seeds: of the means of seeds over all draws. rest: of what neither
    explains. The first two hold a share of the third, the less, the more runs there are.
    """

    mean: float
    runs: int
    low: float | None = None
    high: float | None = None
    draws: float | None = None
    seeds: float | None = None
    rest: float | None = None


def measure_spread(scores: NDArray[np.float64], *, bounds: tuple[float, float]) -> Spread:
    """Of scores D S: draws down, training seeds across; no interval goes beyond what they can be."""
    rows, columns = scores.shape
    mean, by_draw, by_seed = float(scores.mean()), scores.mean(axis=1), scores.mean(axis=0)
    parts = [(float(means.var(ddof=1)) / len(means), len(means) - 1) for means in (by_draw, by_seed) if len(means) > 1]
    if not parts:
        return Spread(mean, 1)
    rest = None
    if rows > 1 and columns > 1:
        left = scores - by_draw[:, None] - by_seed[None] + mean
        rest = float(np.sqrt((left**2).sum() / ((rows - 1) * (columns - 1))))
    draws, seeds = (float(means.std(ddof=1)) if len(means) > 1 else None for means in (by_draw, by_seed))
    if not np.ptp(scores) or not sum(variance for variance, _ in parts):
        return Spread(mean, rows * columns, None, None, draws, seeds, rest)
    width = _find_width(parts)
    return Spread(mean, rows * columns, max(bounds[0], mean - width), min(bounds[1], mean + width), draws, seeds, rest)


def _find_width(parts: list[tuple[float, int]]) -> float:
    """Half the interval, from variances of the mean and their degrees of freedom, joined by Satterthwaite's rule."""
    total = sum(variance for variance, _ in parts)
    freedom = total**2 / sum(variance**2 / degrees for variance, degrees in parts)
    return float(student.ppf((1 + LEVEL) / 2, freedom) * np.sqrt(total))
