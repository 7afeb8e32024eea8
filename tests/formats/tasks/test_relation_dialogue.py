"""Relation classification: direction, none, unreadable. Dialogue state: histories, values, slots."""

import pytest

from format_trips import list_unheld, say, travel
from tagwright.errors import RecipeError
from tagwright.formats import FORMATS, TASKS
from tagwright.formats.format import Answer, Format
from tagwright.formats.inventory import Inventory
from tagwright.formats.strings.faults import ILL_FORMED, REPEATED, UNALIGNED, WRONG_LABEL, Faults
from tagwright.text.document import Document
from tagwright.text.relation import Field, Relation, Turn
from tagwright.text.span import Span
from tagwright.text.words import make_document

CHAIRS = Document.from_words(
    ["The", "company", "fabricates", "plastic", "chairs", "."],
    spans=(Span(1, 2, "e1"), Span(4, 5, "e2")),
    relations=(Relation(1, 0, "Product-Producer"),),
)


def make(task: str, document: Document, kind: str = "inline") -> Format:
    return FORMATS[kind](TASKS[task], TASKS[task].learn([document]))


def read(format: Format, document: Document, output: str) -> tuple[Document, set[str]]:
    faults = Faults()
    (ask,) = format.ask(document)
    found = format.read(document.only(format.task.given), [Answer(ask.part, output)], faults=faults)
    return found, set(faults.cases)


def test_the_head_is_named_first() -> None:
    (pair,) = make("relation", CHAIRS).write(CHAIRS)
    assert pair.source == (
        "The [ company ] fabricates plastic [ chairs ] . The relationship between [ company ] and [ chairs ] is"
    )
    assert pair.target == "relationship between [ chairs ] and [ company ] = product producer"


def test_no_relation_is_an_answer_too() -> None:
    bare = Document.from_words(CHAIRS.words, spans=CHAIRS.spans)
    format = make("relation", CHAIRS)
    (pair,) = format.write(bare)
    assert pair.target == "relationship between [ company ] and [ chairs ] = no relation"
    assert read(format, CHAIRS, pair.target) == (bare, set())


def test_the_order_of_spans_tells_nothing() -> None:
    turned = Document.from_words(
        CHAIRS.words, spans=CHAIRS.spans[::-1], relations=(Relation(0, 1, "Product-Producer"),)
    )
    format = make("relation", CHAIRS)
    assert format.write(turned)[0][:2] == format.write(CHAIRS)[0][:2]
    assert say(travel(format, turned), format.task) == say(turned, format.task)


def test_spans_with_the_same_words_are_numbered() -> None:
    document = Document.from_words(
        ["no", "is", "no"], spans=(Span(0, 1, "a"), Span(2, 3, "b")), relations=(Relation(1, 0, "is"),)
    )
    format = make("relation", document)
    (pair,) = format.write(document)
    assert pair.source == "[ no ] is [ no ] The relationship between [ no ] and [ no = 2 ] is"
    assert pair.target == "relationship between [ no = 2 ] and [ no ] = is"


def test_every_two_spans_are_asked_about() -> None:
    document = Document.from_words(["a", "b", "c"], spans=(Span(0, 1), Span(1, 2), Span(2, 3), Span(2, 3, "x")))
    assert [ask.part.focus for ask in make("relation", CHAIRS).ask(document)] == [
        (0, 1),
        (0, 2),
        (0, 3),
        (1, 2),
        (1, 3),
    ]


@pytest.mark.parametrize(
    ("output", "fault"),
    [
        ("relationship between [ chairs ] and [ company ] = maker", WRONG_LABEL),
        ("relationship between [ chairs ] and [ company ]", ILL_FORMED),
        ("[ chairs ] = product producer", ILL_FORMED),
        ("relationship between [ chairs ] and [ chairs ] = product producer", UNALIGNED),
        ("relationship between [ chairs ] and [ plastic ] = product producer", UNALIGNED),
        ("", ILL_FORMED),
    ],
)
def test_an_unreadable_relation_is_none(output: str, fault: str) -> None:
    found, faults = read(make("relation", CHAIRS), CHAIRS, output)
    assert not found.relations and faults == {fault}


def test_a_relation_that_says_there_is_none_is_refused() -> None:
    document = Document.from_words(
        ["a", "b"], spans=(Span(0, 1), Span(1, 2)), relations=(Relation(0, 1, "no_relation"),)
    )
    with pytest.raises(RecipeError, match="no relation.*says that there is none"):
        TASKS["relation"].learn([document])


def test_two_relations_of_two_spans_are_noted() -> None:
    edges = (*CHAIRS.relations, Relation(0, 1, "Product-Producer"))
    document = Document.from_words(CHAIRS.words, spans=CHAIRS.spans, relations=edges)
    assert list_unheld(make("relation", CHAIRS), [document]).total == 1


TALK = make_document(
    "I'd like a taxi, to Pizza Hut!\nWhen?\nAt five; no, SIX. Wifi: yes",
    turns=(Turn("USER", 0, 9), Turn("SYSTEM", 9, 11), Turn("USER", 11, 21)),
    fields=(
        Field("taxi-destination", ("Pizza Hut Cambridge", "pizza hut"), 0),
        Field("taxi-destination", ("pizza hut",), 2),
        Field("taxi-leaveAt", ("six",), 2),
        Field("hotel-internet", ("free | wifi",), 2),
    ),
)


def test_one_question_for_each_turn_of_those_who_hold_a_state() -> None:
    assert TALK.words[TALK.turns[1].start] == "When" and TALK.turns[2].end == len(TALK.words)
    first, last = make("dst", TALK).write(TALK)
    assert first.source == "[ user ] I'd like a taxi, to Pizza Hut!"
    assert first.target == "[ belief | taxi destination = pizza hut ]"
    assert (
        last.source == "[ user ] I'd like a taxi, to Pizza Hut! [ system ] When? [ user ] At five; no, SIX. Wifi: yes"
    )
    assert (
        last.target
        == "[ belief | hotel internet = free \\| wifi | taxi destination = pizza hut | taxi leave at = six ]"
    )


def test_values_that_were_not_said_are_learned() -> None:
    inventory = TASKS["dst"].learn([TALK])
    assert inventory.values == {"hotel-internet": ("free | wifi",)}
    assert inventory.speakers == ("USER",)
    assert Inventory.from_dict(inventory.to_dict()) == inventory


def test_an_empty_state_is_asked_for_too() -> None:
    bare = make_document("Hello", turns=(Turn("USER", 0, 1),))
    format = make("dst", TALK)
    assert [pair.target for pair in format.write(bare)] == ["[ belief ]"]
    assert read(format, bare, "[ belief ]") == (bare, set())


@pytest.mark.parametrize(
    ("output", "fields", "faults"),
    [
        (
            "[ belief | taxi leave at = six , or so | hotel internet = no ]",
            {"taxi-leaveAt": "six , or so", "hotel-internet": "no"},
            set(),
        ),
        ("[ belief | taxi leave at = six | hotel inter", {"taxi-leaveAt": "six"}, {ILL_FORMED}),
        ("[ belief | taxi leave at = six | bus = 1 ]", {"taxi-leaveAt": "six"}, {WRONG_LABEL}),
        ("[ belief | taxi leave at = six | taxi leave at = 7 ]", {"taxi-leaveAt": "six"}, {REPEATED}),
        ("taxi leave at six", {}, {ILL_FORMED}),
    ],
)
def test_faulty_states(output: str, fields: dict[str, str], faults: set[str]) -> None:
    bare = make_document("Hello", turns=(Turn("USER", 0, 1),))
    found, seen = read(make("dst", TALK), bare, output)
    assert ({field.name: field.values[0] for field in found.fields}, seen) == (fields, faults)


def test_a_value_that_no_constrained_output_has_is_counted() -> None:
    """It was not said, and training has not seen it; what was said, in whatever case, is within reach."""
    format = make("dst", TALK)
    ledger = list_unheld(format, [TALK])
    assert list(ledger.lines()) == ["1 x further value of a field: one that was said is written: taxi-destination"]
    fields = (Field("taxi-leaveAt", ("18:00",), 0), Field("hotel-internet", ("free | wifi",), 0))
    other = make_document("Six", turns=(Turn("USER", 0, 1),), fields=(*fields, Field("taxi-destination", ("six",), 0)))
    told = "1 x value that was neither said nor seen in training: no constrained output has it: taxi-leaveAt = 18:00"
    assert list(list_unheld(format, [other]).lines()) == [told]


def test_what_a_state_cannot_hold_is_noted() -> None:
    fields = (Field("a", ("x", "y"), 0), Field("a", ("z",), 0), Field("b", (), 0), Field("a", ("x",), 1))
    document = make_document("x y", turns=(Turn("U", 0, 1), Turn("S", 1, 2)), fields=fields)
    format = FORMATS["inline"](
        TASKS["dst"], TASKS["dst"].learn([make_document("x", turns=(Turn("U", 0, 1),), fields=fields[:1])])
    )
    assert dict(list_unheld(format, [document]).counts) == {
        "further value of a field: one that was said is written": 1,
        "repeated field: the first is written": 1,
        "field with the label 'b', which training never saw": 1,
        "field of a turn that isn't asked about": 1,
    }
