"""Line charts as inline SVG: points over steps, with axes and ticks. Knows numbers, not what they mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from tagwright.evaluation.page.elements import Html, tag

Point = tuple[float, float]
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 400, 230, 46, 12, 12, 44  # small, so that its letters stay legible on a phone
DOTS = 30  # with more points than this the line alone is drawn

INTERVALS = 5  # between ticks, at most
TINIEST = 1e-300  # smaller numbers lose digits and have no power of ten


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


def find_ticks(low: float, high: float) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten that enclose `low` and `high`."""
    width = next((size for size in (high - low, abs(high)) if size > TINIEST), 1.0)
    power = 10.0 ** floor(log10(width / INTERVALS))
    step = next(power * factor for factor in (1, 2, 5, 10) if width / (power * factor) <= INTERVALS)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    if first == last:
        first, last = first - 1, last + 1
    return [float(f"{place * step:.10g}") for place in range(first, last + 1)]


def draw_chart(chart: Chart) -> Html:
    """The chart as a figure."""
    across, up = chart.ticks
    scale = _Scale(max(max(x for x, _ in chart.points), 1), (up[0], up[-1]))
    digits = max(len(f"{tick:g}".partition(".")[2]) for tick in up)
    grid = [_draw_level(scale, tick, digits=digits) for tick in up] + [_draw_step(scale, tick) for tick in across]
    title = tag("text", "step", x=WIDTH - RIGHT, y=HEIGHT - 6, class_="name", text_anchor="end")
    said = f"{chart.title} over steps. {chart.note}"
    drawing = tag(
        "svg", *grid, title, *_draw_line(chart, scale), viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=said
    )
    return tag("figure", tag("figcaption", tag("b", chart.title), tag("span", chart.note)), drawing)


@dataclass(frozen=True)
class _Scale:
    """From values to places in the drawing."""

    last: float
    range: tuple[float, float]

    def x(self, step: float) -> float:
        return round(LEFT + step / self.last * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        low, high = self.range
        return round(HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)


def _draw_level(scale: _Scale, tick: float, *, digits: int) -> Html:
    y = scale.y(tick)
    line = tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="level")
    return tag("g", line, tag("text", f"{tick:.{digits}f}", x=LEFT - 8, y=y + 4, text_anchor="end"))


def _draw_step(scale: _Scale, tick: float) -> Html:
    x, base = scale.x(tick), HEIGHT - BOTTOM
    line = tag("line", x1=x, x2=x, y1=base, y2=base + 4, class_="tick")
    return tag(
        "g", line, tag("text", f"{tick:,g}" if tick < 1e5 else f"{tick:.3g}", x=x, y=base + 18, text_anchor="middle")
    )


def _draw_line(chart: Chart, scale: _Scale) -> list[Html]:
    places = [(scale.x(x), scale.y(y)) for x, y in chart.points]
    line = tag("polyline", points=" ".join(f"{x:g},{y:g}" for x, y in places), class_="line")
    dots = places if len(places) <= DOTS else []
    drawn = [line, *(tag("circle", cx=x, cy=y, r=2.5, class_="point") for x, y in dots)]
    if chart.peak is not None:
        drawn.append(tag("circle", cx=scale.x(chart.peak[0]), cy=scale.y(chart.peak[1]), r=5, class_="peak"))
    return drawn
