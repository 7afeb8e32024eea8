"""Frames: round ticks that enclose what they measure."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagwright.evaluation.page.frame import find_ticks

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 2.31, [0, 0.5, 1, 1.5, 2, 2.5]),
        (0, 100, [0, 20, 40, 60, 80, 100]),
        (71, 88.9, [70, 75, 80, 85, 90]),
        (5, 5, [4, 5, 6]),
        (0, 0, [-0.2, 0, 0.2]),
        (-1, 3, [-1, 0, 1, 2, 3]),
    ],
)
def test_ticks_are_round(low: float, high: float, ticks: list[float]) -> None:
    assert find_ticks(low, high) == ticks


@settings(max_examples=60)
@given(NUMBERS, NUMBERS)
def test_ticks_enclose_what_they_measure_and_are_few(a: float, b: float) -> None:
    low, high = sorted((a, b))
    ticks, slack = find_ticks(low, high), 1e-6 * (high - low)
    assert ticks[0] <= low + slack and ticks[-1] >= high - slack
    assert 2 <= len(ticks) <= 8 and ticks == sorted(set(ticks))
