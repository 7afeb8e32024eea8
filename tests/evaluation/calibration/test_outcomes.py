"""Which predictions count, which of them are right, and what is refused."""

import pytest

from tagwright.errors import DataError
from tagwright.evaluation.calibration.outcomes import RELATIONS, SPANS, collect
from tagwright.text.document import Document
from tagwright.text.relation import Field, Relation, Turn
from tagwright.text.span import Span

WORDS = ["a", "b", "c", "d"]
GOLD = Document.from_words(
    WORDS, spans=(Span(0, 1, "PER"), Span(2, 3, "LOC"), Span(3, 4, "")), relations=(Relation(0, 1, "in"),)
)
SAID = Document.from_words(
    WORDS,
    spans=(Span(0, 1, "PER", 0.9), Span(0, 1, "PER", 0.2), Span(2, 3, "PER", 0.4), Span(3, 4, "", 0.7)),
    relations=(Relation(0, 2, "in", 0.6), Relation(0, 3, "role", 0.7)),
)


def test_a_span_counts_once_and_needs_its_words_and_label() -> None:
    found = collect([GOLD], [SAID])
    assert found[SPANS].scores.tolist() == [0.9, 0.4]
    assert found[SPANS].right.tolist() == [True, False]
    assert (found[SPANS].gold, found[SPANS].count, found[SPANS].documents.tolist()) == (2, 1, [0, 0])


def test_a_relation_needs_both_its_spans() -> None:
    found = collect([GOLD], [SAID])[RELATIONS]
    assert (found.scores.tolist(), found.right.tolist(), found.gold) == ([0.6, 0.7], [False, False], 1)
    whole = Document.from_words(WORDS, spans=GOLD.spans, relations=(Relation(0, 1, "in", 0.6),))
    with pytest.raises(DataError, match="2 of 2 predicted spans have no score"):
        collect([GOLD], [whole])
    assert collect([GOLD], [whole], given={"spans"})[RELATIONS].right.tolist() == [True]


@pytest.mark.parametrize("given", [{"spans"}, {"predicates"}])
def test_given_spans_play_no_part(given: set[str]) -> None:
    assert set(collect([GOLD], [SAID], given=given)) == {RELATIONS}


def test_a_field_is_right_with_any_of_its_values() -> None:
    words, turns = ["taxi", "please"], (Turn("USER", 0, 2),)
    gold = Document.from_words(words, turns=turns, fields=(Field("to", ("Rome", "roma")), Field("at", ("six",))))
    said = (Field("to", ("ROMA",), 0, 0.9), Field("at", ("seven",), 0, 0.4), Field("by", ("bus",), 0, 0.3))
    found = collect([gold], [Document.from_words(words, turns=turns, fields=said)], given=("turns",))
    assert set(found) == {"fields"} and found["fields"].gold == 2
    assert found["fields"].right.tolist() == [True, False, False] and found["fields"].scores.tolist() == [0.9, 0.4, 0.3]


def test_what_is_not_predicted_is_no_part() -> None:
    assert collect([GOLD], [GOLD.with_spans(())]) == {}
