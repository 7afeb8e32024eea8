"""curve.png: the charts of the page as one picture, drawn by matplotlib. Knows only figures."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tagwright.evaluation.page.colours import PALETTE
from tagwright.search.curves.outputs.lines import DOTS
from tagwright.search.curves.run import Outcome
from tagwright.search.curves.spread import Spread
from tagwright.search.curves.summary import list_points, list_steps

MISSING = "needs matplotlib: pip install 'tagwright[plot]', then give the same command again; nothing is trained anew."
SIDE = 4.2  # inches of a chart
LEAST = 5.0  # points of F1 that a chart spans about its lines


def can_draw() -> bool:
    """matplotlib is there."""
    return find_spec("matplotlib") is not None


def draw_picture(outcome: Outcome, path: Path) -> None:
    """F1 over documents, and beside it the best dev F1 so far over steps, a chart for each size."""
    from matplotlib.figure import Figure

    points, steps, plan = list_points(outcome), list_steps(outcome), outcome.plan
    stepped = [size for size in plan.sizes if any(one.documents == size for one in steps)]
    figure = Figure(figsize=(SIDE * (1 + len(stepped)), SIDE), layout="constrained")
    axes = figure.subplots(1, 1 + len(stepped), squeeze=False)[0]
    for place, value in enumerate(plan.dial.values):
        found = [point for point in points if point.value == value]
        _draw_line(
            axes[0], [point.documents for point in found], [point.f1 for point in found], name=value, place=place
        )
        for chart, size in zip(axes[1:], stepped, strict=True):
            for one in steps:
                if (one.value, one.documents) == (value, size):
                    xs, spreads = zip(*one.points, strict=True)
                    _draw_line(chart, xs, spreads, name=value, place=place)
    _set_documents(axes[0], plan.sizes, title=f"Exact F1 on {outcome.part}")
    for chart, size in zip(axes[1:], stepped, strict=True):
        chart.set(title=f"Best dev F1 so far, {size:,} documents", xlabel="step")
    for chart in axes:
        _look_at_means(chart)
    axes[0].legend(frameon=False)
    runs = f"up to {outcome.config.seeds} draws x {outcome.config.seeds} trainings"  # all documents have one draw
    figure.suptitle(f"{plan.dial.setting}: means of {runs}, with their 95 % intervals (wider ones are cut off)")
    figure.savefig(path, dpi=150)


def _draw_line(chart: Any, xs: Sequence[int], spreads: Sequence[Spread], *, name: str, place: int) -> None:
    light = PALETTE[place % len(PALETTE)][0]
    colour = tuple(int(part) / 255 for part in light.split())
    chart.plot(
        xs, [100 * spread.mean for spread in spreads], color=colour, label=name, marker="." if len(xs) <= DOTS else ""
    )
    held = [(x, s.low, s.high) for x, s in zip(xs, spreads, strict=True) if s.low is not None and s.high is not None]
    if held:
        at, low, high = zip(*held, strict=True)
        chart.fill_between(
            at, [100 * f1 for f1 in low], [100 * f1 for f1 in high], color=colour, alpha=0.15, linewidth=0
        )


def _look_at_means(chart: Any) -> None:
    """Scale the chart by its lines: of few runs the intervals are so wide that nothing else could be seen."""
    means = [f1 for line in chart.lines for f1 in line.get_ydata()]
    if means:
        reach = max(max(means) - min(means), LEAST) / 2
        chart.set(ylabel="F1", ylim=(max(min(means) - reach, 0), min(max(means) + reach, 100)))


def _set_documents(chart: Any, sizes: Sequence[int], *, title: str) -> None:
    chart.set(title=title, xlabel="documents", xscale="log")
    chart.minorticks_off()
    chart.set_xticks(sizes, [f"{size:,}" for size in sizes])
