"""Charts as SVG text, on white so that they can be read on dark pages too. Knows numbers and names, no study."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from tagwright.evaluation.page.frame import find_ticks

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 360, 230, 44, 12, 30, 46
BLUE, ORANGE, GREY, INK = "#2563a8", "#c2570c", "#d4d4d4", "#333"


@dataclass(frozen=True)
class Panel:
    """One panel; values lie between `low` and `high`, places along the bottom between 0 and 1."""

    title: str
    low: float
    high: float
    ticks: Sequence[float]

    @classmethod
    def around(cls, title: str, values: Sequence[float]) -> "Panel":
        ticks = find_ticks(min(values), max(values))
        return cls(title, min(ticks[0], *values), max(ticks[-1], *values), ticks)

    def x(self, share: float) -> float:
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        span = self.high - self.low or 1.0
        return round(HEIGHT - BOTTOM - (value - self.low) / span * (HEIGHT - TOP - BOTTOM), 1)

    def draw(self) -> list[str]:
        lines = [write(self.title, x=LEFT, y=16, anchor="start", bold=True)]
        for tick in self.ticks:
            lines.append(line(self.x(0), self.y(tick), self.x(1), self.y(tick), colour=GREY))
            lines.append(write(f"{tick:g}", x=LEFT - 6, y=self.y(tick) + 4, anchor="end"))
        return lines


def draw_plans(scores: Mapping[str, float], *, title: str, marked: str) -> list[str]:
    """A dot for each plan, `none` as a level line, the marked plan in another colour."""
    frame = Panel.around(title, list(scores.values()))
    level = frame.y(next(iter(scores.values())))
    drawn = [*frame.draw(), line(frame.x(0), level, frame.x(1), level, colour=BLUE, dashed=True)]
    for number, (plan, score) in enumerate(scores.items()):
        x = frame.x((number + 0.5) / len(scores))
        drawn.append(dot(x, frame.y(score), colour=ORANGE if plan == marked else BLUE))
        drawn.append(write(plan, x=x + 3, y=HEIGHT - BOTTOM + 8, anchor="end", turn=-60))
    return drawn


def draw_gains(gains: Mapping[str, tuple[float, float, float, float]], *, title: str, along: str) -> list[str]:
    """name -> (place along the bottom, value, low, high): a dot with its interval, over a line at 0."""
    values = [value for _, *three in gains.values() for value in three]
    frame = Panel.around(title, [0.0, *values])
    steps = find_ticks(min(place for place, *_ in gains.values()), max(place for place, *_ in gains.values()))
    low, reach = steps[0], steps[-1] - steps[0] or 1.0
    drawn = [*frame.draw(), line(frame.x(0), frame.y(0), frame.x(1), frame.y(0), colour=INK)]
    for step in steps:
        drawn.append(write(f"{step:g}", x=frame.x((step - low) / reach), y=HEIGHT - BOTTOM + 16))
    drawn.append(write(along, x=frame.x(1), y=HEIGHT - 8, anchor="end"))
    for name, (place, value, least, most) in gains.items():
        x = frame.x((place - low) / reach)
        drawn.append(line(x, frame.y(least), x, frame.y(most), colour=BLUE))
        drawn.append(dot(x, frame.y(value), colour=BLUE))
        is_right = place - low > reach / 2
        drawn.append(
            write(name, x=x + (-7 if is_right else 7), y=frame.y(value) + 4, anchor="end" if is_right else "start")
        )
    return drawn


def join_panels(panels: Sequence[Sequence[str]], *, said: str, columns: int = 2) -> str:
    """Panels side by side in one SVG; `said` is what a reader without eyes is told."""
    columns = min(columns, len(panels))
    wide, high = WIDTH * columns, HEIGHT * -(-len(panels) // columns)
    moved = [
        f'<g transform="translate({WIDTH * (number % columns)} {HEIGHT * (number // columns)})">{"".join(panel)}</g>'
        for number, panel in enumerate(panels)
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" role="img"'
    style = f'font-family="sans-serif" font-size="11" fill="{INK}"'
    body = "\n".join([f'<rect width="{wide}" height="{high}" fill="white"/>', *moved])
    return f"{head} {style}>\n<title>{escape(said)}</title>\n{body}\n</svg>\n"


def show(drawing: str, page: Path, name: str) -> str:
    """Keep a chart beside the page, and the line that shows it; nothing where nothing was drawn."""
    if not drawing:
        return ""
    path = page.with_name(f"{page.stem}-{name}.svg")
    path.write_text(drawing, encoding="utf-8")
    return f"\n\n![{name}]({path.name})"


def line(x1: float, y1: float, x2: float, y2: float, *, colour: str, dashed: bool = False) -> str:
    dashes = ' stroke-dasharray="4 3"' if dashed else ""
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{colour}"{dashes}/>'


def dot(x: float, y: float, *, colour: str) -> str:
    return f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/>'


def write(text: str, *, x: float, y: float, anchor: str = "middle", bold: bool = False, turn: int = 0) -> str:
    extra = (' font-weight="bold"' if bold else "") + (f' transform="rotate({turn} {x} {y})"' if turn else "")
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}"{extra}>{escape(text)}</text>'
