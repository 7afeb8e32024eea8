"""All of one report: scores, labels, confusion, relations, fields, mistakes. Knows reports and labels' colours."""

from collections.abc import Iterator

from tagwright.evaluation.counts import Counts, Scores
from tagwright.evaluation.page.cases import draw_mistakes
from tagwright.evaluation.page.colours import Colours
from tagwright.evaluation.page.elements import Html, join, show_count, show_rate, tag
from tagwright.evaluation.page.heat import draw_confusion
from tagwright.evaluation.page.tables import draw_labels, draw_rates, draw_scores, sort_labels
from tagwright.evaluation.relations import GROUPS as EDGES
from tagwright.evaluation.report import Report

HEADLINES = {
    "exact.f1": "Exact F1",
    "relations.f1": "Relation F1",
    "roles.f1": "Role F1",
    "joint": "Joint goal accuracy",
}
NONE = Scores(Counts(), {})


def draw_headline(report: Report, part: str) -> Html:
    """The one number of a report, and what stands behind it."""
    found = {group: report.groups.get(group, NONE).micro.rates for group in report.main}
    if len(found) > 1:
        shown = {f"{group} F1": rates.f1 for group, rates in found.items()}
    elif "joint" in found:
        shown = {"accuracy of slots": report.groups.get("slot_accuracy", NONE).micro.rates.f1}
    else:
        ((_, rates),) = found.items()
        shown = {"precision": rates.precision, "recall": rates.recall}
    if report.words and has_spans(report):
        shown["word accuracy (words in no span too)"] = report.accuracy
    detail = [tag("li", f"{name} ", tag("b", show_rate(rate))) for name, rate in shown.items()]
    size = f"{show_count(report.documents, 'document')}, {show_count(report.words, 'word')}"
    title = HEADLINES.get(report.headline_name, f"Mean, {report.headline_title},")
    name = tag("p", f"{title} on {part}", class_="name")
    number = tag("p", show_rate(report.headline), class_="figure")
    notes = [tag("p", note, class_="note") for note in (size, report.caution) if note]
    return tag("div", name, number, tag("ul", *detail), *notes, class_="tile")


def has_spans(report: Report) -> bool:
    """Whether gold or the prediction has any."""
    counts = report.groups["exact"].micro
    return bool(counts.gold or counts.predicted)


def draw_part(report: Report, colours: Colours, *, name: str) -> Html:
    """The sections of a report; `name` is good for ids."""
    sections = [*_draw_spans(report, colours), *_draw_edges(report), *_draw_fields(report)]
    if not sections:
        sections = [tag("p", "Neither gold nor the prediction has a span, a relation or a field.", class_="note")]
    if has_spans(report):
        mistakes = draw_mistakes(report, colours, name=f"{name}-cases")
        sections.append(_title("Mistakes in their text", mistakes))
    return join(sections)


def _title(title: str, *content: Html) -> Html:
    return tag("section", tag("h3", title), *content)


def _draw_spans(report: Report, colours: Colours) -> Iterator[Html]:
    if not has_spans(report):
        return
    spans = report.spans
    yield _title("Scores", draw_scores(spans))
    lenient = {mode: spans[mode] for mode in ("type", "partial")}
    fold = tag("summary", "Labels by type and partial overlap")
    about = tag("p", "Within one label, boundary scores are the exact ones.", class_="note")
    rest = tag("details", fold, draw_rates(lenient, sort_labels(spans["exact"]), colours=colours), about)
    yield _title("Labels", draw_labels(spans["exact"], colours), rest)
    yield _title("Confusion", draw_confusion(report.confusion, colours))


def _draw_edges(report: Report) -> Iterator[Html]:
    groups = {group: report.groups[group] for group in EDGES.values() if group in report.groups}
    if not groups:
        return
    strict = groups["relations"]
    others = {group: scores for group, scores in groups.items() if group != "relations"}
    rest = tag("details", tag("summary", "Other ways of counting"), draw_rates(others, sort_labels(strict), colours={}))
    yield _title("Relations", draw_scores(groups), draw_labels(strict, {}, what="Relation"), rest)


def _draw_fields(report: Report) -> Iterator[Html]:
    if "slots" not in report.groups:
        return
    shares = (("Joint goal accuracy", "joint", "turns"), ("Slot accuracy", "slot_accuracy", "slots"))
    lines = []
    for title, group, what in shares:
        counts = report.groups[group].micro
        of = f"{show_count(counts.correct)} of {show_count(counts.gold)} {what}"
        lines.append(tag("li", f"{title} ", tag("b", show_rate(counts.precision)), tag("small", of)))
    slots = report.groups["slots"]
    tables = draw_scores({"slots": slots}), draw_labels(slots, {}, what="Slot")
    yield _title("Fields", tag("ul", *lines, class_="shares"), *tables)
