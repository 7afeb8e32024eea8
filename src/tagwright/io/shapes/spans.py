"""Labelled items of a row (spans, entities, relations) as Spans and Relations, and back. Knows no whole row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tagwright.errors import DataError
from tagwright.io.shapes.shape import (
    Extras,
    Row,
    pack_extras,
    show,
    take_bounds,
    take_record,
    take_rows,
    take_score,
    with_score,
)
from tagwright.text.document import Document, place_span
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Relation
from tagwright.text.span import Chars, Span

LABEL_KEYS = ("label", "type", "entity_group", "labels")
START_KEYS, END_KEYS = ("start", "start_offset"), ("end", "end_offset")
OWN_KEYS = {*LABEL_KEYS, *START_KEYS, *END_KEYS, "text", "score", "fragments"}
EDGE_KEYS = {*LABEL_KEYS, "head", "tail", "from_id", "to_id", "score"}
EDGE = """{"label", "head", "tail"}, with the places of two spans in their list, from 0 (or "from_id", "to_id")"""

Place = tuple[Chars, tuple[Chars, ...]]  # bounds, and the exact pieces in characters, if there are several
Placer = Callable[[Place, str], Span | None]


@dataclass
class SpanReader:
    """Reads the labelled items of one row; `places` says which span each item became (None: it touches no word).

    `limit` is the number of words or characters that bounds count, `place` makes a span of them.
    `size` is the number of characters: exact pieces (`fragments`) always count those.
    """

    limit: int
    size: int
    place: Placer
    ledger: Ledger
    where: str
    text: str | None = None  # to hold the items' own texts against
    spans: list[Span] = field(default_factory=list)
    extras: list[Row] = field(default_factory=list)
    places: list[int | None] = field(default_factory=list)
    ids: dict[Any, int] = field(default_factory=dict)

    def read(self, items: Sequence[object], what: str) -> None:
        """All items of a list: objects, or `[start, end, label]`; the faults of all are told together."""
        faults = []
        for at, item in enumerate(items):
            name = f"{what}[{at}]"
            try:
                self._read_item(_name_parts(item, name), name)
            except DataError as error:
                faults.append(error.reason)
        if faults:
            raise DataError("; ".join(fault.removesuffix(".") for fault in faults) + ".")

    def _read_item(self, item: Row, name: str) -> None:
        pieces = self._find_pieces(item, name)
        bounds = self._find_bounds(item, name, pieces)
        self._check_text(item, pieces or (bounds,), name)
        extra = {key: value for key, value in item.items() if key not in OWN_KEYS}
        place, score = None, take_score(item)
        for label in _find_labels(item, name):
            span = self.place((bounds, pieces), label)
            if span is None:
                self.ledger.note("span that touches no word", f"{self.where} {name} {label!r}")
                continue
            place = len(self.spans) if place is None else place
            self.spans.append(span if score is None else _scored(span, score))
            self.extras.append(extra)
        if isinstance(item.get("id"), str | int):
            self.ids[item["id"]] = len(self.places)
        self.places.append(place)

    def _find_pieces(self, item: Row, name: str) -> tuple[Chars, ...]:
        pieces = []
        for part in take_rows(item, "fragments"):
            start, end = part if isinstance(part, list) and len(part) == 2 else (None, None)
            pieces.append(take_bounds(start, end, what=f"a fragment of {name}", limit=self.size))
        return tuple(sorted(pieces))

    def _find_bounds(self, item: Row, name: str, pieces: tuple[Chars, ...]) -> Chars:
        start = next((item[key] for key in START_KEYS if key in item), None)
        end = next((item[key] for key in END_KEYS if key in item), None)
        if pieces and start is None and end is None:
            return pieces[0][0], pieces[-1][1]
        for border, value, keys in (("start", start, START_KEYS), ("end", end, END_KEYS)):
            if value is None:
                raise DataError(f"{name} has no {border}. Expected one of the keys {', '.join(keys)}.")
        return take_bounds(start, end, what=name, limit=self.limit)

    def _check_text(self, item: Row, pieces: tuple[Chars, ...], name: str) -> None:
        stated = item.get("text")
        if self.text is None or not isinstance(stated, str):
            return
        found = " ".join(self.text[start:end] for start, end in pieces)
        if stated.split() != found.split():
            self.ledger.note("span whose stated text is not what stands at its offsets", f"{self.where} {name}")

    def pack(self) -> Row:
        """The extras, ready for a document's meta."""
        packed = pack_extras(((*span.bounds, span.label) for span in self.spans), self.extras)
        return {"span_extras": packed} if packed else {}

    def read_relations(self, items: Sequence[object]) -> tuple[list[Relation], Row]:
        """Relations between the items read, by place (`head`, `tail`) or by id (`from_id`, `to_id`), and extras."""
        edges, extras = [], []
        for at, item in enumerate(items):
            name = f"relations[{at}]"
            if not isinstance(item, dict):
                raise DataError(f"{name} is {show(item)}, and an object was expected: {EDGE}.")
            row = item
            head, tail = (self._find_end(row, *keys, name) for keys in (("head", "from_id"), ("tail", "to_id")))
            if head is None or tail is None:
                self.ledger.note("relation of a span that touches no word", f"{self.where} {name}")
                continue
            for label in _find_labels(row, name):
                edges.append(Relation(head, tail, label, score=take_score(row)))
                extras.append({key: value for key, value in row.items() if key not in EDGE_KEYS})
        packed = pack_extras(((edge.head, edge.tail, edge.label) for edge in edges), extras)
        return edges, {"relation_extras": packed} if packed else {}

    def _find_end(self, row: Row, by_place: str, by_id: str, name: str) -> int | None:
        if by_place in row:
            if not self.places:
                raise DataError(f"{name} joins spans, and the row has none. Add its spans, or drop it.")
            place, count = row[by_place], len(self.places)
            if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place < count:
                raise DataError(
                    f"the {by_place} of {name} is {show(place)}, and the place of a span in their list was expected, "
                    f"from 0 to {count - 1}. The id of a span goes by '{by_id}'."
                )
            return self.places[place]
        if by_id not in row:
            raise DataError(f"{name} lacks '{by_place}' and has {', '.join(map(show, row))}. Expected {EDGE}.")
        key = row[by_id]
        if not isinstance(key, str | int) or key not in self.ids:
            raise DataError(f"the {by_id} of {name} is {show(key)}, and no span has this 'id'.")
        return self.places[self.ids[key]]


def _name_parts(item: object, name: str) -> Row:
    if isinstance(item, list):
        if len(item) != 3:
            raise DataError(f"{name} has {len(item)} values, and [start, end, label] was expected.")
        return dict(zip(("start", "end", "label"), item, strict=True))
    return take_record(item, name)


def place_words(place: Place, label: str) -> Span:
    """A span whose bounds count words already."""
    bounds, pieces = place
    return Span(*bounds, label, fragments=pieces)


def place_chars(offsets: Sequence[Chars]) -> Placer:
    """Makes spans of character offsets, over the words at `offsets`."""
    return lambda place, label: place_span(offsets, place[1] or (place[0],), label=label)


def _scored(span: Span, score: float) -> Span:
    return Span(span.start, span.end, span.label, score, span.fragments)


def _find_labels(item: Row, name: str) -> list[str]:
    """One label as a rule; annotation tools may give several as a list."""
    key = next((key for key in LABEL_KEYS if key in item), None)
    if key is None:
        raise DataError(f"{name} has no label. Expected one of the keys {', '.join(LABEL_KEYS)}.")
    labels = item[key] if isinstance(item[key], list) and item[key] else [item[key]]
    for label in labels:
        if not isinstance(label, str):
            raise DataError(f"the label of {name} is {show(label)}, and a string was expected.")
    return labels


def write_spans(document: Document) -> list[Row]:
    """Spans by character offsets: `{"start", "end", "label", "text"}`, with score, fragments and extras."""
    extras = read_extras(document, "span_extras")
    rows = []
    for span in document.spans:
        start, end = document.find_chars(span)
        row: Row = {"start": start, "end": end, "label": span.label, "text": document.cut(span)}
        if len(span.fragments) > 1:
            row["fragments"] = [list(fragment) for fragment in span.fragments]
        rows.append({**with_score(row, span.score), **extras.take((*span.bounds, span.label))})
    return rows


def write_relations(document: Document, label: str = "label") -> list[Row]:
    """Relations by the places of their spans, with score and extras."""
    extras = read_extras(document, "relation_extras")
    return [
        {
            **with_score({label: edge.label, "head": edge.head, "tail": edge.tail}, edge.score),
            **extras.take((edge.head, edge.tail, edge.label)),
        }
        for edge in document.relations
    ]


def read_extras(document: Document, key: str) -> Extras:
    """The packed extras of a document's spans or relations."""
    return Extras(document.meta.get(key, ()))


def take_items(row: Row, keys: Sequence[str]) -> tuple[list[Any], str]:
    """The first of several keys that holds a list of items, and its name."""
    for key in keys:
        value = row.get(key)
        if isinstance(value, list) and all(isinstance(item, dict | list) for item in value):
            return value, key
    return take_rows(row, keys[0]), keys[0]
