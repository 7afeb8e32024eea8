"""Rows of a dialogue: exchanges of user and system, or turns of a named speaker, with spans and state.

The document's text is the utterances joined by newlines. What a turn says beyond our model is kept in meta as
`turn_rows` (and `turn_ends`, where an utterance holds a newline itself), so that the row can be written back.
"""

import re
from abc import abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import accumulate
from typing import ClassVar

from tagwright.errors import DataError
from tagwright.io.kind import PARTS
from tagwright.io.shapes.shape import (
    EXTRAS,
    Row,
    Shape,
    show,
    take_bounds,
    take_record,
    take_rows,
    take_strings,
    take_text,
)
from tagwright.io.shapes.spans import SpanReader, place_chars, read_extras
from tagwright.text.document import Document
from tagwright.text.relation import Field, Turn
from tagwright.text.span import Chars
from tagwright.text.words import split_words


@dataclass
class Utterance:
    """What one speaker says in one turn; `slots` are rows of start, end (characters of this text) and label."""

    speaker: str
    text: str
    slots: list[Row] = field(default_factory=list)
    state: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)


class DialogueShape(Shape):
    """What the two forms share: utterances to a document and back."""

    keys = frozenset(("turns", *EXTRAS))
    holds = PARTS - {"joined", "gaps", "relations", "scores", "words"}
    speaks: ClassVar[frozenset[str]]  # a turn has one of these keys

    @classmethod
    def matches(cls, row: Row) -> bool:
        turns = row.get("turns")
        if not isinstance(turns, list) or "text" in row or "tokens" in row:
            return False
        return any(isinstance(turn, dict) and not cls.speaks.isdisjoint(turn) for turn in turns)

    @abstractmethod
    def read_turn(self, turn: Row, name: str) -> tuple[list[Utterance], Row]:
        """The utterances of an element of `turns`, and what else it holds."""

    @abstractmethod
    def write_turns(self, said: list[Utterance], rests: list[Row] | None) -> Iterator[Row]:
        """The elements of `turns`."""

    def read(self, row: Row, *, name: str, where: str) -> Document:
        said, rests = [], []
        for at, turn in enumerate(take_rows(row, "turns")):
            utterances, rest = self.read_turn(take_record(turn, f"turns[{at}]"), f"turns[{at}]")
            said.extend(utterances)
            rests.append(rest)
        text = "\n".join(each.text for each in said)
        ends = [end - 1 for end in accumulate(len(each.text) + 1 for each in said)]
        bounds = [(end - len(each.text), end) for each, end in zip(said, ends, strict=True)]
        offsets = split_words(text)
        reader = SpanReader(len(text), len(text), place_chars(offsets), self.ledger, where)
        for turn, (each, (start, _)) in enumerate(zip(said, bounds, strict=True)):
            moved = [{**slot, "start": start + slot["start"], "end": start + slot["end"]} for slot in each.slots]
            reader.read(moved, f"turn {turn}, span ")
        body = self.read_rest(row, name=name)
        body["meta"] |= {**reader.pack(), "turn_rows": rests}
        if text.count("\n") != max(len(said) - 1, 0):
            body["meta"]["turn_ends"] = ends
        turns = [Turn(each.speaker, *_find_words(offsets, part)) for each, part in zip(said, bounds, strict=True)]
        fields = [Field(*pair, turn) for turn, each in enumerate(said) for pair in each.state]
        return Document(text, offsets, tuple(reader.spans), turns=tuple(turns), fields=tuple(fields), **body)

    def write(self, document: Document) -> Row:
        bounds = _find_utterances(document)
        if bounds is None:
            raise DataError(f"Document {document.id!r} is no dialogue: its turns don't make up its text.")
        said = [
            Utterance(turn.speaker, document.text[a:b]) for turn, (a, b) in zip(document.turns, bounds, strict=True)
        ]
        extras = read_extras(document, "span_extras")
        for span in document.spans:
            start, end = document.find_chars(span)
            at = bisect_right(bounds, start, key=lambda each: each[0]) - 1
            if end > bounds[at][1]:
                self.ledger.note("span over several turns", f"{document.id} {document.cut(span)!r}")
                continue
            slot: Row = {"start": start - bounds[at][0], "end": end - bounds[at][0], "label": span.label}
            said[at].slots.append({**slot, **extras.take((*span.bounds, span.label))})
        for field_ in document.fields:
            if field_.turn < len(said):
                said[field_.turn].state.append((field_.name, field_.values))
            else:
                self.ledger.note("field of a turn that isn't there", f"{document.id} {field_.name}")
        return {"turns": list(self.write_turns(said, _take_rests(document)))}

    def write_rest(self, document: Document, row: Row, *, with_id: bool) -> Row:
        full = super().write_rest(document, row, with_id=with_id)
        return {key: value for key, value in full.items() if key not in ("turn_rows", "turn_ends")}


class ExchangeShape(DialogueShape):
    """`turns` [{user, system, state: {slot: value}, user_spans: [[act, slot, start, end, value]]}], as in MultiWOZ.

    `user_spans` count the words of the user's text between white space; their label is `act:slot`.
    """

    speaks = frozenset(("user", "system"))

    def read_turn(self, turn: Row, name: str) -> tuple[list[Utterance], Row]:
        said = [Utterance(key, take_text(turn, key)) for key in ("user", "system") if key in turn]
        rest = {key: value for key, value in turn.items() if key not in ("user", "system", "state", "user_spans")}
        if not said:
            raise DataError(f"{name} has neither 'user' nor 'system'.")
        if "user_spans" in turn:
            rest["user_spans"] = []
            said[0].slots = [
                self._read_slot(item, f"{name}.user_spans[{at}]", said[0].text)
                for at, item in enumerate(take_rows(turn, "user_spans"))
            ]
        if "state" in turn:
            rest["state"] = {}
            said[0].state = [(key, _take_values(value, key)) for key, value in _take_object(turn, "state").items()]
        return said, rest

    def _read_slot(self, item: object, name: str, text: str) -> Row:
        if not isinstance(item, list) or len(item) != 5 or not (isinstance(item[0], str) and isinstance(item[1], str)):
            raise DataError(f"{name} is {show(item)}, and [act, slot, start, end, value] was expected.")
        words = _find_blocks(text)
        start, end = take_bounds(item[2], item[3], what=name, limit=len(words))
        return {
            "start": words[start][0],
            "end": words[end - 1][1],
            "label": f"{item[0]}:{item[1]}",
            "value": item[4],
        }

    def write_turns(self, said: list[Utterance], rests: list[Row] | None) -> Iterator[Row]:
        pairs: list[list[Utterance]] = []
        for each in said:
            if pairs and each.speaker.lower() == "system" and pairs[-1][-1].speaker.lower() == "user":
                pairs[-1].append(each)
            else:
                pairs.append([each])
        if rests is None or len(rests) != len(pairs):
            rests = [{"state": {}, "user_spans": []} for _ in pairs]
        for pair, rest in zip(pairs, rests, strict=True):
            row: Row = {each.speaker.lower(): each.text for each in pair}
            first, *others = pair
            if first.slots:
                rest.setdefault("user_spans", []).extend(self._write_slot(slot, first.text) for slot in first.slots)
            for name, values in first.state:
                rest.setdefault("state", {})[name] = values[0] if len(values) == 1 else list(values)
            for other in others:
                for slot in other.slots:
                    self.ledger.note("span in the system's part of an exchange", slot["label"])
                for name, _ in other.state:
                    self.ledger.note("field of the system's part of an exchange", name)
            yield {**row, **rest}

    def _write_slot(self, slot: Row, text: str) -> list[object]:
        words = _find_blocks(text)
        start = bisect_right(words, slot["start"], key=lambda word: word[1])
        end = bisect_left(words, slot["end"], key=lambda word: word[0])
        if (words[start][0], words[end - 1][1]) != (slot["start"], slot["end"]):
            self.ledger.note("span that isn't made of words between white space, widened to them", slot["label"])
        act, _, name = slot["label"].partition(":")
        return [act, name, start, end, slot.get("value", text[slot["start"] : slot["end"]])]


class TurnShape(DialogueShape):
    """`turns` [{speaker, text, slots: [{slot, start, end}], state: {service: {slots: {slot: values}}}}], as in SGD.

    `slots` count characters of the turn's text. A field's name is `service:slot`.
    """

    speaks = frozenset(("text",))

    def read_turn(self, turn: Row, name: str) -> tuple[list[Utterance], Row]:
        said = Utterance(take_text(turn, "speaker"), take_text(turn, "text"))
        rest = {key: value for key, value in turn.items() if key not in ("speaker", "text", "slots", "state")}
        if "slots" in turn:
            rest["slots"] = []
            for at, item in enumerate(take_rows(turn, "slots")):
                slot = dict(take_record(item, f"{name}.slots[{at}]"))
                label = take_text(slot, "slot")
                take_bounds(slot.get("start"), slot.get("end"), what=f"{name}.slots[{at}]", limit=len(said.text))
                del slot["slot"]
                said.slots.append({**slot, "label": label})
        if "state" in turn:
            rest["state"] = {}
            for service, item in _take_object(turn, "state").items():
                frame = dict(take_record(item, f"{name}.state[{service!r}]"))
                prefix = f"{service}:" if service else ""
                for key, values in _take_object(frame, "slots").items():
                    said.state.append((prefix + key, _take_values(values, key)))
                rest["state"][service] = {**frame, "slots": {}} if "slots" in frame else frame
        return [said], rest

    def write_turns(self, said: list[Utterance], rests: list[Row] | None) -> Iterator[Row]:
        if rests is None or len(rests) != len(said):
            rests = [{"slots": []} for _ in said]
        for each, rest in zip(said, rests, strict=True):
            for slot in each.slots:
                label = slot.pop("label")
                rest.setdefault("slots", []).append({"slot": label, **slot})
            for name, values in each.state:
                service, _, slot_name = name.rpartition(":") if name.count(":") == 1 else ("", "", name)
                frame = rest.setdefault("state", {}).setdefault(service, {})
                frame.setdefault("slots", {})[slot_name] = list(values)
            yield {"speaker": each.speaker, "text": each.text, **rest}


def _take_object(row: Row, key: str) -> Row:
    return take_record({} if row.get(key) is None else row[key], f"{key!r}")


def _take_values(value: object, name: str) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(take_strings({name: value}, name))


def _find_blocks(text: str) -> list[Chars]:
    return [match.span() for match in re.finditer(r"\S+", text)]


def _find_words(offsets: Sequence[Chars], part: Chars) -> tuple[int, int]:
    """The words that lie within some characters."""
    start = bisect_left(offsets, part[0], key=lambda word: word[0])
    return start, max(start, bisect_right(offsets, part[1], key=lambda word: word[1]))


def _find_utterances(document: Document) -> list[Chars] | None:
    """The characters of each turn: by newlines, or where meta says that turns end."""
    ends = document.meta.get("turn_ends")
    if not isinstance(ends, list) or not all(isinstance(end, int) for end in ends):
        ends = [match.start() for match in re.finditer("\n", document.text)] + [len(document.text)]
    if not document.turns and not document.text:
        return []
    bounds = list(zip([0, *(end + 1 for end in ends)], ends, strict=False))
    turns = [(turn.start, turn.end) for turn in document.turns]
    return bounds if [_find_words(document.offsets, part) for part in bounds] == turns else None


def _take_rests(document: Document) -> list[Row] | None:
    """A copy of what meta keeps of the turns, if it is what we put there."""
    rests = document.meta.get("turn_rows")
    kinds = {"user_spans": list, "slots": list, "state": dict}
    if not isinstance(rests, list) or not all(isinstance(rest, dict) for rest in rests):
        return None
    if any(key in rest and not isinstance(rest[key], kind) for rest in rests for key, kind in kinds.items()):
        return None
    frames = [frame for rest in rests for frame in rest.get("state", {}).values()]
    if not all(isinstance(frame, dict) and isinstance(frame.get("slots", {}), dict) for frame in frames):
        return None
    return deepcopy(rests)
