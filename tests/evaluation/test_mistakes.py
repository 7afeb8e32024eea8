"""Which predicted span stands for which gold one, the confusion table, and the cases to look at."""

from hypothesis import given, settings
from hypothesis import strategies as st

from score_references import make_document
from tagwright.evaluation.mistakes import LONGEST, Confusion, Mark, draw_case, name_mistake, pair_spans
from tagwright.text.document import Document
from tagwright.text.span import Span

GOLD = [(0, 2, "PER"), (3, 5, "ORG"), (6, 7, "LOC"), (8, 9, "LOC")]
SAID = [(0, 2, "PER"), (3, 5, "LOC"), (5, 7, "LOC"), (9, 10, "LOC")]
KINDS = ["right", "label", "boundary", "missed", "spurious"]


def test_each_kind_of_mistake_has_its_name() -> None:
    assert [name_mistake(pair) for pair in pair_spans(GOLD, SAID)] == KINDS


def test_the_same_bounds_win_over_the_same_label() -> None:
    assert pair_spans([(0, 2, "A"), (0, 3, "B")], [(0, 2, "B")]) == [((0, 2, "A"), (0, 2, "B")), ((0, 3, "B"), None)]


spans = st.lists(st.tuples(st.integers(0, 4), st.integers(5, 8), st.sampled_from("AB")), unique=True).map(sorted)


@given(gold=spans, predicted=spans)
@settings(max_examples=40)
def test_every_span_is_in_one_pair(gold: list[tuple[int, int, str]], predicted: list[tuple[int, int, str]]) -> None:
    pairs = pair_spans(gold, predicted)
    assert sorted(key for key, _ in pairs if key) == gold
    assert sorted(key for _, key in pairs if key) == predicted


def test_the_confusion_table_counts_labels_at_the_same_bounds() -> None:
    confusion = Confusion()
    confusion.add(pair_spans(GOLD, SAID))
    confusion.add_right(GOLD[:1])
    assert confusion.to_dict() == {
        "cells": {"": {"LOC": 1}, "LOC": {"": 1}, "ORG": {"LOC": 1}, "PER": {"PER": 2}},
        "boundary": {"LOC": 1},
    }


def test_a_case_marks_characters() -> None:
    case = draw_case(Document.from_words(["Ann", "in", "Rome"], id="7"), pair_spans([(2, 3, "LOC")], [(1, 3, "LOC")]))
    assert (case.id, case.text, case.left_out) == ("7", "Ann in Rome", 0)
    assert case.marks == (Mark("boundary", 4, 11, predicted="LOC"), Mark("boundary", 7, 11, gold="LOC"))
    assert case.text[7:11] == "Rome"


def test_a_very_long_text_is_cut_and_its_marks_counted() -> None:
    document = make_document([Span(0, 1, "A")], length=LONGEST)
    case = draw_case(document, pair_spans([(0, 1, "A"), (LONGEST - 1, LONGEST, "A")], []))
    assert len(case.text) == LONGEST
    assert (len(case.marks), case.left_out) == (1, 1)
