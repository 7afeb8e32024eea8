"""Page: one self-contained HTML file about a training or an evaluation run. Knows reports and the log of a training.

No request leaves it: style, charts and script are within, and its policy forbids all else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from math import isfinite
from typing import Any

from tagwright.evaluation.page.charts import Chart, draw_chart
from tagwright.evaluation.page.colours import pick_colours, write_palette
from tagwright.evaluation.page.elements import Html, join, show_count, show_rate, tag
from tagwright.evaluation.page.frame import Point
from tagwright.evaluation.page.heat import draw_choices, draw_layers
from tagwright.evaluation.page.part import draw_headline, draw_part
from tagwright.evaluation.report import Report

Section = tuple[str, str, Html]  # id, title and content
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


@dataclass(frozen=True)
class Page:
    """What is told: `reports` by part (the first one in full, the others folded), `history` as the Trainer logs it.

    `facts` (model, data, seed, time ...) and `unheld` (what was lost or out of reach, counted) are lines for people.
    `sight` says of every layer of the model, the input's first, whether it looks right, `gates` how sure that is where
    it was learned. `layers` says how much the labeler reads of each layer for the words of each label, `choices` where
    the single weights lie that moved.
    """

    title: str
    facts: Mapping[str, str] = field(default_factory=dict)
    reports: Mapping[str, Report] = field(default_factory=dict)
    history: Sequence[Mapping[str, float]] = ()
    unheld: Sequence[str] = ()
    recipe: str = ""
    sight: Sequence[bool] = ()
    layers: Mapping[str, Any] = field(default_factory=dict)
    choices: Mapping[str, Any] = field(default_factory=dict)
    gates: str = ""


def render_page(page: Page) -> str:
    """The page as HTML. The same page gives the same text."""
    tiles = [draw_headline(report, part) for part, report in page.reports.items()]
    return render_sections(page.title, list(_draw_sections(page)), tiles=tiles)


def render_sections(title: str, sections: Sequence[Section], *, tiles: Sequence[Html] = ()) -> str:
    """A page of these sections under its title, with links to each."""
    links = [tag("a", heading, href=f"#{name}") for name, heading, _ in sections]
    top = tag(
        "header",
        tag("p", "Tagwright report", class_="name"),
        tag("h1", title, dir="auto"),
        *([tag("div", *tiles, class_="tiles")] if tiles else []),
        tag("nav", *links, aria_label="Sections"),
    )
    body = tag("body", tag("main", top, *(content for _, _, content in sections)), _write_script())
    return f"<!doctype html>\n{tag('html', _draw_head(title), body, lang='en')}\n"


def _draw_head(title: str) -> Html:
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("title", f"{title}: report"),
        tag("style", Html(write_palette() + _read("page.css"))),
    )


def _write_script() -> Html:
    return tag("script", Html(_read("filter.js")))


def _read(name: str) -> str:
    return files("tagwright.evaluation.page").joinpath(name).read_text("utf-8")


def _draw_sections(page: Page) -> Iterator[Section]:
    if page.sight:
        yield "sight", "Sight", draw_section("sight", "Sight", *draw_sight(page.sight, gates=page.gates))
    yield from _draw_parts(page.reports)
    charts = list(_draw_charts(page.history, _name_dev(page.reports)))
    if charts:
        yield "training", "Training", draw_section("training", "Training", tag("div", *charts, class_="charts"))
    lost = [tag("li", line, dir="auto") for line in _list_lost(page)]
    said = tag("ul", *lost, class_="lost") if lost else tag("p", "Nothing was reported.", class_="note")
    yield "lost", "Out of reach", draw_section("lost", "Out of reach", said)
    if page.facts or page.recipe:
        yield "run", "Run", draw_section("run", "Run", draw_run(page.facts, page.recipe), *_draw_model(page))


def _draw_model(page: Page) -> Iterator[Html]:
    yield from draw_layers(page.layers)
    yield from draw_choices(page.choices)


def draw_section(name: str, title: str, *content: Html) -> Html:
    """A section with its heading; `name` is its id."""
    return tag("section", tag("h2", title), *content, id=name, class_="part")


def _draw_parts(reports: Mapping[str, Report]) -> Iterator[Section]:
    labels = {label for report in reports.values() for label in report.groups["exact"].labels}
    colours = pick_colours(labels)
    for place, (part, report) in enumerate(reports.items()):
        name, title = f"part-{place}", part[:1].upper() + part[1:]
        content = draw_part(report, colours, name=name)
        if place == 0:
            yield name, title, draw_section(name, title, content)
        else:
            number = tag("span", f"{show_rate(report.headline)}, scores and mistakes", class_="note")
            fold = tag("details", tag("summary", tag("h2", title), number), content)
            yield name, title, tag("section", fold, id=name, class_="part folded")


def _list_lost(page: Page) -> list[str]:
    """What the run could not hold, and what scoring could not."""
    scoring = [f"{part}: {line}" for part, report in page.reports.items() for line in report.left_out]
    return [*page.unheld, *scoring]


def _name_dev(reports: Mapping[str, Report]) -> str:
    """What chooses the epoch: of several tasks the mean of their scores."""
    titles = {report.headline_title for part, report in reports.items() if part.endswith("dev")}
    return f"Dev {titles.pop()}" if len(titles) == 1 else "Mean dev score" if titles else "Dev F1"


def _draw_charts(history: Sequence[Mapping[str, float]], dev: str) -> Iterator[Html]:
    losses, broken = _find_points(history, "loss")
    if losses:
        note = f"last {losses[-1][1]:.4g}"
        if broken:
            note += f"; {show_count(broken, 'value')} not a number"
        yield draw_chart(Chart("Training loss", losses, note=note, from_zero=True))
    scores, _ = _find_points(history, "eval_f1")
    if scores:
        points = [(step, 100 * value) for step, value in scores]
        best = max(points, key=lambda point: point[1])
        yield draw_chart(Chart(dev, points, note=f"best {best[1]:.2f} at step {best[0]:,g}", peak=best))
    bits, _ = _find_points(history, "eval_bits_per_byte")
    if bits:
        yield draw_chart(Chart("Held-out bits per byte", bits, note=f"last {bits[-1][1]:.4g}"))


def _find_points(history: Sequence[Mapping[str, float]], name: str) -> tuple[list[Point], int]:
    """Step and value where the log has one, in order, and how many values are no number."""
    logged = [(entry.get("step", place), entry[name]) for place, entry in enumerate(history) if name in entry]
    points = sorted(point for point in logged if isfinite(point[1]))
    return points, len(logged) - len(points)


def draw_sight(flags: Sequence[bool], *, gates: str = "") -> Iterator[Html]:
    """A row of boxes, one for each layer with its number, filled where the layer looks right."""
    boxes = [
        tag("li", str(layer), class_="open" if flag else None, title="looks right" if flag else "looks left only")
        for layer, flag in enumerate(flags)
    ]
    about = "Sight: the layers from the input to the output; the filled ones look right."
    if boxes:
        yield tag("figure", tag("figcaption", about, class_="note"), tag("ul", *boxes), class_="sight")
    if gates:
        yield tag("p", f"{gates[0].upper()}{gates[1:]}.", class_="note")


def draw_run(facts: Mapping[str, str], recipe: str) -> Html:
    """The facts of a run, and its recipe folded."""
    told = [tag("div", tag("dt", name), tag("dd", value, dir="auto")) for name, value in facts.items()]
    parts = [tag("dl", *told)] if told else []
    if recipe:
        parts.append(tag("details", tag("summary", "Recipe"), tag("pre", recipe, tabindex="0")))
    return join(parts)
