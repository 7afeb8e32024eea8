"""The page about a calibration: how often predictions of each score are right, before and after. Writes no file."""

from collections.abc import Iterator, Mapping

from tagwright.evaluation.calibration.fit import Fitted, Part
from tagwright.evaluation.calibration.reliability import Bin, Reliability
from tagwright.evaluation.page.elements import Html, cell, head, scroll, show_count, show_rate, tag
from tagwright.evaluation.page.frame import Frame, draw_figure
from tagwright.evaluation.page.page import draw_run, draw_section, render_sections

TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
ABOUT = (
    "Each point is a bin of equally many predictions: across, their mean score; up, the share of them that is right. "
    "On the diagonal, scores are probabilities. After: on documents that the map was not fitted on."
)


def render_calibration(fitted: Fitted, *, title: str, facts: Mapping[str, str]) -> str:
    """The page as HTML. The same calibration gives the same text."""
    sections = [(name, name.capitalize(), _draw_part(name, part)) for name, part in fitted.parts.items()]
    if fitted.notes:
        notes = tag("ul", *(tag("li", note, dir="auto") for note in fitted.notes), class_="lost")
        sections.append(("notes", "To bear in mind", draw_section("notes", "To bear in mind", notes)))
    sections.append(("run", "Run", draw_section("run", "Run", draw_run({**facts, **dict(tell_coverage(fitted))}, ""))))
    return render_sections(f"Calibration: {title}", sections, tiles=[*_draw_tiles(fitted)])


def _draw_tiles(fitted: Fitted) -> Iterator[Html]:
    for name, part in fitted.parts.items():
        heading = tag("p", f"Expected calibration error of {name}, in points", class_="name")
        number = tag("p", show_rate(part.after.error), class_="figure")
        told = [("before", show_rate(part.before.error)), ("95 % interval", show_interval(part.after))]
        told.append(("a perfect one would show", show_rate(part.after.perfect)))
        detail = tag("ul", *(tag("li", f"{what} ", tag("b", value)) for what, value in told))
        size = f"{show_count(part.predicted, 'prediction')}, {show_count(fitted.documents, 'document')}"
        yield tag("div", heading, number, detail, tag("p", size, class_="note"), class_="tile")


def show_interval(reliability: Reliability) -> str:
    """The interval of an error, in points."""
    low, high = reliability.interval
    return f"{show_rate(low)} to {show_rate(high)}"


def tell_coverage(fitted: Fitted) -> Iterator[tuple[str, str]]:
    """The coverage in words, where there is one: its setting, what it promises, what it did on these documents."""
    coverage, covered = fitted.calibration.coverage, fitted.covered
    if coverage is None or covered is None:
        return
    yield (
        "Coverage",
        (
            f"{100 * coverage.wanted:g} % of a document's gold spans, on average over documents drawn as these were; "
            f"± {200 * coverage.spread:.1f} points for what {show_count(coverage.documents, 'document')} can tell"
        ),
    )
    low, high = covered.interval
    yield (
        "On these documents, by which it was chosen",
        (
            f"{show_rate(covered.share)} % covered ({show_rate(low)} to {show_rate(high)}); {covered.added:.1f} spans "
            f"added to a document; {show_rate(covered.handed)} % of documents handed over"
        ),
    )


def _draw_part(name: str, part: Part) -> Html:
    charts = [
        draw_reliability("Before", part.before),
        draw_reliability(f"After ({part.choice.method})", part.after),
    ]
    names = tag("tr", head("Bin"), *(head(f"{what} {when}") for when in ("before", "after") for what in COLUMNS))
    rows = [tag("tr", cell(str(at)), *cells) for at, cells in enumerate(_list_cells(part), start=1)]
    table = tag("table", tag("thead", names), tag("tbody", *rows))
    fold = tag("details", tag("summary", "Bins in numbers"), scroll(table, "Bins"))
    drawn = tag("div", *charts, class_="charts")
    return draw_section(name, name.capitalize(), tag("p", ABOUT, class_="note"), drawn, fold)


COLUMNS = ("size", "score", "right")


def _list_cells(part: Part) -> Iterator[list[Html]]:
    for at in range(max(len(part.before.bins), len(part.after.bins))):
        yield [*_draw_bin(part.before.bins, at), *_draw_bin(part.after.bins, at)]


def _draw_bin(bins: tuple[Bin, ...], at: int) -> list[Html]:
    if at >= len(bins):
        return [cell("–") for _ in COLUMNS]
    return [cell(show_count(bins[at].count)), cell(f"{bins[at].score:.3f}"), cell(f"{bins[at].right:.3f}")]


def draw_reliability(title: str, reliability: Reliability) -> Html:
    """Shares of right ones over scores, beside the diagonal."""
    note, frame = f"error {show_rate(reliability.error)}", Frame(0.0, 1.0)
    drawn = [frame.draw_level(tick, f"{tick:.2f}") for tick in TICKS]
    drawn += [frame.draw_mark(tick, f"{tick:.2f}") for tick in TICKS]
    points = [(one.score, one.right) for one in reliability.bins]
    drawn += [frame.draw_line([(0, 0), (1, 1)], class_="level"), frame.draw_line(points, class_="line")]
    drawn += [frame.draw_dot(*point, class_="point", radius=3.5) for point in points]
    said = f"{title}: share of right predictions over their score, {note}"
    return draw_figure(title, drawn, across="score", said=said, note=note)
