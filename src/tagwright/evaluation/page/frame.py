"""Frames of drawings as inline SVG: places of values, levels and marks along the axes, and the figure around it all.

Knows numbers, not what they mean.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, log10

from tagwright.evaluation.page.elements import Html, tag

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 400, 230, 46, 12, 12, 44  # small, so that its letters stay legible on a phone
Point = tuple[float, float]
INTERVALS = 5  # between ticks, at most
TINIEST = 1e-300  # smaller numbers lose digits and have no power of ten
DOT = 2.5  # the radius of a point


@dataclass(frozen=True)
class Frame:
    """From values to places; those up lie between `low` and `high`, those across are given as shares of the width."""

    low: float
    high: float

    def x(self, share: float) -> float:
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        return round(HEIGHT - BOTTOM - (value - self.low) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM), 1)

    def draw_level(self, value: float, text: str) -> Html:
        """A line across, named at its left."""
        y = self.y(value)
        line = tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="level")
        return tag("g", line, tag("text", text, x=LEFT - 8, y=y + 4, text_anchor="end"))

    def draw_mark(self, share: float, text: str) -> Html:
        """A tick below the drawing, and its name."""
        x, base = self.x(share), HEIGHT - BOTTOM
        line = tag("line", x1=x, x2=x, y1=base, y2=base + 4, class_="tick")
        return tag("g", line, tag("text", text, x=x, y=base + 18, text_anchor="middle"))

    def draw_line(self, points: Iterable[Point], *, class_: str, dash: str | None = None) -> Html:
        """A line through points, each a share of the width and a value."""
        return tag("polyline", points=self.spell(points), class_=class_, stroke_dasharray=dash)

    def draw_dot(self, share: float, value: float, *, class_: str, radius: float = DOT) -> Html:
        return tag("circle", cx=self.x(share), cy=self.y(value), r=radius, class_=class_)

    def spell(self, points: Iterable[Point]) -> str:
        """Points as SVG lists them."""
        return " ".join(f"{self.x(share):g},{self.y(value):g}" for share, value in points)


def draw_figure(
    title: str, drawn: Iterable[Html], *, across: str, said: str, note: str = "", class_: str | None = None
) -> Html:
    """What was drawn, with its title and a note above. across: names the axis; said: read aloud in its place."""
    name = tag("text", across, x=WIDTH - RIGHT, y=HEIGHT - 6, class_="name", text_anchor="end")
    drawing = tag("svg", *drawn, name, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=said)
    return tag("figure", tag("figcaption", tag("b", title), tag("span", note)), drawing, class_=class_)


def find_ticks(low: float, high: float) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten that enclose `low` and `high`."""
    width = next((size for size in (high - low, abs(high)) if size > TINIEST), 1.0)
    power = 10.0 ** floor(log10(width / INTERVALS))
    step = next(power * factor for factor in (1, 2, 5, 10) if width / (power * factor) <= INTERVALS)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    if first == last:
        first, last = first - 1, last + 1
    return [float(f"{place * step:.10g}") for place in range(first, last + 1)]
