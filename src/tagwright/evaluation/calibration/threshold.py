"""Threshold: the score above which predictions are kept, for a wanted precision or recall. Knows numbers alone."""

from dataclasses import dataclass

import numpy as np

from tagwright.errors import DataError
from tagwright.evaluation.calibration.intervals import find_interval
from tagwright.evaluation.calibration.outcomes import Floats, Outcomes

ADVICE = {
    "precision": "Ask for less, or train a better labeler.",
    "recall": "A threshold only drops what is predicted. Ask for less, or for a coverage, which adds spans.",
}


@dataclass(frozen=True)
class Threshold:
    """What has at least the score `value` is kept: so many, with this precision and recall on the documents it was
    chosen on. `interval` is that of the precision, 95 %."""

    value: float
    kept: int
    precision: float
    recall: float
    interval: tuple[float, float]


def find_threshold(outcomes: Outcomes, scores: Floats, *, measure: str, wanted: float) -> Threshold:
    """Of the thresholds that reach it, the lowest for a precision, since it keeps most; the highest for a recall.

    `scores` stand in place of the outcomes' own; equal ones are kept or dropped together.
    """
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.flatnonzero(np.diff(scores[order])), len(scores) - 1)  # of equal scores
    hits, kept = np.cumsum(outcomes.right[order])[last], last + 1
    reached = {"precision": hits / kept, "recall": hits / max(outcomes.gold, 1)}[measure]
    places = np.flatnonzero(reached >= wanted)
    if not len(places):
        raise DataError(
            f"No threshold reaches a {measure} of {wanted:g} on these {outcomes.count:,} documents; the best is "
            f"{reached.max():.3f}. {ADVICE[measure]}"
        )
    at = places[-1] if measure == "precision" else places[0]
    right, size = int(hits[at]), int(kept[at])
    value = float(scores[order][last[at]])
    return Threshold(value, size, right / size, right / max(outcomes.gold, 1), find_interval(right, size))
