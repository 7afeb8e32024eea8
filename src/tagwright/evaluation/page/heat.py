"""Heat maps: labels confused, gold down and predicted across; layers read; weights chosen. Knows numbers alone."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tagwright.evaluation.mistakes import Confusion
from tagwright.evaluation.page.colours import Colours, draw_label
from tagwright.evaluation.page.elements import Html, cell, head, join, scroll, show_count, tag

MOST = 40  # labels drawn: a table of 100 x 100 can't be read


def draw_confusion(confusion: Confusion, colours: Colours) -> Html:
    """The table; the darker a cell, the larger its share of the gold label's spans."""
    labels = _find_labels(confusion)
    wrong = _count_wrong(confusion)
    drawn = sorted(sorted(labels, key=lambda label: (-wrong[label], label))[:MOST])
    names = [head(join([tag("span", draw_label(label, colours))]), class_="turned") for label in drawn]
    ends = [head(join([tag("span", name)]), class_="turned end") for name in ("missed", "wrong bounds")]
    rows = [_draw_row(confusion, label, drawn=drawn, colours=colours) for label in drawn]
    corner = tag("td", tag("small", "gold ↓  predicted →"), class_="corner")
    top = tag("thead", tag("tr", corner, *names, *ends))
    table = tag("table", top, tag("tbody", *rows, _draw_spurious(confusion, drawn)), class_="heat")
    left = len(labels) - len(drawn)
    note = f"Drawn are the {MOST} labels with the most mistakes; {show_count(left, 'label')} left out." if left else ""
    return join([scroll(table, "Confusion of labels"), *([tag("p", note, class_="note")] if note else [])])


def draw_layers(facts: Mapping[str, Any]) -> Iterator[Html]:
    """How much each layer counts for the words of each label, in hundredths; the darker, the more."""
    if not facts:
        return
    rows = dict(list(facts["labels"].items())[:MOST])
    about = "% of each word's state. 0 is the embeddings; O are words without a label."
    if left := len(facts["labels"]) - len(rows):
        about += f" {show_count(left, 'rarer label')} left out."
    yield _draw_shares(rows, facts["layers"], title="Layers read, by label", about=about)


def draw_choices(facts: Mapping[str, Any]) -> Iterator[Html]:
    """Where the single weights lie that were chosen to move: at the end, and from choice to choice."""
    if not facts:
        return
    about = "% of each layer's entries (across) of one kind (down) that were ever chosen. The head moves whole."
    yield _draw_shares(facts["ever"], facts["layers"], title="Weights that moved", about=about, digits=1)
    about = f"% of the chosen weights, after so many steps; {show_count(facts['choices'], 'choice')} in all."
    for name in ("layer", "kind"):
        rows, title = facts[f"by_{name}"], f"Chosen weights, by {name}"
        yield _draw_shares(rows, facts["steps"], title=title, about=about)


def _draw_shares(
    rows: Mapping[str, Sequence[float | None]], columns: Sequence[Any], *, title: str, about: str, digits: int = 0
) -> Html:
    """Shares of 1 as hundredths: the darker, the more."""
    most = max((share or 0 for row in rows.values() for share in row), default=0) or 1
    lines = [
        tag("tr", tag("th", name, scope="row"), *(_draw_share(share, most, digits=digits) for share in row))
        for name, row in rows.items()
    ]
    top = tag("thead", tag("tr", cell("", class_="corner"), *(head(str(column)) for column in columns)))
    table = tag("table", top, tag("tbody", *lines), class_="heat")
    return join([tag("p", f"{title}: {about}", class_="note"), scroll(table, title)])


def _draw_share(share: float | None, most: float, *, digits: int) -> Html:
    if share is None:
        return cell("·", class_="none")
    return tag("td", f"{100 * share:.{digits}f}", class_="hit", style=f"--p:{share / most:.2f}")


def _find_labels(confusion: Confusion) -> set[str]:
    found = {label for gold, row in confusion.cells.items() for label in (gold, *row)} | set(confusion.boundary)
    return found - {""}


def _count_wrong(confusion: Confusion) -> Counter[str]:
    """Mistakes that each label has a part in, on either side."""
    wrong = Counter(confusion.boundary)
    for gold, row in confusion.cells.items():
        for said, count in row.items():
            if gold != said:
                wrong.update({gold: count, said: count})
    return wrong


def _draw_row(confusion: Confusion, gold: str, *, drawn: list[str], colours: Colours) -> Html:
    row, bounds = confusion.cells.get(gold, {}), confusion.boundary.get(gold, 0)
    total = sum(row.values()) + bounds
    title = tag("th", draw_label(gold, colours), scope="row")
    cells = [_draw_cell(row.get(said, 0), total, kind="hit" if said == gold else "slip") for said in drawn]
    ends = [_draw_cell(count, total, kind="slip end") for count in (row.get("", 0), bounds)]
    return tag("tr", title, *cells, *ends)


def _draw_spurious(confusion: Confusion, drawn: list[str]) -> Html:
    """The last row. What has no gold span is shaded by its share of all spurious spans."""
    row = confusion.cells.get("", {})
    total = sum(row.values())
    cells = [_draw_cell(row.get(said, 0), total, kind="slip") for said in drawn]
    return tag(
        "tr", tag("th", "spurious", scope="row"), *cells, cell("", class_="end"), cell("", class_="end"), class_="end"
    )


def _draw_cell(count: int, total: int, *, kind: str) -> Html:
    if not count:
        return cell("·", class_="none end" if kind.endswith("end") else "none")
    return tag("td", show_count(count), class_=kind, style=f"--p:{count / total:.2f}")
