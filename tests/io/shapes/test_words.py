"""Rows of words: tags, entities with relations, GLiNER's and predicates, each read, written and held to its bounds."""

import pytest

from tagwright.errors import DataError
from tagwright.io.kind import FileOptions
from tagwright.io.shapes import SHAPES, find_shape
from tagwright.io.shapes.shape import Row
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Relation
from tagwright.text.span import Span

JOINT: Row = {
    "tokens": ["Ann", "met", "Bo"],
    "entities": [{"type": "PER", "start": 0, "end": 1}, {"type": "PER", "start": 2, "end": 3, "kb": "Q1"}],
    "relations": [{"type": "met", "head": 0, "tail": 1}],
}
ROLES: Row = {
    "tokens": ["Ann", "came", "and", "went"],
    "predicates": [
        {"start": 1, "end": 2, "sense": "come.01", "arguments": [["ARG0", 0, 1]]},
        {"start": 3, "end": 4, "sense": "go.01", "arguments": [["ARG0", 0, 1], ["AM-DIS", 2, 3]]},
    ],
}
TAGS: Row = {"tokens": ["in", "Rome"], "ner_tags": ["O", "B-LOC"]}
GLINER: Row = {"tokenized_text": ["in", "New", "York"], "ner": [[1, 2, "LOC"], [2, 2, "X"]]}


def read_row(row: Row, ledger: Ledger | None = None, **options: object) -> Document:
    shape = SHAPES[find_shape(row)](FileOptions(**options), Ledger() if ledger is None else ledger)  # type: ignore[arg-type]
    return shape.read(row, name="x:1", where="x:1")


def write_row(document: Document, shape: str, ledger: Ledger | None = None) -> Row:
    writer = SHAPES[shape](FileOptions(), Ledger() if ledger is None else ledger)
    return writer.write_rest(document, writer.write(document), with_id=False)


@pytest.mark.parametrize(
    ("row", "shape"), [(JOINT, "entities"), (ROLES, "predicates"), (TAGS, "tags"), (GLINER, "gliner")]
)
def test_a_row_comes_back_in_its_own_shape(row: Row, shape: str) -> None:
    assert find_shape(row) == shape
    ledger = Ledger()
    document = read_row({**row, "extra": {"a": 1}}, ledger)
    assert not document.text_is_original and document.id == "x:1"
    written = write_row(document, shape, ledger)
    assert {key: written[key] for key in row} == row and written["extra"] == {"a": 1} and not ledger


def test_entities_and_relations() -> None:
    document = read_row(JOINT)
    assert document.spans == (Span(0, 1, "PER"), Span(2, 3, "PER")) and document.relations == (Relation(0, 1, "met"),)
    assert document.meta["span_extras"] == [[2, 3, "PER", {"kb": "Q1"}]]


def test_arguments_with_equal_bounds_are_one_span() -> None:
    document = read_row(ROLES)
    assert document.spans == (Span(1, 2, "come.01"), Span(0, 1), Span(3, 4, "go.01"), Span(2, 3))
    assert document.relations == (Relation(0, 1, "ARG0"), Relation(2, 1, "ARG0"), Relation(2, 3, "AM-DIS"))


def test_gliner_counts_the_last_word_in() -> None:
    assert [span.bounds for span in read_row(GLINER).spans] == [(1, 3), (2, 3)]


def test_integers_need_names() -> None:
    row = {"tokens": ["in", "Rome"], "tags": [0, 3]}
    with pytest.raises(DataError, match=r"'tags' holds numbers\. Say .* --label-names O,B-PER.*data.label_names"):
        read_row(row)
    assert read_row(row, label_names=("O", "X", "Y", "B-LOC")).spans == (Span(1, 2, "LOC"),)
    with pytest.raises(DataError, match=r"tags\[1\] is 3, and a number from 0 to 1"):
        read_row(row, label_names=("O", "B-X"))


def test_a_text_beside_the_words_is_kept_where_they_line_up() -> None:
    document = read_row({**JOINT, "text": "Ann met  Bo "})
    assert document.text_is_original and document.cut(document.spans[1]) == "Bo" and document.offsets[2] == (9, 11)
    ledger = Ledger()
    document = read_row({**JOINT, "text": "Ann never met Bo"}, ledger)
    assert document.text == "Ann met Bo" and not document.text_is_original and ledger.total == 1


def test_exact_pieces_of_entities_come_back() -> None:
    row = {"tokens": ["Ann", "met"], "entities": [{"type": "X", "start": 0, "end": 2, "fragments": [[0, 2], [4, 5]]}]}
    document = read_row(row)
    assert document.spans == (Span(0, 2, "X", fragments=((0, 2), (4, 5))),)
    assert write_row(document, "entities")["entities"] == row["entities"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"entities": [{"type": "X", "start": 0, "end": 4}]},
            r"the end of entities\[0\] is 4, and a number from 0 to 3",
        ),
        ({"entities": [{"type": "X", "start": 2, "end": 2}]}, r"entities\[0\] ends at 2, not after its start 2"),
        ({"entities": [{"type": "X", "start": 0.0, "end": 1}]}, "is 0.0, and a whole number"),
        ({"entities": [{"type": "X", "start": True, "end": 2}]}, "is True, and a whole number"),
        ({"entities": [{"type": None, "start": 0, "end": 1}]}, "label of .* is None"),
        ({"entities": [{"start": 0, "end": 1}]}, "has no label"),
        ({"entities": [{"type": "X", "start": 0, "end": 1, "score": 1e999}]}, "finite number"),
        ({"entities": [{"type": "X", "start": 0, "end": 1, "score": "high"}]}, "'score' is 'high'"),
        ({"entities": [[0, 1]]}, r"2 values, and \[start, end, label\]"),
        ({"entities": [7]}, r"entities\[0\] is 7, and an object"),
        ({"entities": "none"}, "'entities' is 'none', and a list"),
        ({"relations": [{"type": "met", "head": 0, "tail": 2}]}, r"the tail of relations\[0\] is 2"),
        (
            {"relations": [{"type": "met", "head": 0, "tail": 2}]},
            "the place of a span in their list was .* from 0 to 1",
        ),
        ({"relations": [{"type": "met", "head": "T1", "tail": 1}]}, "head .* is 'T1', .* span goes by 'from_id'"),
        (
            {"relations": [{"type": "met", "from_id": 9, "to_id": 0}]},
            r"from_id of relations\[0\] is 9, and no span has",
        ),
        (
            {"relations": [{"type": "met", "head": 0, "child": 1}]},
            r"lacks 'tail' and has 'type', 'head', 'child'\. Exp",
        ),
        (
            {"relations": [[0, 1, "met"]]},
            r'relations\[0\] is .* an object was expected: {"label", "head", "tail"}, with',
        ),
        (
            {"entities": [], "relations": [{"type": "met", "head": 0, "tail": 0}]},
            "joins spans, and the row has none. Add its spans",
        ),
        ({"tokens": ["a", 3]}, r"tokens\[1\] is 3, and a string"),
        ({"turns": [{"speaker": "a", "words": [0, 9]}]}, r"the end of turns\[0\] is 9"),
        ({"turns": [{"speaker": "a", "words": [2, 1]}]}, "before its start"),
        ({"turns": [{"speaker": "a", "words": [2]}]}, "needs 'words'"),
        ({"fields": [{"name": "a", "values": "b"}]}, "'values' is 'b', and a list"),
    ],
)
def test_faults_of_entities(change: Row, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_row({**JOINT, **change})


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({**TAGS, "ner_tags": ["O"]}, "2 words and 1 tags"),
        ({**GLINER, "ner": [[1, 3, "X"]]}, r"the end of ner\[0\] is 4"),
        ({**GLINER, "ner": [[1, 2]]}, "first word, last word, label"),
        ({"tokens": ["a"], "predicates": [{"start": 0, "end": 1, "sense": ""}]}, "has no sense. Write V"),
        (
            {"tokens": ["a"], "predicates": [{"start": 0, "end": 1, "sense": "x", "arguments": [["A", 0]]}]},
            "role, start",
        ),
    ],
)
def test_faults_of_other_rows(row: Row, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_row(row)


def test_what_predicates_cannot_hold_is_noted() -> None:
    spans = (Span(0, 1, "PER"), Span(1, 2), Span(2, 3))
    document = Document.from_words(["a", "b", "c"], spans=spans, relations=(Relation(1, 0, "r"),), id="x:1")
    ledger = Ledger()
    write_row(document, "predicates", ledger)
    assert set(ledger.counts) == {
        "label of an argument",
        "relation from a span that has no label",
        "argument that no predicate has",
    }
