"""The label inventory: order, unknown names, counts."""

import pytest

from tagwright.errors import DataError
from tagwright.text.document import Document
from tagwright.text.labels import Labels, collect_labels, collect_relation_labels
from tagwright.text.relation import Relation
from tagwright.text.span import Span

DOCUMENT = Document.from_words(
    ["Ada", "met", "Bo", "in", "Ely"],
    spans=(Span(0, 1, "PER"), Span(2, 3, "PER"), Span(4, 5, "LOC"), Span(1, 2, "")),
    relations=(Relation(0, 1, "meets"),),
)


def test_labels_of_documents_are_sorted_and_untyped_spans_left_out() -> None:
    labels = Labels.from_documents([DOCUMENT])
    assert tuple(labels) == ("LOC", "PER")
    assert labels.index("PER") == 1
    assert labels[0] == "LOC"
    assert len(labels) == 2
    assert "PER" in labels
    assert "" not in labels


def test_counts() -> None:
    assert collect_labels([DOCUMENT, DOCUMENT]) == {"PER": 4, "LOC": 2}
    assert collect_relation_labels([DOCUMENT]) == {"meets": 1}


def test_an_unknown_label_is_answered_with_the_nearest() -> None:
    with pytest.raises(DataError, match="Label 'PERS' is not among the 2 known ones. Did you mean 'PER'"):
        Labels(("LOC", "PER")).index("PERS")


def test_a_label_stands_once() -> None:
    with pytest.raises(DataError, match="twice in the inventory: PER"):
        Labels(("PER", "LOC", "PER"))
