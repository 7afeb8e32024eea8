"""Label Studio: a JSON list of tasks, as it is exported, and as it is imported with annotations or predictions.

A task has one text. Its first annotation that wasn't cancelled is read, else its first prediction.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from tagwright.errors import DataError
from tagwright.io.jsonl import scan_rows, write_rows
from tagwright.io.kind import PARTS, FileKind, note_losses, read_rows
from tagwright.io.shapes.shape import EXTRAS, Row, pack_extras, show, take_bounds, take_record, take_rows, take_score
from tagwright.io.shapes.spans import read_extras
from tagwright.io.source import write_text
from tagwright.text.document import Document, place_span
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Relation
from tagwright.text.span import Chars, Span
from tagwright.text.words import split_words

TASK_KEYS = ("id", "data", "annotations", "completions", "predictions")
FROM, TO, MODEL = "label", "text", "tagwright"


class LabelStudio(FileKind):
    """Tasks of labelled text. Spans with scores are written as predictions, others as annotations."""

    suffixes: ClassVar[tuple[str, ...]] = ()
    holds: ClassVar[frozenset[str]] = PARTS - {"joined", "gaps", "turns", "fields", "words"}
    looks = "its rows have 'data' with 'annotations' or 'predictions'"

    @classmethod
    def sniff(cls, path: Path, head: str) -> bool:
        return '"data"' in head and ('"annotations"' in head or '"predictions"' in head or '"completions"' in head)

    def scan(self, path: Path) -> Iterator[Document]:
        rows = scan_rows(path, self.ledger, encoding=self.options.encoding)
        yield from read_rows(path, rows, read=self._read_task)

    def _read_task(self, task: Row, name: str, where: str) -> Document:
        data = dict(take_record(task.get("data"), "'data'"))
        result = self._choose_result(task, where)
        text = data.pop(self._find_text(data, result), None)
        if not isinstance(text, str):
            raise DataError(f"The task's text is {show(text)}. Say which key of 'data' holds it: text_column.")
        reader = _ResultReader(text, split_words(text), self.ledger, where, result)
        meta = reader.read()
        identifier = data.pop("id", None)  # ours, beside which an export gives a task a number
        if identifier is None:
            identifier = task.get("id")
        if identifier is not None and not isinstance(identifier, str):
            meta["id"] = identifier
        group = data.pop("group", None) if isinstance(data.get("group"), str) else None
        for key in EXTRAS:
            if data.pop(key, None) is not None:
                self.ledger.note(f"extra {key!r}, whose name this library keeps for itself", where)
        rest = {key: value for key, value in task.items() if key not in TASK_KEYS}
        for key in rest:
            self.ledger.note(f"the task's {key!r}", where)
        return Document(
            text,
            reader.offsets,
            tuple(reader.spans),
            tuple(reader.edges),
            id=name if identifier in (None, "") else str(identifier),
            group=group,
            meta={**data, **meta},
        )

    def _choose_result(self, task: Row, where: str) -> list[Row]:
        """The items of the annotation or prediction to be read."""
        key = "annotations" if "annotations" in task else "completions"
        annotations = [take_record(item, f"{key}[{at}]") for at, item in enumerate(take_rows(task, key))]
        kept = [item for item in annotations if not item.get("was_cancelled")]
        made = [take_record(item, f"predictions[{at}]") for at, item in enumerate(take_rows(task, "predictions"))]
        if others := len(annotations) - 1 if kept else len(annotations):
            self.ledger.note("further or cancelled annotation of a task", where, count=others)
        if kept and made:
            self.ledger.note("prediction of a task that is annotated", where, count=len(made))
        if made and not kept and key in task:
            self.ledger.note("task that nobody has annotated: its prediction is read as its labels", where)
        if not kept and len(made) > 1:
            self.ledger.note("further prediction of a task", where, count=len(made) - 1)
        chosen = (kept or made or [{}])[0]
        return [take_record(item, f"result[{at}]") for at, item in enumerate(take_rows(chosen, "result"))]

    def _find_text(self, data: Row, result: list[Row]) -> str:
        """The key of the text: the one asked for, the one the labels point at, or the only text."""
        wanted = self.options.text_column
        if isinstance(wanted, str):
            return wanted
        named = next((item["to_name"] for item in result if isinstance(item.get("to_name"), str)), "text")
        texts = [key for key, value in data.items() if isinstance(value, str)]
        for key in (named, "text"):
            if key in texts:
                return key
        if len(texts) == 1:
            return texts[0]
        raise DataError(f"Which of {', '.join(map(repr, data)) or 'no keys'} in 'data' is the text? Say text_column.")

    def write(self, documents: Iterable[Document], path: Path) -> int:
        as_lines = path.name.removesuffix(".gz").endswith(".jsonl")
        with write_text(path, self.options.encoding) as text:
            return write_rows(map(self._make_task, documents), text, as_list=not as_lines)

    def _make_task(self, document: Document) -> Row:
        note_losses(document, self.ledger, holds=self.holds)
        meta = {key: value for key, value in document.meta.items() if key not in EXTRAS}
        number = meta.pop("id", None)
        for key in meta.keys() & {"text", "group"}:
            self.ledger.note(f"extra {key!r}, whose name this form needs", document.id)
            del meta[key]
        data: Row = {"text": document.text, **meta}
        task: Row = {"data": data}
        if document.group is not None:
            data["group"] = document.group
        if isinstance(number, int) and str(number) == document.id:
            task = {"id": number, **task}
        else:
            data["id"] = document.id
        result = _write_result(document)
        scores = [span.score for span in document.spans if span.score is not None]
        if scores:
            mean = sum(scores) / len(scores)
            return {**task, "predictions": [{"model_version": MODEL, "score": float(mean), "result": result}]}
        return {**task, "annotations": [{"result": result}]}


@dataclass
class _ResultReader:
    """Spans and relations from the items of one annotation."""

    text: str
    offsets: tuple[Chars, ...]
    ledger: Ledger
    where: str
    items: list[Row]
    spans: list[Span] = field(default_factory=list)
    edges: list[Relation] = field(default_factory=list)
    extras: list[Row] = field(default_factory=list)
    places: dict[object, int | None] = field(default_factory=dict)

    def read(self) -> dict[str, Any]:
        """Read all items; what is neither a span nor a relation is noted. Returns what goes into meta."""
        relations = [item for item in self.items if item.get("type") == "relation"]
        for at, item in enumerate(self.items):
            value = item.get("value")
            if isinstance(value, dict) and "start" in value and "end" in value:
                self._read_span(item, value, f"result[{at}]")
            elif item.get("type") != "relation":
                self.ledger.note(f"result of type {show(item.get('type'))}", self.where)
        for item in relations:
            self._read_relation(item)
        keys = ((*span.bounds, span.label) for span in self.spans)
        packed = pack_extras(keys, self.extras)
        return {"span_extras": packed} if packed else {}

    def _read_span(self, item: Row, value: Row, name: str) -> None:
        bounds = self._find_bounds(value, name)
        kind = str(item.get("type"))
        labels = value.get(kind, value.get("labels"))
        if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels) or not labels:
            raise DataError(f"{name} has the labels {show(labels)}, and a list of strings was expected.")
        identifier = item.get("id") if isinstance(item.get("id"), str) else None
        extra: Row = {} if identifier is None else {"id": identifier}
        if identifier is not None:
            self.places[identifier] = None
        for label in labels:
            span = place_span(self.offsets, [bounds], label=label)
            if span is None:
                self.ledger.note("span that touches no word", f"{self.where} {name} {label!r}")
                continue
            if self.places.get(identifier, 0) is None:
                self.places[identifier] = len(self.spans)
            self.spans.append(Span(span.start, span.end, label, take_score(item), span.fragments))
            self.extras.append(extra)

    def _find_bounds(self, value: Row, name: str) -> Chars:
        """The offsets; older exports count UTF-16 units, which shows where the text they state isn't there."""
        start, end, stated = value["start"], value["end"], value.get("text")
        if isinstance(stated, str) and isinstance(start, int) and isinstance(end, int) and not self.text.isascii():
            units = self.text.encode("utf-16-le", "surrogatepass")
            found = units[2 * start : 2 * end].decode("utf-16-le", "replace")
            if self.text[start:end] != stated and found == stated and start >= 0:
                first = len(units[: 2 * start].decode("utf-16-le", "replace"))
                return take_bounds(first, first + len(stated), what=name, limit=len(self.text))
        bounds = take_bounds(start, end, what=name, limit=len(self.text))
        if isinstance(stated, str) and stated.split() != self.text[slice(*bounds)].split():
            self.ledger.note("span whose stated text is not what stands at its offsets", f"{self.where} {name}")
        return bounds

    def _read_relation(self, item: Row) -> None:
        ends = [item.get("from_id"), item.get("to_id")]
        for end in ends:
            if not isinstance(end, str) or end not in self.places:
                raise DataError(
                    f"A relation names {show(end)}, which is no span of this task. Add the span, or drop the relation."
                )
        if item.get("direction") == "left":
            ends.reverse()
        head, tail = (self.places[end] for end in ends)
        labels = item.get("labels") or [""]
        if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
            raise DataError(f"A relation has the labels {show(labels)}, and a list of strings was expected.")
        if head is None or tail is None:
            self.ledger.note("relation of a span that touches no word", self.where)
            return
        self.edges.extend(Relation(head, tail, label, score=take_score(item)) for label in labels)


def _write_result(document: Document) -> list[Row]:
    extras = read_extras(document, "span_extras")
    ids: list[str] = []
    result: list[Row] = []
    for at, span in enumerate(document.spans):
        start, end = document.find_chars(span)
        known = extras.take((*span.bounds, span.label)).get("id")
        ids.append(known if isinstance(known, str) and known not in ids else f"s{at}")
        value = {"start": start, "end": end, "text": document.text[start:end], "labels": [span.label]}
        item: Row = {"id": ids[-1], "from_name": FROM, "to_name": TO, "type": "labels", "value": value}
        result.append(item if span.score is None else {**item, "score": float(span.score)})
    for edge in document.relations:
        item = {"type": "relation", "from_id": ids[edge.head], "to_id": ids[edge.tail], "direction": "right"}
        item["labels"] = [edge.label] if edge.label else []
        result.append(item if edge.score is None else {**item, "score": float(edge.score)})
    return result
