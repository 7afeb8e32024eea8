"""curve.html: F1 over documents and over steps, the table, the learning rates. Writes no file."""

from collections.abc import Iterator, Mapping, Sequence

from tagwright.evaluation.page.elements import Html, cell, head, join, scroll, show_count, show_rate, tag
from tagwright.evaluation.page.page import draw_run, draw_section, render_sections
from tagwright.search.curves.outputs.lines import Axes, Line, Place, colour, draw_key, draw_lines
from tagwright.search.curves.run import Outcome
from tagwright.search.curves.spread import Spread
from tagwright.search.curves.summary import Point, Steps, list_points, list_steps

BANDS = (
    "Bands and intervals: 95 %, for the mean over draws of documents and training seeds, which are crossed; the "
    "documents that are scored are the same for all. Single runs have none."
)
FLATTERS = "There are no test documents: these are dev scores, which chose each run's epoch and each value's rate."
SPREADS = (
    "Draws: standard deviation of the means of draws; trainings: of the means of training seeds; rest: what neither "
    "explains. Difference: from the first value, on the same draws and seeds, so that their luck cancels out."
)
STEPS = (
    "The best dev F1 so far, with the weights that would be kept if training ended there. A run that has ended stays."
)


def render_curve(outcome: Outcome, *, facts: Mapping[str, str], recipe: str) -> str:
    """The page as HTML. The same outcome gives the same text."""
    sections = [_place("documents", "F1 over documents", *_draw_documents(outcome))]
    if steps := list_steps(outcome):
        sections.append(_place("steps", "F1 over steps", *_draw_steps(outcome, steps)))
    if outcome.trials:
        sections.append(_place("rates", "Learning rates", *_draw_rates(outcome)))
    sections.append(_place("run", "Run", draw_run(facts, recipe)))
    return render_sections(f"Learning curve: {', '.join(outcome.plan.dial.values)}", sections)


def _place(name: str, title: str, *content: Html) -> tuple[str, str, Html]:
    return name, title, draw_section(name, title, *content)


def _draw_documents(outcome: Outcome) -> Iterator[Html]:
    points, plan = list_points(outcome), outcome.plan
    by_value = [(value, [point for point in points if point.value == value]) for value in plan.dial.values]
    scores = [Line(value, [_at(point.documents, point.f1) for point in found]) for value, found in by_value]
    charts = [draw_lines(scores, Axes(f"Exact F1 on {outcome.part}", "documents", plan.sizes))]
    if len(by_value) > 1:
        apart = [Line(value, [_at(one.documents, one.difference) for one in found]) for value, found in by_value]
        charts.append(draw_lines(apart, Axes(f"Difference from {plan.dial.values[0]}", "documents", plan.sizes)))
    yield draw_key(plan.dial.values)
    yield tag("div", *charts, class_="charts")
    if outcome.part == "dev":
        yield tag("p", FLATTERS, class_="note")
    yield draw_points(points, plan.dial.values)
    yield tag("p", BANDS, " ", SPREADS, class_="note")


def _at(x: float, spread: Spread | None) -> Place:
    """In points; the first value is as far from itself as it is wide: not at all."""
    if spread is None:
        return Place(x, 0.0)
    low, high = (None if end is None else 100 * end for end in (spread.low, spread.high))
    return Place(x, 100 * spread.mean, low, high)


def draw_points(points: Sequence[Point], values: Sequence[str]) -> Html:
    """One row for each value at each size."""
    names = (
        "Documents",
        "Value",
        "F1",
        "Interval",
        "Draws",
        "Trainings",
        "Rest",
        "Difference",
        "Interval",
        "Runs",
        "Learned",
    )
    rows = []
    for point in points:
        spread, apart = point.f1, point.difference
        name = join([tag("i", class_=f"dot {colour(values.index(point.value))}"), point.value])
        cells = [
            cell(show_rate(spread.mean), class_="main"),
            cell(show_interval(spread)),
            *(cell(show_part(part)) for part in (spread.draws, spread.seeds, spread.rest)),
            cell("" if apart is None else f"{100 * apart.mean:+.2f}"),
            cell("" if apart is None else show_interval(apart)),
            cell(show_count(spread.runs), class_="count"),
            cell(show_count(point.moved), class_="count"),
        ]
        rows.append(
            tag(
                "tr",
                tag("th", show_count(point.documents), scope="row"),
                tag("td", name, style="text-align:left"),
                *cells,
            )
        )
    top = tag("thead", tag("tr", *(head(name, class_="wide" if name == "Value" else None) for name in names)))
    return scroll(tag("table", top, tag("tbody", *rows)), "F1 by documents and value")


def show_interval(spread: Spread) -> str:
    """Its ends in points."""
    return "–" if spread.low is None or spread.high is None else f"{show_rate(spread.low)} to {show_rate(spread.high)}"


def show_part(deviation: float | None) -> str:
    return "–" if deviation is None else show_rate(deviation)


def _draw_steps(outcome: Outcome, steps: Sequence[Steps]) -> Iterator[Html]:
    yield draw_key(outcome.plan.dial.values)
    charts = []
    for size in outcome.plan.sizes:
        found = [one for one in steps if one.documents == size]
        lines = [Line(one.value, [_at(step, spread) for step, spread in one.points]) for one in found]
        if lines:
            charts.append(draw_lines(lines, Axes("Best dev F1 so far", "step"), note=show_count(size, "document")))
    yield tag("div", *charts, class_="charts")
    yield tag("p", STEPS, class_="note")


def _draw_rates(outcome: Outcome) -> Iterator[Html]:
    """Every trial; the rate that was chosen stands out."""
    rows, most = [], max(len(rates) for rates in outcome.plan.rates.values())
    scores = {(record.cell.value, record.cell.rate): record.dev for record in outcome.trials}
    for value, rates in outcome.plan.rates.items():
        cells = []
        for rate in rates:
            number = show_rate(scores[value, rate])
            chosen = rate == outcome.rates[value]
            cells.append(cell(join([number, tag("small", f" at {rate:g}")]), class_="main" if chosen else None))
        rows.append(tag("tr", tag("th", value, scope="row"), *cells))
    names = tag("tr", head("Value"), head("Dev F1 of each trial", columns=most) if most > 1 else head("Dev F1"))
    yield scroll(tag("table", tag("thead", names), tag("tbody", *rows)), "Trials of learning rates")
    size = show_count(outcome.plan.middle, "document")
    yield tag("p", f"Each is one training on {size}, on seeds that no run has. Bold: chosen.", class_="note")
    for doubt in outcome.plan.find_doubts(outcome.trials, outcome.rates):
        yield tag("p", doubt, class_="note")
