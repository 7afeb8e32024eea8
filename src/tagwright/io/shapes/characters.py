"""Rows of a text with spans by character offsets: ours (`text`, `spans`) and doccano's (`text`, `label`)."""

from typing import Any

from tagwright.errors import DataError
from tagwright.io.kind import PARTS
from tagwright.io.shapes.shape import (
    EXTRAS,
    Row,
    Shape,
    align,
    read_fields,
    read_turns,
    take_bounds,
    take_record,
    take_rows,
    take_strings,
    take_text,
    write_dialogue,
)
from tagwright.io.shapes.spans import SpanReader, place_chars, read_extras, take_items, write_relations, write_spans
from tagwright.text.document import Document
from tagwright.text.span import Chars
from tagwright.text.words import split_words

SPAN_KEYS = ("spans", "entities", "label", "labels")


class SpanShape(Shape):
    """`text` and `spans` [{start, end, label}], and what else a document has: ours where the text is original.

    Words are split from the text, unless the row says them: `offsets` [[start, end]], or `tokens` that line up.
    """

    holds = PARTS - {"joined"}
    keys = frozenset(("text", "spans", "relations", "turns", "fields", "offsets", "tokens", *EXTRAS))

    @classmethod
    def matches(cls, row: Row) -> bool:
        return "text" in row

    def read(self, row: Row, *, name: str, where: str) -> Document:
        text = take_text(row, "text")
        offsets = self._find_words(row, text, where)
        items, used = take_items(row, SPAN_KEYS)
        reader = SpanReader(len(text), len(text), place_chars(offsets), self.ledger, where, text)
        reader.read(items, used)
        edges, extras = reader.read_relations(take_rows(row, "relations"))
        rest = self.read_rest(row, name=name, used=used)
        rest["meta"] |= {**reader.pack(), **extras}
        return Document(
            text,
            offsets,
            spans=tuple(reader.spans),
            relations=tuple(edges),
            turns=read_turns(row, len(offsets)),
            fields=read_fields(row),
            **rest,
        )

    def _find_words(self, row: Row, text: str, where: str) -> tuple[Chars, ...]:
        if "offsets" in row:
            return _read_offsets(take_rows(row, "offsets"), "offsets", text)
        tokens: list[Any] = take_rows(row, "tokens")
        if tokens and isinstance(tokens[0], dict):
            pairs = [take_record(token, f"tokens[{at}]") for at, token in enumerate(tokens)]
            return _read_offsets([[pair.get("start"), pair.get("end")] for pair in pairs], "tokens", text)
        if tokens:
            if (offsets := align(take_strings(row, "tokens"), text)) is not None:
                return offsets
            self.ledger.note("words that don't line up with their text; the text was split instead", where)
        return split_words(text)

    def write(self, document: Document) -> Row:
        row: Row = {"text": document.text, "spans": write_spans(document)}
        if document.relations:
            row["relations"] = write_relations(document)
        if document.offsets != split_words(document.text):
            row["offsets"] = [list(word) for word in document.offsets]
        return {**row, **write_dialogue(document)}


def _read_offsets(pairs: list[Any], what: str, text: str) -> tuple[Chars, ...]:
    offsets, last = [], 0
    for at, pair in enumerate(pairs):
        start, end = pair if isinstance(pair, list) and len(pair) == 2 else (None, None)
        bounds = take_bounds(start, end, what=f"{what}[{at}]", limit=len(text))
        if bounds[0] < last:
            raise DataError(f"{what}[{at}] begins at {bounds[0]}, within the word before it.")
        offsets.append(bounds)
        last = bounds[1]
    return tuple(offsets)


class DoccanoShape(SpanShape):
    """doccano's rows: `label` [[start, end, label]]; with relations, `entities` and `relations` by ids."""

    holds = PARTS - {"joined", "gaps", "scores", "turns", "fields", "words"}

    def write(self, document: Document) -> Row:
        if not document.relations:
            spans = document.spans
            labels = [[*document.find_chars(span), span.label] for span in spans]
            if document.meta.get("span_extras"):
                self.ledger.note("extras of spans", document.id)
            return {"text": document.text, "label": labels}
        edges = read_extras(document, "relation_extras")
        entities, ids = self._write_entities(document)
        relations = [
            {
                "id": edges.take((edge.head, edge.tail, edge.label)).get("id", number),
                "from_id": ids[edge.head],
                "to_id": ids[edge.tail],
                "type": edge.label,
            }
            for number, edge in enumerate(document.relations)
        ]
        return {"text": document.text, "entities": entities, "relations": relations}

    @staticmethod
    def _write_entities(document: Document) -> tuple[list[Row], list[object]]:
        """Entities with the ids that were read, where each has its own, else with numbers."""
        known = read_extras(document, "span_extras")
        extras = [known.take((*span.bounds, span.label)) for span in document.spans]
        ids = [extra.get("id") for extra in extras]
        if not all(isinstance(each, str | int) for each in ids) or len(set(ids)) < len(ids):
            ids = list(range(len(extras)))
        entities = []
        for span, extra, identifier in zip(document.spans, extras, ids, strict=True):
            start, end = document.find_chars(span)
            entity: Row = {"id": identifier, "label": span.label, "start_offset": start, "end_offset": end}
            entities.append({**extra, **entity})
        return entities, ids
