"""Rows of a text with character offsets: every spelling of a span, words from the row, doccano's two forms."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagwright.errors import DataError
from tagwright.io.kind import FileOptions
from tagwright.io.shapes import SHAPES, find_shape
from tagwright.io.shapes.shape import Row
from tagwright.text.document import Document, place_span
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Field, Relation, Turn
from tagwright.text.span import Span
from tagwright.text.words import make_document, split_words

TEXT = "Ann met Bo in Rome."


def read_row(row: Row, ledger: Ledger | None = None) -> Document:
    return SHAPES[find_shape(row)](FileOptions(), Ledger() if ledger is None else ledger).read(
        row, name="x:1", where="x:1"
    )


def write_row(document: Document, shape: str = "spans", ledger: Ledger | None = None) -> Row:
    writer = SHAPES[shape](FileOptions(), Ledger() if ledger is None else ledger)
    return writer.write_rest(document, writer.write(document), with_id=True)


@pytest.mark.parametrize(
    "items",
    [
        {"spans": [{"start": 14, "end": 18, "label": "LOC"}]},
        {"spans": [{"start": 14, "end": 18, "label": "LOC", "text": "Rome"}]},
        {"entities": [{"start_offset": 14, "end_offset": 18, "type": "LOC"}]},
        {"labels": [[14, 18, "LOC"]]},
        {"label": [[14, 18, "LOC"]]},
        {"entities": [{"start": 14, "end": 18, "entity_group": "LOC"}]},
        {"label": [{"start": 14, "end": 18, "labels": ["LOC"], "text": "Rome"}]},
    ],
)
def test_every_spelling_of_a_span(items: Row) -> None:
    ledger = Ledger()
    document = read_row({"text": TEXT, **items}, ledger)
    assert document.spans == (Span(4, 5, "LOC"),) and not document.meta and not ledger


def test_offsets_inside_a_word_stay_exact() -> None:
    document = read_row({"text": TEXT, "spans": [[14, 16, "X"], {"fragments": [[0, 3], [8, 10]], "label": "Y"}]})
    assert [document.cut(span) for span in document.spans] == ["Ro", "Ann Bo"]
    assert read_row(write_row(document)) == document


def test_words_come_from_the_row_where_it_has_them() -> None:
    for words in (
        {"offsets": [[0, 3], [4, 10], [11, 18], [18, 19]]},
        {"tokens": ["Ann", "met Bo", "in Rome", "."]},
        {
            "tokens": [
                {"text": "Ann", "start": 0, "end": 3},
                {"start": 4, "end": 10},
                {"start": 11, "end": 18},
                {"start": 18, "end": 19},
            ]
        },
    ):
        document = read_row({"text": TEXT, "spans": [], **words})
        assert document.words == ("Ann", "met Bo", "in Rome", ".")
        assert read_row(write_row(document)).words == document.words
    ledger = Ledger()
    assert read_row({"text": TEXT, "tokens": ["Bob"], "spans": []}, ledger).words == (
        "Ann",
        "met",
        "Bo",
        "in",
        "Rome",
        ".",
    )
    assert "don't line up" in next(ledger.lines())


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"spans": [[0, 20, "X"]]}, "the end of .* is 20, and a number from 0 to 19"),
        ({"spans": [[-1, 2, "X"]]}, "the start of .* is -1"),
        ({"spans": [["0", "2", "X"]]}, "is '0', and a whole number"),
        ({"spans": [[3, 3, "X"]]}, "not after its start"),
        ({"spans": [{"fragments": [[0]], "label": "X"}]}, "fragment of .* is None"),
        ({"spans": {"start": 0}}, "'spans' is .*, and a list"),
        ({"offsets": [[0, 3], [2, 5]]}, "within the word before"),
        ({"offsets": [[0, 3, 4]]}, r"offsets\[0\] is None"),
    ],
)
def test_faults(row: Row, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_row({"text": TEXT, **row})


def test_what_is_odd_about_a_span_is_noted() -> None:
    ledger = Ledger()
    spans = [{"start": 3, "end": 4, "label": "X", "id": 1}, {"start": 0, "end": 3, "label": "Y", "text": "Bo", "id": 2}]
    row = {
        "text": TEXT,
        "spans": spans,
        "relations": [{"label": "r", "head": 0, "tail": 1}, {"label": "s", "from_id": 1, "to_id": 2}],
    }
    document = read_row(row, ledger)
    assert [span.label for span in document.spans] == ["Y"] and not document.relations
    assert ledger.counts == {
        "span that touches no word": 1,
        "span whose stated text is not what stands at its offsets": 1,
        "relation of a span that touches no word": 2,
    }


def test_everything_a_document_has_comes_back() -> None:
    document = make_document(
        TEXT,
        spans=(Span(0, 1, "PER", 0.25), Span(0, 3, "X"), Span(4, 5, "", 1.0)),
        relations=(Relation(0, 1, "r", 0.5), Relation(2, 2, "")),
        turns=(Turn("a", 0, 3), Turn("b", 3, 3), Turn("a", 3, 6)),
        fields=(Field("hotel-area", ("north", "n"), 2, 0.125),),
        id="d",
        group="g",
        meta={"intent": ["x"]},
    )
    back = read_row(write_row(document))
    assert back == document
    assert [span.score for span in back.spans] == [0.25, None, 1.0] and back.relations[0].score == 0.5
    assert back.fields[0].score == 0.125


def test_doccano_without_relations() -> None:
    document = make_document(TEXT, spans=(Span(4, 5, "LOC"),), id="7", meta={"id": 7})
    assert write_row(document, "doccano") == {"id": 7, "text": TEXT, "label": [[14, 18, "LOC"]]}


def test_doccano_with_relations_joins_by_id() -> None:
    row = {
        "id": 7,
        "text": TEXT,
        "entities": [
            {"id": 31, "label": "PER", "start_offset": 0, "end_offset": 3},
            {"id": 32, "label": "PER", "start_offset": 8, "end_offset": 10},
        ],
        "relations": [{"id": 5, "from_id": 32, "to_id": 31, "type": "met"}],
        "Comments": [],
    }
    document = read_row(row)
    assert document.relations == (Relation(1, 0, "met"),)
    assert write_row(document, "doccano") == row


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=25), st.data())
def test_any_text_and_any_offsets_come_back(text: str, data: st.DataObject) -> None:
    offsets = split_words(text)
    spans = []
    for _ in range(data.draw(st.integers(0, 3)) if text else 0):
        start = data.draw(st.integers(0, len(text) - 1))
        span = place_span(
            offsets, [(start, data.draw(st.integers(start + 1, len(text))))], label=data.draw(st.text("AB", max_size=2))
        )
        spans += [span] if span else []
    document = Document(text, offsets, tuple(spans), id="d")
    assert read_row(write_row(document)) == document
