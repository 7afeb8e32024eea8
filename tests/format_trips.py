"""Documents sent through a format and back: gold targets stand for what a model writes."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tagwright.formats.format import Answer, Format
from tagwright.formats.strings.faults import Faults
from tagwright.formats.tasks.task import Task
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger

Said = tuple[frozenset[Any], frozenset[Any], frozenset[Any]]


def travel(format: Format, document: Document, faults: Faults | None = None) -> Document:
    """What is read of a gold document's own targets, pass after pass, by one who knows only what is given."""
    faults, found = faults or Faults(), document.only(format.task.given)
    targets = {(pair.source, pair.part): pair.target for pair in format.write(document)}
    for number in range(format.passes):
        asks = format.ask(found, number)
        answers = [Answer(ask.part, _find_target(targets, ask.source, ask.part)) for ask in asks]
        found = format.read(found, answers, faults=faults)
    return found


def _find_target(targets: dict[Any, str], source: str, part: Any) -> str:
    """By source and part; a later pass numbers spans in the order they were found, so there the source decides."""
    if (source, part) in targets:
        return targets[source, part]
    found = {target for (other, _), target in targets.items() if other == source}
    if len(found) != 1:
        raise LookupError(f"{len(found)} targets for the source {source!r}")
    return found.pop()


def say(document: Document, task: Task[Any]) -> Said:
    """All that a document says of a task, without order."""
    spans = [(*span.bounds, span.label) for span in document.spans]
    edges = [(spans[edge.head], edge.label, spans[edge.tail]) for edge in document.relations]
    fields = [(field.turn, field.name, field.values[:1]) for field in document.fields]
    return (
        frozenset(spans if "spans" in {*task.predicts, *task.given} else ()),
        frozenset(edges if "relations" in task.predicts else ()),
        frozenset(fields if "fields" in task.predicts else ()),
    )


def list_unheld(format: Format, documents: Iterable[Document]) -> Ledger:
    ledger = Ledger()
    format.note_unheld(documents, ledger)
    return ledger


def settle_fields(gold: Document, found: Document) -> Document:
    """The gold document with, of values that are all right, the one that was found."""
    said = {(field.turn, field.name): field.values for field in found.fields}
    values = (said.get((field.turn, field.name), ()) for field in gold.fields)
    fields = (
        replace(field, values=value) if set(value) & set(field.values) else field
        for field, value in zip(gold.fields, values, strict=True)
    )
    return replace(gold, fields=tuple(fields))
