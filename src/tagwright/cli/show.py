"""What several verbs print: score tables, labelled text in colours, notes of what could not be held."""

from collections.abc import Iterable, Sequence
from zlib import crc32

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from tagwright.evaluation.report import Report
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.span import find_flat

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red", "bright_cyan", "bright_magenta", "bright_green")
MODES = ("exact", "boundary", "type", "partial")


def show_report(console: Console, report: Report, title: str) -> None:
    """The score table of one part: exact scores by label, then the four modes."""
    table = Table(title=f"{title}: {report.documents} documents, {report.words} words", title_justify="left")
    table.add_column("label")
    for column in ("precision", "recall", "F1", "gold", "predicted", "correct"):
        table.add_column(column, justify="right")
    for row in report.rows():
        if row.group == "exact" and row.part == "label" and row.counts is not None:
            counts = (str(row.counts.gold), str(row.counts.predicted), str(row.counts.correct))
            table.add_row(escape(row.label or ""), *(f"{100 * rate:.2f}" for rate in row.rates), *counts)
    table.add_section()
    for row in report.rows():
        if row.part != "label" and (row.group == "exact" or row.part == "micro"):
            counts = () if row.counts is None else (row.counts.gold, row.counts.predicted, row.counts.correct)
            name = f"{row.group} ({row.part})"
            table.add_row(name, *(f"{100 * rate:.2f}" for rate in row.rates), *map(str, counts))
    console.print(table)


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


def show_ledger(console: Console, ledger: Ledger, title: str) -> None:
    """What could not be held, if anything."""
    if ledger:
        console.print(f"[bold yellow]{title}[/]")
        for line in ledger.lines():
            console.print(f"  {escape(line)}", highlight=False, soft_wrap=True)


def pick_labelled(documents: Sequence[Document], count: int) -> list[Document]:
    """The first few documents that have a span, or the first few."""
    return ([document for document in documents if document.spans] or list(documents))[:count]
