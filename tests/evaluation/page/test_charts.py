"""Charts: points where they belong, and lines of one point or one value."""

from hypothesis import given, settings
from hypothesis import strategies as st

from page_markup import Reader
from tagwright.evaluation.page.charts import DOTS, Chart, draw_chart
from tagwright.evaluation.page.frame import HEIGHT, WIDTH

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


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
