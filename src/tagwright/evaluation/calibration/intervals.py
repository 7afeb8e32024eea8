"""What so few can say of a share: its interval, and how many it would take. Knows numbers alone."""

from math import ceil, sqrt
from statistics import NormalDist

LEVEL = 0.95
WIDE = NormalDist().inv_cdf(0.5 + LEVEL / 2)


def find_interval(hits: float, size: float) -> tuple[float, float]:
    """The exact binomial interval (Clopper and Pearson), 95 %. `hits` need not be whole: a mean share times documents
    is spread no wider than as many whole hits."""
    from scipy.stats import beta

    low = float(beta.ppf((1 - LEVEL) / 2, hits, size - hits + 1)) if hits > 0 else 0.0
    high = float(beta.ppf((1 + LEVEL) / 2, hits + 1, size - hits)) if hits < size else 1.0
    return low, high


def find_reach(hits: int, size: int) -> float:
    """How far off the share may be at 95 %, at best: half an interval, from the share with one more hit and miss."""
    share = (hits + 1) / (size + 2)
    return min(1.0, WIDE * sqrt(share * (1 - share) / max(size, 1)))


def count_needed(hits: int, size: int, *, reach: float) -> int:
    """How many it would take for the share to be known so well."""
    share = (hits + 1) / (size + 2)
    return ceil(share * (1 - share) * (WIDE / reach) ** 2)
