"""Thresholds by wanted precision and recall, and what so few can say of a share."""

import numpy as np
import pytest
from scipy.stats import binomtest

from tagwright.errors import DataError
from tagwright.evaluation.calibration.intervals import count_needed, find_interval, find_reach
from tagwright.evaluation.calibration.outcomes import Outcomes
from tagwright.evaluation.calibration.threshold import find_threshold

SCORES = np.array([0.9, 0.8, 0.8, 0.6, 0.4, 0.2])
RIGHT = np.array([True, True, False, True, False, False])
OUTCOMES = Outcomes(SCORES, RIGHT, np.arange(6), 6, gold=4)


@pytest.mark.parametrize(
    ("measure", "wanted", "value", "kept"),
    [
        ("precision", 0.9, 0.9, 1),
        ("precision", 0.75, 0.6, 4),  # 3 of 4, though 2 of 3 is less
        ("precision", 0.5, 0.2, 6),
        ("recall", 0.25, 0.9, 1),
        ("recall", 0.5, 0.8, 3),  # equal scores stay together
        ("recall", 0.75, 0.6, 4),
    ],
)
def test_the_threshold_reaches_what_is_wanted(measure: str, wanted: float, value: float, kept: int) -> None:
    found = find_threshold(OUTCOMES, SCORES, measure=measure, wanted=wanted)
    assert (found.value, found.kept) == (value, kept)
    stays = found.value <= SCORES
    assert found.precision == RIGHT[stays].mean() and found.recall == RIGHT[stays].sum() / 4
    assert getattr(found, measure) >= wanted
    assert found.interval[0] <= found.precision <= found.interval[1]


def test_what_no_threshold_reaches_is_told() -> None:
    with pytest.raises(DataError, match="No threshold reaches a recall of 0.8.*best is 0.750.*or for a coverage"):
        find_threshold(OUTCOMES, SCORES, measure="recall", wanted=0.8)
    wrong = Outcomes(SCORES, ~RIGHT, np.arange(6), 6, gold=4)
    with pytest.raises(DataError, match="a precision of 0.9 on these 6 documents; the best is 0.500"):
        find_threshold(wrong, SCORES, measure="precision", wanted=0.9)


@pytest.mark.parametrize(("hits", "size"), [(0, 5), (3, 5), (5, 5), (90, 100)])
def test_the_interval_is_the_exact_binomial_one(hits: int, size: int) -> None:
    exact = binomtest(hits, size).proportion_ci(method="exact")
    assert find_interval(hits, size) == pytest.approx((exact.low, exact.high))


def test_more_documents_are_asked_for_where_less_is_known() -> None:
    assert find_reach(50, 100) == pytest.approx(0.098, abs=1e-3)
    assert find_reach(0, 0) == pytest.approx(0.98, abs=1e-2)
    assert count_needed(50, 100, reach=0.098) == pytest.approx(100, abs=1)
    assert count_needed(95, 100, reach=0.05) < count_needed(50, 100, reach=0.05)
