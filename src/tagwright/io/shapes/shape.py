"""Shape: one form of a JSON row, read into a document and written from one. Checks values; knows no particular form.

A row's keys that a shape doesn't know are kept in `Document.meta` under their own names, and written back.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from tagwright.errors import DataError
from tagwright.io.kind import PARTS, FileOptions
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Field, Turn
from tagwright.text.span import Chars

Row = dict[str, Any]
EXTRAS = ("span_extras", "relation_extras")


@dataclass
class Shape(ABC):
    """One form of a row. `keys` are the row's keys that it reads, `holds` the parts of a document it can write."""

    options: FileOptions
    ledger: Ledger
    keys: ClassVar[frozenset[str]]
    holds: ClassVar[frozenset[str]] = PARTS

    @classmethod
    @abstractmethod
    def matches(cls, row: Row) -> bool:
        """The row has this form."""

    @abstractmethod
    def read(self, row: Row, *, name: str, where: str) -> Document:
        """The document of a row; `name` is its id if it has none, `where` its place for the ledger."""

    @abstractmethod
    def write(self, document: Document) -> Row:
        """The row of a document, without its id and meta."""

    def read_rest(self, row: Row, *, name: str, used: str = "") -> dict[str, Any]:
        """The parts that every shape shares, as arguments of a document: id, group, meta (all but the `used` key)."""
        for key in EXTRAS:
            if key in row:
                raise DataError(f"{key!r} is a name this library keeps for itself. Rename it.")
        meta = {key: value for key, value in row.items() if key not in {*self.keys, used, "group"}}
        identifier = meta.pop("id", None)
        if identifier is not None and not isinstance(identifier, str | int | float):
            raise DataError(f"'id' is {show(identifier)}, and a string or a number was expected.")
        if identifier is not None and not isinstance(identifier, str):
            meta["id"] = identifier  # kept as it was, to be written back so
        group = row.get("group")
        if group is not None and not isinstance(group, str):
            meta["group"], group = group, None
        return {"id": name if identifier in (None, "") else str(identifier), "group": group, "meta": meta}

    def write_rest(self, document: Document, row: Row, *, with_id: bool) -> Row:
        """The row with id, group and meta around it."""
        meta = {key: value for key, value in document.meta.items() if key not in EXTRAS}
        number = meta.pop("id", None)
        head: Row = {"id": number if str(number) == document.id else document.id} if with_id else {}
        if document.group is not None:
            head["group"] = document.group
        for key in set(meta) & {*row, *head, *self.keys}:
            self.ledger.note(f"extra {key!r}, whose name this form needs", document.id)
            del meta[key]
        return {**head, **row, **meta}


def show(value: object) -> str:
    """A value, short, for a message."""
    text = ascii(value) if not isinstance(value, list | dict) or len(value) < 20 else f"a {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."


def take_text(row: Mapping[str, Any], key: str) -> str:
    """A string."""
    value = row.get(key)
    if not isinstance(value, str):
        raise DataError(f"{key!r} is {show(value)}, and a string was expected.")
    return value


def take_rows(row: Mapping[str, Any], key: str) -> list[Any]:
    """A list; an absent or null one is empty."""
    value = row.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise DataError(f"{key!r} is {show(value)}, and a list was expected.")
    return value


def take_strings(row: Mapping[str, Any], key: str) -> list[str]:
    """A list of strings."""
    values = take_rows(row, key)
    for at, value in enumerate(values):
        if not isinstance(value, str):
            raise DataError(f"{key}[{at}] is {show(value)}, and a string was expected.")
    return values


def take_record(value: object, what: str) -> Row:
    """A JSON object."""
    if not isinstance(value, dict):
        raise DataError(f"{what} is {show(value)}, and an object was expected.")
    return value


def take_index(value: object, what: str, *, limit: int) -> int:
    """A whole number from 0 to `limit`, both included."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise DataError(f"{what} is {show(value)}, and a whole number was expected.")
    if not 0 <= value <= limit:
        raise DataError(f"{what} is {show(value)}, and a number from 0 to {limit} was expected.")
    return value


def take_bounds(start: object, end: object, *, what: str, limit: int) -> Chars:
    """A start and an end after it, both within `limit`."""
    first = take_index(start, f"the start of {what}", limit=limit)
    last = take_index(end, f"the end of {what}", limit=limit)
    if first >= last:
        raise DataError(f"{what} ends at {last}, not after its start {first}.")
    return first, last


def take_score(row: Mapping[str, Any]) -> float | None:
    """The score of a span, a relation or a field, or None."""
    value = row.get("score")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataError(f"'score' is {show(value)}, and a number was expected.")
    try:
        score = float(value)
    except OverflowError:
        score = math.inf
    if not math.isfinite(score):
        raise DataError(f"'score' is {show(value)}, and a finite number was expected.")
    return score


def align(words: Sequence[str], text: str) -> tuple[Chars, ...] | None:
    """The words' offsets in the text, or None where anything but white space lies between them."""
    offsets, at = [], 0
    for word in words:
        start = text.find(word, at) if word else -1
        if start < 0 or (start > at and not text[at:start].isspace()):
            return None
        at = start + len(word)
        offsets.append((start, at))
    return tuple(offsets) if not text[at:].strip() else None


def read_turns(row: Row, words: int) -> tuple[Turn, ...]:
    """The turns of our own rows: `{"speaker", "words": [start, end]}`."""
    turns = []
    for at, item in enumerate(take_rows(row, "turns")):
        turn = take_record(item, f"turns[{at}]")
        bounds = take_rows(turn, "words")
        if len(bounds) != 2:
            raise DataError(f"turns[{at}] needs 'words': [start, end].")
        start = take_index(bounds[0], f"the start of turns[{at}]", limit=words)
        end = take_index(bounds[1], f"the end of turns[{at}]", limit=words)
        if end < start:
            raise DataError(f"turns[{at}] ends at {end}, before its start {start}.")
        turns.append(Turn(take_text(turn, "speaker"), start, end))
    return tuple(turns)


def read_fields(row: Row) -> tuple[Field, ...]:
    """The dialogue state of our own rows: `{"name", "values", "turn"}`."""
    fields = []
    for at, item in enumerate(take_rows(row, "fields")):
        field = take_record(item, f"fields[{at}]")
        turn = take_index(field.get("turn", 0), f"the turn of fields[{at}]", limit=1_000_000)
        values = tuple(take_strings(field, "values"))
        fields.append(Field(take_text(field, "name"), values, turn, score=take_score(field)))
    return tuple(fields)


def write_dialogue(document: Document) -> Row:
    """Turns and fields in our own form, where there are any."""
    row: Row = {}
    if document.turns:
        row["turns"] = [{"speaker": turn.speaker, "words": [turn.start, turn.end]} for turn in document.turns]
    if document.fields:
        row["fields"] = [
            with_score({"name": field.name, "values": list(field.values), "turn": field.turn}, field.score)
            for field in document.fields
        ]
    return row


def with_score(row: Row, score: float | None) -> Row:
    """The row and a score, where there is one."""
    return row if score is None else {**row, "score": float(score)}


def pack_extras(keys: Iterable[tuple[Any, ...]], extras: Iterable[Row]) -> list[list[Any]]:
    """What a file says of spans (or relations) beyond our model, each with the key it is found again by."""
    return [[*key, extra] for key, extra in zip(keys, extras, strict=True) if extra]


class Extras:
    """Packed extras, handed back to the spans (or relations) they belong to, where those still stand."""

    def __init__(self, packed: Iterable[Sequence[Any]]) -> None:
        self._waiting: dict[tuple[Any, ...], list[Row]] = {}
        for *key, extra in packed:
            self._waiting.setdefault(tuple(key), []).append(extra)

    def take(self, key: tuple[Any, ...]) -> Row:
        """The extra of one span, each once; empty where there is none."""
        waiting = self._waiting.get(key)
        return waiting.pop(0) if waiting else {}
