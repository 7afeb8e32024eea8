"""What several verbs print: score tables, labelled text in colours, what could not be held; no talk from below."""

import logging
import warnings
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
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
from tagwright.text.relation import Field, Relation
from tagwright.text.span import Chars, Span, find_flat

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red", "bright_cyan", "bright_magenta", "bright_green")
SHARES = {
    "accuracy": "word accuracy (labels of all words, those in no span too; borders don't count)",
    "joint": "joint",
    "slot_accuracy": "slot accuracy",
}
SPANS = {"spans", "predicates"}  # parts of a document (see Document.only)
TABLES = {"exact": "label", "relations": "relation", "roles": "role", "slots": "slot"}


@contextmanager
def show_loading(what: str = "the libraries") -> Iterator[None]:
    """A sign of life on standard error, where that is a terminal, while libraries (and a model) load.

    Their progress bars and notices are for people who call them, and are off from then on; errors still come through.
    """
    with Console(stderr=True).status(f"Loading {escape(what)} ..."):
        from transformers.utils import logging as transformers_logging

        transformers_logging.set_verbosity_error()
        transformers_logging.disable_progress_bar()
        for name in ("accelerate", "huggingface_hub"):
            logging.getLogger(name).setLevel(logging.ERROR)
        warnings.filterwarnings("ignore", module="torch|transformers|accelerate|huggingface_hub")
        yield


def make_console() -> Console:
    """Standard output; what is not a terminal gets whole lines, however long."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=200)


def show_report(console: Console, report: Report, *, title: str, given: Collection[str] = ()) -> None:
    """The scores of one part: spans by label and in four modes, then relations, roles, fields where there are any.

    given: the parts that the labeler was shown; the scores of spans say nothing where those are spans.
    """
    for number, (group, head) in enumerate(_choose_tables(report, given)):
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
    for line in _list_remarks(report, given):
        console.print(line, soft_wrap=True)


def _list_remarks(report: Report, given: Collection[str]) -> Iterator[str]:
    for name, meaning in SHARES.items():
        if name in report.groups and (name != "accuracy" or (report.words and not SPANS & {*given})):
            yield f"{meaning}: {100 * report.score(name):.2f}"
    if report.caution:
        yield f"[bold yellow]Note:[/] {report.caution}"
    for line in report.left_out:
        yield f"What scoring could not hold: {escape(line)}"


def show_legend(console: Console, reports: Iterable[Report], *, given: Collection[str] = ()) -> None:
    """What the score tables of these reports count as right, and what their columns and last lines are."""
    tables = ((report, group) for report in reports for group, _ in _choose_tables(report, given))
    groups = {name for report, group in tables for name in _list_totals(report, group)}
    right = "; ".join(f"{name}: {meaning}" for name, (_, meaning) in ABOUT.items() if name in groups)
    if right:
        console.print(f"[dim]Right is, in {right}.[/]", soft_wrap=True)
        console.print(
            "[dim]precision: how much of what is predicted is right; recall: how much of gold is found; F1: their "
            "harmonic mean; micro: of all together; macro: the mean of the labels.[/]",
            soft_wrap=True,
        )


def _choose_tables(report: Report, given: Collection[str] = ()) -> list[tuple[str, str]]:
    """The groups with labels; spans are left out where neither side has any, or they are given, and something else is
    there."""
    found = [(group, head) for group, head in TABLES.items() if group in report.groups]
    named = [(group, head) for group, head in found if report.groups[group].labels]
    return (named[1:] if SPANS & {*given} and named[:1] == found[:1] else named) or found[:1]


def _list_totals(report: Report, group: str) -> list[str]:
    extra = {"exact": ["boundary", "type", "partial"], "relations": ["relations_boundary"]}.get(group, [])
    return [group, *(name for name in extra if name in report.groups)]


def _list_rows(report: Report, group: str, *, part: str | None = None) -> Iterator[Row]:
    return (row for row in report.rows() if row.group == group and part in (None, row.part))


def _format(row: Row, name: str) -> list[str]:
    counts = [] if row.counts is None else [row.counts.gold, row.counts.predicted, row.counts.correct]
    return [name, *(f"{100 * rate:.2f}" for rate in row.rates), *map(str, counts)]


def show_documents(console: Console, documents: Iterable[Document], *, given: Collection[str] = ()) -> None:
    """Labelled documents; `given` are the parts that the labeler was shown (see Document.only)."""
    for document in documents:
        for line in draw_document(document, given=given):
            console.print(line, soft_wrap=True)


def draw_document(document: Document, *, given: Collection[str] = ()) -> Iterator[Text]:
    """A text with its spans in brackets: the outermost, all labels of the same words together, the likeliest first.

    Beneath it the spans that overlap those, the relations, and the state after each turn that has one.
    """
    shown = set(document.only(given).spans)
    marks: dict[Chars, list[Span]] = {}
    for span in sorted(document.spans, key=_rank):
        if span.label:  # others are only there for the relations that name them
            marks.setdefault(document.find_chars(span), []).append(span)
    outermost, beneath = find_flat([spans[0] for spans in marks.values()])
    text, at = Text(), 0
    for span in outermost:
        start, end = document.find_chars(span)
        text.append(document.text[at:start]).append_text(_mark(document, marks[start, end], shown))
        at = end
    yield text.append(document.text[at:])
    for span in beneath:
        yield Text("  ").append_text(_mark(document, marks[document.find_chars(span)], shown))
    for edge in sorted(document.relations, key=_rank):
        head, tail = (document.cut(document.spans[end]) for end in (edge.head, edge.tail))
        yield Text(f"  {edge.label}({head}, {tail}){_tell_score(edge)}")
    for turn in sorted({field.turn for field in document.fields}):
        held = [field for field in document.fields if field.turn == turn]
        state = "; ".join(f"{field.name} = {' or '.join(field.values)}{_tell_score(field)}" for field in held)
        yield Text(f"  turn {turn + 1}: {state}")


def _mark(document: Document, spans: Sequence[Span], given: Collection[Span]) -> Text:
    """[Bo Chen | PER 0.57, ORG 0.32]: words with their labels; of a span that was given that is said."""
    style = COLOURS[crc32(spans[0].label.encode()) % len(COLOURS)]
    labels = ", ".join(f"{span.label}{' given' if span in given else _tell_score(span)}" for span in spans)
    words = document.text[slice(*document.find_chars(spans[0]))]
    return Text.assemble(("[", style), (words, f"bold {style}"), (f" | {labels}]", style))


def _rank(found: Span | Relation) -> float:
    return 0.0 if found.score is None else -found.score


def _tell_score(found: Span | Relation | Field) -> str:
    return "" if found.score is None else f" {found.score:.2f}"


def show_ledger(console: Console, ledger: Ledger, *, title: str) -> None:
    """What could not be held, if anything."""
    if ledger:
        console.print(f"[bold yellow]{title}[/]")
        for line in ledger.lines():
            console.print(f"  {escape(line)}", highlight=False, soft_wrap=True)


def pick_labelled(documents: Sequence[Document], count: int) -> list[Document]:
    """The first few documents that have a relation or a state, or a span, or the first few."""
    related = [document for document in documents if document.relations or document.fields]
    return (related or [document for document in documents if document.spans] or list(documents))[:count]
