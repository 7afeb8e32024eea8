"""Roles: one question for each predicate. Events: triggers, then the arguments of each."""

import pytest

from format_trips import list_unheld, say, travel
from tagwright.formats import FORMATS, TASKS
from tagwright.formats.format import Answer, Format
from tagwright.formats.strings.faults import ILL_FORMED, LOST_TAIL, Faults
from tagwright.text.document import Document
from tagwright.text.relation import Relation
from tagwright.text.span import Span

SALE = Document.from_words(
    ["The", "luxury", "auto", "maker", "last", "year", "sold", "1,214", "cars", "in", "the", "U.S."],
    spans=(Span(6, 7, "sell.01"), Span(0, 4), Span(4, 6), Span(7, 9), Span(9, 12)),
    relations=(Relation(0, 1, "ARG0"), Relation(0, 2, "ARGM-TMP"), Relation(0, 3, "ARG1"), Relation(0, 4, "ARGM-LOC")),
)
ATTACK = Document.from_words(
    ["Two", "soldiers", "were", "killed", "and", "attacked", "in", "Iraq"],
    spans=(Span(5, 6, "Attack"), Span(0, 2), Span(7, 8), Span(3, 4, "Die")),
    relations=(Relation(0, 1, "target"), Relation(0, 2, "place"), Relation(3, 1, "victim")),
)
TYPED = Document.from_words(
    ATTACK.words,
    spans=(Span(5, 6, "Attack"), Span(0, 2, "individual"), Span(3, 4, "Die")),
    relations=(Relation(0, 1, "target"), Relation(2, 1, "victim")),
)


def make(task: str, document: Document, kind: str = "inline") -> Format:
    return FORMATS[kind](TASKS[task], TASKS[task].learn([document]))


def test_roles_as_in_the_paper() -> None:
    (pair,) = make("srl", SALE).write(SALE)
    assert pair.source == "The luxury auto maker last year [ sold ] 1,214 cars in the U.S."
    assert pair.target == (
        "[ The luxury auto maker | first argument ] [ last year | time ] sold "
        "[ 1,214 cars | second argument ] [ in the U.S. | location ]"
    )


def test_each_predicate_is_asked_about_and_arguments_are_shared() -> None:
    document = Document.from_words(
        ["Ann", "bought", "and", "sold", "it"],
        spans=(Span(1, 2, "buy.01"), Span(3, 4, "sell.01"), Span(0, 1), Span(4, 5)),
        relations=tuple(Relation(head, tail, role) for head in (0, 1) for tail, role in ((2, "ARG0"), (3, "ARG1"))),
    )
    format = make("srl", document)
    assert [ask.source for ask in format.ask(document)] == ["Ann [ bought ] and sold it", "Ann bought and [ sold ] it"]
    found = travel(format, document)
    assert say(found, format.task) == say(document, format.task)
    assert len(found.spans) == 4


def test_a_question_shows_no_gold() -> None:
    format = make("srl", SALE)
    assert format.ask(SALE) == format.ask(SALE.only(format.task.given))
    renamed = Document.from_words(SALE.words, spans=(Span(6, 7, "other.99"),))
    assert format.ask(SALE)[0].source == format.ask(renamed)[0].source


def test_events_as_in_the_paper() -> None:
    triggers, *arguments = make("events", TYPED).write(TYPED)
    assert triggers.source == " ".join(TYPED.words)
    assert triggers.target == "Two soldiers were [ killed | die ] and [ attacked | attack ] in Iraq"
    assert [pair[:2] for pair in arguments] == [
        (
            "Two soldiers were killed and [ attacked | attack ] in Iraq",
            "[ Two soldiers | individual | target = attacked ] were killed and attacked in Iraq",
        ),
        (
            "Two soldiers were [ killed | die ] and attacked in Iraq",
            "[ Two soldiers | individual | victim = killed ] were killed and attacked in Iraq",
        ),
    ]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("document", [ATTACK, TYPED])
def test_events_come_back(document: Document, kind: str) -> None:
    format, faults = make("events", document, kind), Faults()
    assert say(travel(format, document, faults), format.task) == say(document, format.task)
    assert faults.outputs == 3 and not faults.cases


def test_arguments_are_asked_of_the_triggers_that_were_found() -> None:
    format, faults = make("events", ATTACK), Faults()
    bare = ATTACK.only(())
    (first,) = format.ask(bare, 0)
    found = format.read(
        bare, [Answer(first.part, "Two [ soldiers | die ] were killed and attacked in Iraq")], faults=faults
    )
    (second,) = format.ask(found, 1)
    assert second.source == "Two [ soldiers | die ] were killed and attacked in Iraq"
    found = format.read(
        found,
        [Answer(second.part, "[ Two | victim = soldiers ] soldiers were killed and attacked in Iraq")],
        faults=faults,
    )
    assert say(found, format.task)[1] == {((1, 2, "Die"), "victim", (0, 1, ""))}


def test_an_argument_must_belong_to_the_trigger_in_question() -> None:
    format, faults = make("events", ATTACK), Faults()
    part = format.ask(ATTACK, 1)[0].part
    for output, fault in (
        ("[ Two soldiers | target = killed ] were killed and attacked in Iraq", LOST_TAIL),
        ("[ Two soldiers ] were killed and attacked in Iraq", ILL_FORMED),
    ):
        faults = Faults()
        found = format.read(ATTACK.only(("predicates",)), [Answer(part, output)], faults=faults)
        assert fault in faults.cases and not found.relations


def test_what_roles_and_events_cannot_hold_is_noted() -> None:
    document = Document.from_words(
        ["a", "b", "c", "d"],
        spans=(Span(0, 1, "p"), Span(1, 2, "q"), Span(2, 3), Span(3, 4)),
        relations=(Relation(0, 1, "r"), Relation(2, 1, "r")),
    )
    assert dict(list_unheld(make("srl", document), [document]).counts) == {
        "label of an argument": 1,
        "argument that no predicate has": 2,
        "role of a span that is no predicate": 1,
    }
    assert dict(list_unheld(make("events", document), [document]).counts) == {
        "argument that no trigger has": 2,
        "role of a span that is no known trigger": 1,
    }
