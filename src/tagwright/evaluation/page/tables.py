"""Score tables: one line for each way of counting, one line for each label. Knows scores, not what was counted."""

from collections.abc import Iterable, Mapping, Sequence

from tagwright.evaluation.counts import Counts, Rates, Scores
from tagwright.evaluation.page.colours import Colours, draw_label
from tagwright.evaluation.page.elements import Html, cell, head, join, scroll, show_count, show_rate, tag

ABOUT = {
    "exact": ("Exact", "bounds and label agree"),
    "boundary": ("Boundary", "bounds agree, whatever the label"),
    "type": ("Type", "label agrees, the two overlap"),
    "partial": ("Partial", "bounds agree; an overlap counts half"),
    "relations": ("Relations", "label, both ends and their labels agree"),
    "relations_boundary": ("Relations, boundary", "label and bounds of both ends agree"),
    "roles": ("Roles", "role and bounds of both ends agree"),
    "slots": ("Slots", "turn, name and value agree"),
}
RATES = ("Precision", "Recall", "F1")
COUNTS = ("Gold", "Predicted", "Correct")


def draw_scores(groups: Mapping[str, Scores]) -> Html:
    """Micro and macro precision, recall and F1 of each group, with counts."""
    first = tag("tr", cell(""), head("Micro", columns=3), head("Macro", columns=3), head("Counts", columns=3))
    names = tag("tr", cell(""), *(head(name) for name in (*RATES, *RATES, *COUNTS)))
    rows = (_draw_group(group, scores) for group, scores in groups.items())
    return scroll(tag("table", tag("thead", first, names), tag("tbody", *rows), class_="scores grouped"), "Scores")


def _draw_group(group: str, scores: Scores) -> Html:
    name, about = ABOUT[group]
    title = tag("th", name, tag("small", about), scope="row")
    return tag("tr", title, *_draw_cells(scores.micro.rates), *_draw_cells(scores.macro), *_draw_counts(scores.micro))


def _draw_cells(rates: Rates) -> list[Html]:
    return [
        *(cell(show_rate(rate)) for rate in (rates.precision, rates.recall)),
        cell(show_rate(rates.f1), class_="main"),
    ]


def _draw_counts(counts: Counts) -> list[Html]:
    half = [tag("small", f" + {show_count(counts.partial)} half")] if counts.partial else []
    return [
        *(cell(show_count(count), class_="count") for count in (counts.gold, counts.predicted)),
        cell(join([show_count(counts.correct), *half]), class_="count"),
    ]


def draw_labels(scores: Scores, colours: Colours, *, what: str = "Label") -> Html:
    """One line per label, best F1 first, with a bar."""
    names = tag("tr", head(what), head("F1", class_="wide"), *(head(name) for name in (*RATES[:2], *COUNTS)))
    rows = (_draw_label(label, scores.labels[label], colours=colours) for label in sort_labels(scores))
    return scroll(tag("table", tag("thead", names), tag("tbody", *rows), class_="labels"), f"Scores by {what.lower()}")


def sort_labels(scores: Scores) -> list[str]:
    """Best F1 first."""
    return sorted(scores.labels, key=lambda label: (-scores.labels[label].f1, label))


def _draw_label(label: str, counts: Counts, *, colours: Colours) -> Html:
    rail = tag("span", tag("i", style=f"width:{show_rate(counts.f1)}%"), class_="rail", aria_hidden="true")
    bar = tag("div", rail, tag("span", show_rate(counts.f1), class_="main"), class_="bar")
    rates = (cell(show_rate(rate)) for rate in (counts.precision, counts.recall))
    title = tag("th", draw_label(label, colours), scope="row")
    return tag("tr", title, cell(bar, class_="wide"), *rates, *_draw_counts(counts))


def draw_rates(groups: Mapping[str, Scores], labels: Sequence[str], *, colours: Colours) -> Html:
    """Precision, recall and F1 of these labels in several groups side by side."""
    first = tag("tr", cell(""), *(head(ABOUT[group][0], columns=3) for group in groups))
    names = tag("tr", head("Label"), *(head(name) for _ in groups for name in RATES))
    rows = (
        tag("tr", tag("th", draw_label(label, colours), scope="row"), *_draw_line(label, groups.values()))
        for label in labels
    )
    return scroll(
        tag("table", tag("thead", first, names), tag("tbody", *rows), class_="grouped"),
        "Labels in other ways of counting",
    )


def _draw_line(label: str, columns: Iterable[Scores]) -> list[Html]:
    return [each for scores in columns for each in _draw_cells(scores.labels.get(label, Counts()).rates)]
