"""Labelled items: several labels, ids, and relations between items that became no span or several."""

from tagwright.io.shapes.spans import SpanReader, place_chars, place_words, take_items
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Relation
from tagwright.text.span import Span


def test_several_labels_are_several_spans_and_relations() -> None:
    reader = SpanReader(3, 3, place_words, Ledger(), "x:1")
    reader.read([[0, 1, "A"], {"start": 1, "end": 2, "labels": ["B", "C"], "id": 9}, [2, 3, "D"]], "spans")
    assert [span.label for span in reader.spans] == ["A", "B", "C", "D"]
    edges, extras = reader.read_relations([{"labels": ["r", "s"], "head": 2, "tail": 1, "note": "n"}])
    assert edges == [Relation(3, 1, "r"), Relation(3, 1, "s")]
    assert reader.pack() == {"span_extras": [[1, 2, "B", {"id": 9}], [1, 2, "C", {"id": 9}]]}
    assert extras == {"relation_extras": [[3, 1, "r", {"note": "n"}], [3, 1, "s", {"note": "n"}]]}


def test_items_on_white_space_leave_their_places_empty() -> None:
    reader = SpanReader(3, 3, place_chars([(0, 1), (2, 3)]), ledger := Ledger(), "x:1")
    reader.read([[1, 2, "A"], [2, 3, "B"]], "spans")
    assert reader.spans == [Span(1, 2, "B")] and reader.places == [None, 0]
    assert list(ledger.lines()) == ["1 x span that touches no word: x:1 spans[0] 'A'"]


def test_the_first_list_of_items_is_taken() -> None:
    row = {"spans": None, "entities": "none", "label": "positive", "labels": [[0, 1, "X"]]}
    assert take_items(row, ("spans", "entities", "label", "labels")) == ([[0, 1, "X"]], "labels")
    assert take_items({"label": "positive"}, ("spans", "label")) == ([], "spans")
