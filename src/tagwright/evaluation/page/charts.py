"""Line charts: points over steps, with axes and ticks. Knows numbers, not what they mean."""

from collections.abc import Sequence
from dataclasses import dataclass

from tagwright.evaluation.page.elements import Html
from tagwright.evaluation.page.frame import Frame, Point, draw_figure, find_ticks

DOTS = 30  # with more points than this the line alone is drawn


@dataclass(frozen=True)
class Chart:
    """A line over steps; `note` stands beside the title, `peak` is a point to mark."""

    title: str
    points: Sequence[Point]
    note: str = ""
    peak: Point | None = None
    from_zero: bool = False

    @property
    def ticks(self) -> tuple[list[float], list[float]]:
        """Round numbers along the axes; those of y enclose all points."""
        xs, ys = zip(*self.points, strict=True)
        low = min(0.0, *ys) if self.from_zero else min(ys)
        across = [tick for tick in find_ticks(0, max(xs)) if tick <= max(xs)]
        return across, find_ticks(low, max(ys))


def draw_chart(chart: Chart) -> Html:
    """The chart as a figure."""
    across, up = chart.ticks
    frame, last = Frame(up[0], up[-1]), max(max(x for x, _ in chart.points), 1)
    digits = max(len(f"{tick:g}".partition(".")[2]) for tick in up)
    drawn = [frame.draw_level(tick, f"{tick:.{digits}f}") for tick in up]
    drawn += [frame.draw_mark(tick / last, f"{tick:,g}" if tick < 1e5 else f"{tick:.3g}") for tick in across]
    points = [(x / last, y) for x, y in chart.points]
    drawn.append(frame.draw_line(points, class_="line"))
    drawn += [frame.draw_dot(*point, class_="point") for point in points if len(points) <= DOTS]
    if chart.peak is not None:
        drawn.append(frame.draw_dot(chart.peak[0] / last, chart.peak[1], class_="peak", radius=5))
    return draw_figure(
        chart.title, drawn, across="step", said=f"{chart.title} over steps. {chart.note}", note=chart.note
    )
