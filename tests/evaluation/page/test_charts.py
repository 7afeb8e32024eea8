"""Charts: round ticks, points where they belong, and lines of one point or one value."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from page_markup import Reader
from tagwright.evaluation.page.charts import DOTS, Chart, draw_chart
from tagwright.evaluation.page.frame import HEIGHT, WIDTH, find_ticks

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


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 10**6), NUMBERS), min_size=1, max_size=50))
def test_every_point_lies_in_the_drawing(points: list[tuple[float, float]]) -> None:
    read = Reader(draw_chart(Chart("Loss", sorted(points), from_zero=True)))
    drawn = str(read.find("polyline")[0]["points"]).split()
    assert len(drawn) == len(points) and len(read.find("circle")) == (len(points) if len(points) <= DOTS else 0)
    for point in drawn:
        x, y = map(float, point.split(","))
        assert 0 <= x <= WIDTH and 0 <= y <= HEIGHT


def test_a_chart_says_what_it_shows_and_marks_its_peak() -> None:
    read = Reader(draw_chart(Chart("Dev F1", [(10, 50), (20, 80)], note="best 80.00", peak=(20, 80))))
    assert len(read.find("circle", "peak")) == 1
    assert "best 80.00" in read.text and "step" in read.text
    assert "Dev F1" in str(read.find("svg")[0]["aria-label"])
