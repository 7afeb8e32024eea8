"""Several lines with bands as inline SVG, each in a colour of its own. Knows numbers, not what they mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from tagwright.evaluation.page.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, find_ticks
from tagwright.evaluation.page.colours import PALETTE
from tagwright.evaluation.page.elements import Html, tag

DOTS = 12  # with more points than this the line alone is drawn
DASHES = (None, "6 3", "2 3")  # lines beyond the palette's colours differ by these


@dataclass(frozen=True)
class Place:
    """A point of a line, with the ends of its band where there is one."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Line:
    name: str
    places: Sequence[Place]


@dataclass(frozen=True)
class Axes:
    """What stands along the axes. `marks` are the places along a logarithmic axis; without any it is linear."""

    title: str
    across: str
    marks: Sequence[int] = ()


def colour(place: int) -> str:
    """The class of a line's colour, by its place among the others."""
    return f"c{place % len(PALETTE)}"


def draw_key(names: Sequence[str]) -> Html:
    """Which colour is whose."""
    items = [tag("li", tag("i", class_=f"dot {colour(place)}"), name) for place, name in enumerate(names)]
    return tag("ul", *items, class_="key")


def draw_lines(lines: Sequence[Line], axes: Axes, *, note: str = "") -> Html:
    """The chart as a figure; all places are in points of F1."""
    scale = _Scale.fit(lines, axes)
    drawn = [*(_draw_level(scale, tick) for tick in scale.up), *(_draw_mark(scale, mark) for mark in scale.marks)]
    drawn += [_draw_band(line, scale, class_=f"band {colour(place)}") for place, line in enumerate(lines)]
    for place, line in enumerate(lines):
        drawn += _draw_line(line, scale, place=place)
    drawn.append(tag("text", axes.across, x=WIDTH - RIGHT, y=HEIGHT - 6, class_="name", text_anchor="end"))
    said = f"{axes.title}. " + "; ".join(f"{line.name}: {line.places[-1].y:.2f} at the end" for line in lines)
    drawing = tag("svg", *drawn, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=said)
    return tag("figure", tag("figcaption", tag("b", axes.title), tag("span", note)), drawing, class_="many")


@dataclass(frozen=True)
class _Scale:
    """From values to places in the drawing; a logarithmic axis begins at its first mark."""

    up: Sequence[float]
    marks: Sequence[float]
    is_log: bool

    @classmethod
    def fit(cls, lines: Sequence[Line], axes: Axes) -> "_Scale":
        places = [place for line in lines for place in line.places]
        lowest = min(place.y if place.low is None else place.low for place in places)
        highest = max(place.y if place.high is None else place.high for place in places)
        last = max(place.x for place in places)
        marks = [*map(float, axes.marks)] or [tick for tick in find_ticks(0, last) if tick <= last]
        return cls(find_ticks(lowest, highest), marks, is_log=bool(axes.marks))

    def x(self, value: float) -> float:
        first, last = self.marks[0], self.marks[-1]
        if self.is_log:
            share = log(value / first) / log(last / first) if last > first else 0.5
        else:
            share = value / last if last else 0.5
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        low, high = self.up[0], self.up[-1]
        return round(HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)


def _draw_level(scale: _Scale, tick: float) -> Html:
    y = scale.y(tick)
    line = tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="level")
    return tag("g", line, tag("text", f"{tick:g}", x=LEFT - 8, y=y + 4, text_anchor="end"))


def _draw_mark(scale: _Scale, mark: float) -> Html:
    x, base = scale.x(mark), HEIGHT - BOTTOM
    line = tag("line", x1=x, x2=x, y1=base, y2=base + 4, class_="tick")
    return tag("g", line, tag("text", f"{mark:,g}", x=x, y=base + 18, text_anchor="middle"))


def _draw_band(line: Line, scale: _Scale, *, class_: str) -> Html:
    """Around the places that have one."""
    floor = [(scale.x(p.x), scale.y(p.low)) for p in line.places if p.low is not None]
    ceiling = [(scale.x(p.x), scale.y(p.high)) for p in line.places if p.high is not None]
    ring = [*floor, *reversed(ceiling)]
    return tag("polygon", points=" ".join(f"{x:g},{y:g}" for x, y in ring), class_=class_)


def _draw_line(line: Line, scale: _Scale, *, place: int) -> list[Html]:
    places = [(scale.x(p.x), scale.y(p.y)) for p in line.places]
    dash = DASHES[place // len(PALETTE) % len(DASHES)]
    points = " ".join(f"{x:g},{y:g}" for x, y in places)
    drawn = [tag("polyline", points=points, class_=f"line {colour(place)}", stroke_dasharray=dash)]
    dots = places if len(places) <= DOTS else []
    return drawn + [tag("circle", cx=x, cy=y, r=2.5, class_=f"point {colour(place)}") for x, y in dots]
