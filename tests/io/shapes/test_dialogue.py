"""Dialogue rows: turns, spans and state of both forms, read, written back equal, and held to their bounds."""

from dataclasses import replace

import pytest

from tagwright.errors import DataError
from tagwright.io.kind import FileOptions
from tagwright.io.shapes import SHAPES, find_shape
from tagwright.io.shapes.shape import Row
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Field, Turn
from tagwright.text.span import Span
from tagwright.text.words import make_document

EXCHANGES: Row = {
    "domains": ["taxi"],
    "turns": [
        {
            "user": "Hi , from Golden House  at 12:15 .",
            "system": "Sure .",
            "state": {"taxi-leaveAt": "12:15", "taxi-departure": "golden house"},
            "user_spans": [["Taxi-Inform", "Depart", 3, 5, "golden house"], ["Taxi-Inform", "Leave", 6, 7, "12:15"]],
        },
        {"user": "Thanks", "system": "", "state": {}, "user_spans": []},
    ],
}
TURNS: Row = {
    "services": ["Hotels_2"],
    "turns": [
        {
            "speaker": "USER",
            "text": "A room in\nRome?",
            "slots": [{"slot": "Hotels_2:city", "start": 10, "end": 14}],
            "state": {"Hotels_2": {"intent": "Find", "slots": {"city": ["Rome", "rome"]}, "requested": ["x"]}},
        },
        {"speaker": "SYSTEM", "text": "When?", "slots": []},
    ],
}


def read_row(row: Row) -> Document:
    return SHAPES[find_shape(row)](FileOptions(), Ledger()).read(row, name="x:1", where="x:1")


def write_row(document: Document, shape: str, ledger: Ledger | None = None) -> Row:
    writer = SHAPES[shape](FileOptions(), Ledger() if ledger is None else ledger)
    return writer.write_rest(document, writer.write(document), with_id=False)


@pytest.mark.parametrize(("row", "shape"), [(EXCHANGES, "exchanges"), (TURNS, "turns")])
def test_a_row_is_written_back_equal(row: Row, shape: str) -> None:
    assert find_shape(row) == shape
    document = read_row(row)
    assert write_row(document, shape) == row
    own = write_row(document, "spans")
    assert find_shape(own) == "spans" and read_row(own) == document
    assert write_row(read_row(own), shape) == row


def test_exchanges() -> None:
    document = read_row(EXCHANGES)
    assert document.text.split("\n") == ["Hi , from Golden House  at 12:15 .", "Sure .", "Thanks", ""]
    assert [turn.speaker for turn in document.turns] == ["user", "system", "user", "system"]
    assert [document.cut(span) for span in document.spans] == ["Golden House", "12:15"]
    assert [span.label for span in document.spans] == ["Taxi-Inform:Depart", "Taxi-Inform:Leave"]
    assert document.fields == (Field("taxi-leaveAt", ("12:15",), 0), Field("taxi-departure", ("golden house",), 0))


def test_turns() -> None:
    document = read_row(TURNS)
    assert [turn.speaker for turn in document.turns] == ["USER", "SYSTEM"] and document.turns[1] == Turn("SYSTEM", 5, 7)
    assert document.cut(document.spans[0]) == "Rome"
    assert document.fields == (Field("Hotels_2:city", ("Rome", "rome"), 0),)


def test_a_dialogue_from_elsewhere_is_written_in_both_forms() -> None:
    turns = (Turn("user", 0, 2), Turn("system", 2, 3))
    fields = (Field("hotel-area", ("north", "n"), 0), Field("S:x", ("y",), 1))
    document = make_document("in Rome\nok", turns=turns, spans=(Span(1, 2, "city"),), fields=fields, id="x:1")
    assert write_row(document, "turns") == {
        "turns": [
            {
                "speaker": "user",
                "text": "in Rome",
                "slots": [{"slot": "city", "start": 3, "end": 7}],
                "state": {"": {"slots": {"hotel-area": ["north", "n"]}}},
            },
            {"speaker": "system", "text": "ok", "slots": [], "state": {"S": {"slots": {"x": ["y"]}}}},
        ]
    }
    assert read_row(write_row(document, "turns")).fields == fields
    (exchange,) = write_row(document, "exchanges")["turns"]
    assert exchange["user_spans"] == [["city", "", 1, 2, "Rome"]]
    assert exchange["state"] == {"hotel-area": ["north", "n"]}


def test_an_exchange_holds_spans_and_state_of_the_user_only() -> None:
    turns = (Turn("user", 0, 1), Turn("system", 1, 3))
    spans, fields = (Span(2, 3, "city"),), (Field("a", ("b",), 1),)
    ledger = Ledger()
    row = write_row(make_document("hi\nin Rome", turns=turns, spans=spans, fields=fields), "exchanges", ledger)
    assert row["turns"] == [{"user": "hi", "system": "in Rome", "state": {}, "user_spans": []}]
    assert ledger.total == 2


@pytest.mark.parametrize(
    "meta",
    [
        {"turn_rows": 3},
        {"turn_rows": [{"state": 1}, {}]},
        {"turn_rows": [{"state": {"a": 3}}, {}]},
        {"turn_ends": ["x", None]},
    ],
)
def test_extras_that_only_look_like_ours_do_no_harm(meta: Row) -> None:
    turns = (Turn("user", 0, 1), Turn("system", 1, 3))
    document = make_document("hi\nin Rome", turns=turns, fields=(Field("a:b", ("c",), 0),), meta=meta)
    for shape in ("turns", "exchanges"):
        assert read_row(write_row(document, shape)).fields == document.fields


def test_what_a_dialogue_row_cannot_hold_is_noted() -> None:
    turns = (Turn("user", 0, 2), Turn("system", 2, 3))
    document = make_document(
        "in Rome\nok", turns=turns, spans=(Span(1, 3, "X"),), fields=(Field("a", ("b",), 9),), id="x:1"
    )
    ledger = Ledger()
    write_row(document, "turns", ledger)
    assert set(ledger.counts) == {"span over several turns", "field of a turn that isn't there"}
    ledger = Ledger()
    inside = replace(document, spans=(Span(1, 2, "X", fragments=((3, 5),)),), fields=())
    write_row(inside, "exchanges", ledger)
    assert "widened" in next(ledger.lines())
    shifted = replace(document, turns=(Turn("user", 0, 1), Turn("system", 1, 3)))
    for other in (make_document("no dialogue", id="d"), replace(document, turns=turns[:1]), shifted):
        with pytest.raises(DataError, match="is no dialogue"):
            write_row(other, "turns")


@pytest.mark.parametrize(
    ("turn", "message"),
    [
        ({"user": "a b", "user_spans": [["A", "S", 0, 3, "v"]]}, r"user_spans\[0\] is 3, and a number from 0 to 2"),
        ({"user": "a b", "user_spans": [["A", "S", 0]]}, "act, slot, start, end, value"),
        ({"user": "a b", "state": {"x": 3}}, "'x' is 3, and a list"),
        ({"user": 3}, "'user' is 3"),
        ({"speaker": "U", "text": "a", "slots": [{"slot": "s", "start": 0, "end": 9}]}, r"slots\[0\] is 9"),
        ({"speaker": "U", "text": "a", "state": {"S": []}}, "an object was expected"),
        ({"text": "a"}, "'speaker' is None"),
    ],
)
def test_faults(turn: Row, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_row({"turns": [turn]})
