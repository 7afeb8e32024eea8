"""Records and sentinels, worked by hand."""

import pytest

from format_trips import list_unheld, say, travel
from tagwright.errors import RecipeError
from tagwright.formats import FORMATS, TASKS
from tagwright.formats.format import Answer, Format
from tagwright.formats.strings.faults import ILL_FORMED, REPEATED, UNALIGNED, Faults
from tagwright.text.document import Document
from tagwright.text.relation import Relation
from tagwright.text.span import Span

CITY = Document.from_words(
    ["Boston", "beat", "New", "York", "in", "New", "York"],
    spans=(Span(0, 1, "team"), Span(2, 4, "team"), Span(5, 7, "LOC")),
    relations=(Relation(0, 1, "beats"), Relation(0, 2, "plays_in")),
)
CROSSING = Document.from_words(["a", "b", "c"], spans=(Span(0, 2, "A"), Span(1, 3, "A")))


def make(kind: str, task: str, document: Document) -> Format:
    return FORMATS[kind](TASKS[task], TASKS[task].learn([document]))


def read(format: Format, document: Document, output: str) -> tuple[list[tuple[int, int]], set[str]]:
    faults = Faults()
    (ask,) = format.ask(document)
    found = format.read(document.only(()), [Answer(ask.part, output)], faults=faults)
    return [span.bounds for span in found.spans], set(faults.cases)


def test_records_name_spans_by_words_and_occurrence() -> None:
    (pair,) = make("records", "joint-er", CITY).write(CITY)
    assert pair.source == "Boston beat New York in New York"
    assert pair.target == (
        "[ Boston | team | beats = New York | plays in = New York = 2 ] [ New York | team ] [ New York = 2 | location ]"
    )


def test_sentinels_name_spans_by_places() -> None:
    (pair,) = make("sentinel", "joint-er", CITY).write(CITY)
    assert pair.source == "<0> Boston <1> beat <2> New <3> York <4> in <5> New <6> York"
    assert pair.target == (
        "[ <0> | team | beats = <2> <3> | plays in = <5> <6> ] [ <2> <3> | team ] [ <5> <6> | location ]"
    )


@pytest.mark.parametrize("kind", ["records", "sentinel"])
def test_spans_may_cross(kind: str) -> None:
    format = make(kind, "ner", CROSSING)
    assert not list_unheld(format, [CROSSING])
    assert say(travel(format, CROSSING), format.task) == say(CROSSING, format.task)
    assert list_unheld(make("inline", "ner", CROSSING), [CROSSING]).total == 1


def test_a_document_without_spans_has_an_empty_target() -> None:
    bare = Document.from_words(["nothing", "here"])
    for kind in ("records", "sentinel"):
        format = make(kind, "ner", CITY)
        assert format.write(bare)[0].target == ""
        assert read(format, bare, "") == ([], set())


@pytest.mark.parametrize(
    ("output", "bounds", "faults"),
    [
        ("[ new york | team ]", [(2, 4)], set()),
        ("[ NewYork | team ]", [(2, 4)], set()),
        ("[ New York = 2 | team ]", [(5, 7)], set()),
        ("[ New York = 3 | team ]", [], {UNALIGNED}),
        ("[ New York = two | team ]", [], {UNALIGNED}),
        ("[ York beat | team ]", [], {UNALIGNED}),
        ("[ Chicago | team ]", [], {UNALIGNED}),
        ("[ Boston | team ] [ Boston | team ]", [(0, 1)], {REPEATED}),
        ("[ Boston | team [ York | team ]", [(0, 1), (3, 4)], {ILL_FORMED}),
        ("[ | team ]", [], {UNALIGNED}),
    ],
)
def test_faulty_records(output: str, bounds: list[tuple[int, int]], faults: set[str]) -> None:
    assert read(make("records", "ner", CITY), CITY, output) == (bounds, faults)


@pytest.mark.parametrize(
    ("output", "bounds", "faults"),
    [
        ("[<2><3>|team]", [(2, 4)], set()),
        ("[ <6> | team ]", [(6, 7)], set()),
        ("[ <7> | team ]", [], {UNALIGNED}),
        ("[ <3> <2> | team ]", [], {UNALIGNED}),
        ("[ <1> <2> <3> | team ]", [], {UNALIGNED}),
        ("[ New York | team ]", [], {UNALIGNED}),
        ("[ <99999999999999> | team ]", [], {UNALIGNED}),
    ],
)
def test_faulty_sentinels(output: str, bounds: list[tuple[int, int]], faults: set[str]) -> None:
    assert read(make("sentinel", "ner", CITY), CITY, output) == (bounds, faults)


def test_a_state_has_no_places_to_point_at() -> None:
    with pytest.raises(RecipeError, match="'sentinel' can't write fields.*inline, records"):
        FORMATS["sentinel"](TASKS["dst"], TASKS["dst"].learn([]))
