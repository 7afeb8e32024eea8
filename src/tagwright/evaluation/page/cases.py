"""The mistakes of a report: how many of each kind, and documents to look at, to be filtered by kind or label.

Knows reports and labels' colours.
"""

from collections.abc import Sequence

from tagwright.evaluation.mistakes import Case, Confusion
from tagwright.evaluation.page.colours import Colours
from tagwright.evaluation.page.elements import Html, join, show_count, tag
from tagwright.evaluation.page.texts import draw_case
from tagwright.evaluation.report import Report

FIRST = 10  # cases in sight; the others are folded
KINDS = {
    "missed": ("Missed", "gold has it, the model said nothing"),
    "spurious": ("Spurious", "the model said it, gold has nothing"),
    "label": ("Wrong label", "bounds agree, the labels differ"),
    "boundary": ("Wrong bounds", "label agrees; below the text where gold has it, above where the model said"),
}


def count_mistakes(confusion: Confusion) -> dict[str, int]:
    """All mistakes by kind."""
    cells = [(gold, said, count) for gold, row in confusion.cells.items() for said, count in row.items()]
    return {
        "missed": sum(count for gold, said, count in cells if gold and not said),
        "spurious": sum(count for gold, said, count in cells if said and not gold),
        "label": sum(count for gold, said, count in cells if gold and said and gold != said),
        "boundary": sum(confusion.boundary.values()),
    }


def draw_mistakes(report: Report, colours: Colours, *, name: str) -> Html:
    """The kinds with their counts, which is the legend too, then the documents."""
    found = count_mistakes(report.confusion)
    total, kinds = sum(found.values()), []
    for kind, (title, about) in KINDS.items():
        number = tag("span", show_count(found[kind]), class_="number")
        kinds.append(tag("li", tag("b", title, class_=f"m {kind}"), number, tag("small", about)))
    drawn = [draw_case(case, colours, kinds=_find_words(case, colours)) for case in report.cases]
    parts = [tag("ul", *kinds, class_="kinds")]
    if drawn:
        parts += [_draw_bar(report.cases, total, colours=colours, name=name), tag("div", *_fold(drawn), id=name)]
    elif total:
        parts.append(tag("p", "No document was kept to show them in.", class_="note"))
    return join(parts)


def _find_words(case: Case, colours: Colours) -> list[str]:
    """What the filter finds a case by: kinds of its mistakes, and places of their labels."""
    wrong = [mark for mark in case.marks if mark.kind != "right"]
    labels = sorted({label for mark in wrong for label in (mark.gold, mark.predicted) if label})
    order = sorted(colours)
    return [*sorted({mark.kind for mark in wrong}), *(f"label-{order.index(label)}" for label in labels)]


def _draw_bar(cases: Sequence[Case], total: int, *, colours: Colours, name: str) -> Html:
    """What is shown, and the filter; that one appears where scripts may run."""
    marks = [mark for case in cases for mark in case.marks if mark.kind != "right"]
    shown = sum(bool(mark.gold) or mark.kind == "spurious" for mark in marks)  # wrong bounds have two marks: gold's
    held = f"{show_count(len(cases), 'document')} with {show_count(shown)} of {show_count(total, 'mistake')}"
    said = f"{held}. What is only tinted is right."
    kinds = [tag("option", title, value=kind) for kind, (title, _) in KINDS.items()]
    labels = [tag("option", label, value=f"label-{place}") for place, label in enumerate(sorted(colours))]
    groups = [tag("optgroup", *kinds, label="Kind"), tag("optgroup", *labels, label="Label")]
    choice = tag("select", tag("option", "all", value=""), *groups, data_filters=name)
    return tag("div", tag("p", said, class_="note"), tag("label", "Show ", choice, hidden=""), class_="tools")


def _fold(drawn: list[Html]) -> list[Html]:
    if len(drawn) <= FIRST:
        return drawn
    more = tag("summary", f"{show_count(len(drawn) - FIRST, 'more document')}")
    return [*drawn[:FIRST], tag("details", more, *drawn[FIRST:], class_="more")]
