"""Several lines with bands as inline SVG, each in a colour of its own. Knows numbers, not what they mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from tagwright.evaluation.page.colours import PALETTE
from tagwright.evaluation.page.elements import Html, tag
from tagwright.evaluation.page.frame import Frame, draw_figure, find_ticks

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
    levels, axis = _find_levels(lines), _Axis.fit(lines, axes)
    frame = Frame(levels[0], levels[-1])
    drawn = [frame.draw_level(level, f"{level:g}") for level in levels]
    drawn += [frame.draw_mark(axis.place(mark), f"{mark:,g}") for mark in axis.marks]
    drawn += [_draw_band(line, frame, axis, class_=f"band {colour(at)}") for at, line in enumerate(lines)]
    for at, line in enumerate(lines):
        points = [(axis.place(place.x), place.y) for place in line.places]
        dash = DASHES[at // len(PALETTE) % len(DASHES)]
        drawn.append(frame.draw_line(points, class_=f"line {colour(at)}", dash=dash))
        drawn += [frame.draw_dot(*point, class_=f"point {colour(at)}") for point in points if len(points) <= DOTS]
    said = f"{axes.title}. " + "; ".join(f"{line.name}: {line.places[-1].y:.2f} at the end" for line in lines)
    return draw_figure(axes.title, drawn, across=axes.across, said=said, note=note, class_="many")


@dataclass(frozen=True)
class _Axis:
    """From values to shares of the width; a logarithmic axis begins at its first mark."""

    marks: Sequence[float]
    is_log: bool

    @classmethod
    def fit(cls, lines: Sequence[Line], axes: Axes) -> "_Axis":
        last = max(place.x for line in lines for place in line.places)
        marks = [*map(float, axes.marks)] or [tick for tick in find_ticks(0, last) if tick <= last]
        return cls(marks, is_log=bool(axes.marks))

    def place(self, value: float) -> float:
        first, last = self.marks[0], self.marks[-1]
        if self.is_log:
            return log(value / first) / log(last / first) if last > first else 0.5
        return value / last if last else 0.5


def _find_levels(lines: Sequence[Line]) -> list[float]:
    """Round numbers that enclose all lines and their bands."""
    places = [place for line in lines for place in line.places]
    lows = [place.y if place.low is None else place.low for place in places]
    highs = [place.y if place.high is None else place.high for place in places]
    return find_ticks(min(lows), max(highs))


def _draw_band(line: Line, frame: Frame, axis: _Axis, *, class_: str) -> Html:
    """Around the places that have one."""
    floor = [(axis.place(place.x), place.low) for place in line.places if place.low is not None]
    ceiling = [(axis.place(place.x), place.high) for place in line.places if place.high is not None]
    return tag("polygon", points=frame.spell([*floor, *reversed(ceiling)]), class_=class_)
