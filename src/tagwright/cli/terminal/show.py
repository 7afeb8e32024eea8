"""What several verbs print: score tables, labelled text in colours, what could not be held; no talk from below."""

import logging
import warnings
from collections.abc import Iterable, Iterator, Sequence
from zlib import crc32

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from tagwright.evaluation.page.elements import show_count
from tagwright.evaluation.page.tables import ABOUT
from tagwright.evaluation.report import Report, Row
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.span import find_flat

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red", "bright_cyan", "bright_magenta", "bright_green")
SHARES = {
    "accuracy": "word accuracy (labels of all words, those in no span too; borders don't count)",
    "joint": "joint",
    "slot_accuracy": "slot accuracy",
}
TABLES = {"exact": "label", "relations": "relation", "roles": "role", "slots": "slot"}


def quiet_libraries() -> None:
    """Progress bars and notices of the libraries underneath are for people who call them; errors still come through."""
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    for name in ("accelerate", "huggingface_hub"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="torch|transformers|accelerate|huggingface_hub")


def make_console() -> Console:
    """Standard output; what is not a terminal gets whole lines, however long."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=200)


def show_report(console: Console, report: Report, *, title: str) -> None:
    """The scores of one part: spans by label and in four modes, then relations, roles, fields where there are any."""
    for number, (group, head) in enumerate(_choose_tables(report)):
        size = f"{show_count(report.documents, 'document')}, {show_count(report.words, 'word')}"
        table = Table(title=f"{title}: {size}" if not number else None, title_justify="left")
        table.add_column(head)
        for column in ("precision", "recall", "F1", "gold", "predicted", "correct"):
            table.add_column(column, justify="right")
        for row in _list_rows(report, group, part="label"):
            table.add_row(*_format(row, escape(row.label or "")))
        table.add_section()
        for name in _list_totals(report, group):
            for row in (row for row in _list_rows(report, name) if row.part != "label"):
                if row.part == "micro" or name == group:
                    table.add_row(*_format(row, f"{name} ({row.part})"))
        console.print(table)
    for line in _list_remarks(report):
        console.print(line, soft_wrap=True)


def _list_remarks(report: Report) -> Iterator[str]:
    for name, meaning in SHARES.items():
        if name in report.groups and (name != "accuracy" or report.words):
            yield f"{meaning}: {100 * report.score(name):.2f}"
    if report.caution:
        yield f"[bold yellow]Note:[/] {report.caution}"
    for line in report.left_out:
        yield f"What scoring could not hold: {escape(line)}"


def show_legend(console: Console, reports: Iterable[Report]) -> None:
    """What the score tables of these reports count as right, and what their columns and last lines are."""
    groups = {name for report in reports for group, _ in _choose_tables(report) for name in _list_totals(report, group)}
    right = "; ".join(f"{name}: {meaning}" for name, (_, meaning) in ABOUT.items() if name in groups)
    if right:
        console.print(f"[dim]Right is, in {right}.[/]", soft_wrap=True)
        console.print(
            "[dim]precision: how much of what is predicted is right; recall: how much of gold is found; F1: their "
            "harmonic mean; micro: of all together; macro: the mean of the labels.[/]",
            soft_wrap=True,
        )


def _choose_tables(report: Report) -> list[tuple[str, str]]:
    """The groups with labels; spans are left out where neither side has any and something else is there."""
    found = [(group, head) for group, head in TABLES.items() if group in report.groups]
    return [(group, head) for group, head in found if report.groups[group].labels] or found[:1]


def _list_totals(report: Report, group: str) -> list[str]:
    extra = {"exact": ["boundary", "type", "partial"], "relations": ["relations_boundary"]}.get(group, [])
    return [group, *(name for name in extra if name in report.groups)]


def _list_rows(report: Report, group: str, *, part: str | None = None) -> Iterator[Row]:
    return (row for row in report.rows() if row.group == group and part in (None, row.part))


def _format(row: Row, name: str) -> list[str]:
    counts = [] if row.counts is None else [row.counts.gold, row.counts.predicted, row.counts.correct]
    return [name, *(f"{100 * rate:.2f}" for rate in row.rates), *map(str, counts)]


def show_documents(console: Console, documents: Iterable[Document]) -> None:
    """Labelled documents, each span in its label's colour with its score."""
    for document in documents:
        console.print(colour(document), soft_wrap=True)


def colour(document: Document) -> Text:
    """A document's text with its spans marked; of overlapping ones the outermost."""
    text, at = Text(), 0
    for span in find_flat(document.spans)[0]:
        start, end = document.find_chars(span)
        text.append(document.text[at:start])
        style = COLOURS[crc32(span.label.encode()) % len(COLOURS)]
        text.append(document.text[start:end], style=f"bold {style}")
        score = "" if span.score is None else f" {span.score:.2f}"
        text.append(f" [{span.label}{score}]", style=style)
        at = end
    text.append(document.text[at:])
    return text


def show_ledger(console: Console, ledger: Ledger, *, title: str) -> None:
    """What could not be held, if anything."""
    if ledger:
        console.print(f"[bold yellow]{title}[/]")
        for line in ledger.lines():
            console.print(f"  {escape(line)}", highlight=False, soft_wrap=True)


def pick_labelled(documents: Sequence[Document], count: int) -> list[Document]:
    """The first few documents that have a span, or the first few."""
    return ([document for document in documents if document.spans] or list(documents))[:count]
