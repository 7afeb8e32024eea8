"""How far scores are from the shares that are right: the expected calibration error. Knows numbers alone.

Scores are sorted and cut into bins of equally many, equal scores together. The error is the mean distance, over all
that was predicted, between the mean score of its bin and the share of the bin that is right.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from tagwright.evaluation.calibration.outcomes import Floats, Outcomes, Places

MOST_BINS, LEAST_IN_BIN = 15, 20
DRAWS, ROUNDS, SEED = 1000, 200, 0


@dataclass(frozen=True)
class Bin:
    """`count` predictions, their mean score, and the share of them that is right."""

    count: int
    score: float
    right: float


@dataclass(frozen=True)
class Reliability:
    """`perfect` is the error that scores would show on so few predictions if each were just the chance of being right.

    `interval` is where the error on endless documents lies, 95 %: by documents drawn again, less what chance adds. So
    it is 0 to something for perfect scores, and may end below `error`, which chance makes larger.
    """

    error: float
    interval: tuple[float, float]
    perfect: float
    bins: tuple[Bin, ...]


def measure(outcomes: Outcomes, scores: Floats | None = None) -> Reliability:
    """The error of the outcomes' scores, or of others in their place."""
    scores = outcomes.scores if scores is None else scores
    if not len(scores):
        return Reliability(0.0, (0.0, 0.0), 0.0, ())
    places = cut_bins(scores)
    sizes, right = np.bincount(places), outcomes.right.astype(float)
    sums, hits = np.bincount(places, scores), np.bincount(places, right)
    error = float(abs(sums - hits).sum() / len(scores))
    perfect = _guess(scores, places)
    interval = _find_interval(error, _draw_errors(outcomes, scores - right, places), perfect)
    bins = (Bin(int(n), float(s / n), float(h / n)) for n, s, h in zip(sizes, sums, hits, strict=True))
    return Reliability(error, interval, perfect, tuple(bins))


def _find_interval(error: float, drawn: Floats, perfect: float) -> tuple[float, float]:
    """The ends without `perfect`, what chance alone would show: the two add up in squares, near enough."""
    low, high = np.quantile(drawn, (0.025, 0.975))
    ends = max(0.0, float(low) + error - float(drawn.mean())), float(high)
    low, high = (sqrt(max(0.0, end**2 - perfect**2)) for end in ends)
    return low, high


def cut_bins(scores: Floats) -> Places:
    """The bin of each score, from 0: as many bins as have enough scores, up to a number that can be looked at."""
    bins = max(1, min(MOST_BINS, len(scores) // LEAST_IN_BIN))
    ranks = np.searchsorted(np.sort(scores), scores)  # of the first of equal ones
    return np.unique(ranks * bins // len(scores), return_inverse=True)[1].astype(np.int64)


def _draw_errors(outcomes: Outcomes, gaps: Floats, places: Places) -> Floats:
    """Errors with documents drawn again; the bins stay where they were cut."""
    table = np.zeros((outcomes.count, int(places.max()) + 1))
    np.add.at(table, (outcomes.documents, places), gaps)
    sizes = np.bincount(outcomes.documents, minlength=outcomes.count)
    random, chances = np.random.default_rng(SEED), np.full(outcomes.count, 1 / outcomes.count)
    errors = []
    for _ in range(DRAWS):  # one at a time: a table of draws and documents may be large
        times = random.multinomial(outcomes.count, chances)
        errors.append(abs(times @ table).sum() / max(times @ sizes, 1))
    return np.array(errors)


def _guess(scores: Floats, places: Places) -> float:
    """The mean error where what is right is drawn by the scores themselves."""
    drawn, errors = np.random.default_rng(SEED), []
    for _ in range(ROUNDS):
        right = drawn.random(len(scores)) < scores
        errors.append(abs(np.bincount(places, scores - right)).sum() / len(scores))
    return float(np.mean(errors))
