"""A document in windows, and these as one document again: nothing twice, nothing lost but what no window shows."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tagwright.text.document import Document
from tagwright.text.relation import Relation
from tagwright.text.span import Span
from tagwright.tokens.windowed import Windowed
from tagwright.tokens.windows import Window, cut_windows

WORDS = tuple("abcdefghijkl")
TWO = (Window(0, 8, 0, 6), Window(4, 12, 6, 12))


def label(*spans: Span, relations: tuple[Relation, ...] = ()) -> Document:
    return Document.from_words(WORDS, id="long", spans=spans, relations=relations)


def test_a_document_that_fits_stays_as_it_is() -> None:
    document, found = label(), label(Span(0, 1, "A"))
    assert Windowed(document).slices == [document] and Windowed(document).join([found]) is found
    assert Windowed(found).count_split({"spans"}) == 0


def test_a_span_in_both_windows_is_there_once_as_the_one_says_that_answers_for_it() -> None:
    cut = Windowed(label(), TWO)
    assert [document.words for document in cut.slices] == [WORDS[:8], WORDS[4:]]
    left = cut.slices[0].with_spans([Span(5, 7, "A", 0.9), Span(6, 7, "B", 0.8), Span(0, 1, "A", 0.7)])
    right = cut.slices[1].with_spans([Span(1, 3, "A", 0.1), Span(2, 3, "C", 0.2), Span(7, 8, "A", 0.3)])
    found = cut.join([left, right])
    assert found.spans == (Span(0, 1, "A"), Span(5, 7, "A"), Span(6, 7, "C"), Span(11, 12, "A"))
    assert [span.score for span in found.spans] == [0.7, 0.9, 0.2, 0.3]
    assert (found.words, found.id) == (WORDS, "long")


def test_a_span_beyond_the_window_of_its_first_word_is_the_next_ones() -> None:
    cut = Windowed(label(), TWO)
    right = cut.slices[1].with_spans([Span(1, 6, "A")])
    assert cut.join([cut.slices[0], right]).spans == (Span(5, 10, "A"),)


def test_a_relation_brings_its_ends() -> None:
    cut = Windowed(label(), TWO)
    both = (Span(5, 6, "A", 0.9), Span(6, 7, "B", 0.8))
    left = replace(cut.slices[0], spans=both, relations=(Relation(1, 0, "r", 0.5),))
    right = replace(cut.slices[1], spans=(Span(2, 3, "C", 0.7),))
    found = cut.join([left, right])
    assert found.spans == (Span(5, 6, "A"), Span(6, 7, "B"), Span(6, 7, "C"))
    assert found.relations == (Relation(1, 0, "r"),) and found.relations[0].score == 0.5


def test_what_no_window_shows_whole_is_counted_if_it_is_to_be_predicted() -> None:
    spans = (Span(0, 1, "A"), Span(11, 12, "A"), Span(3, 9, "A"), Span(4, 8, "A"))
    cut = Windowed(label(*spans, relations=(Relation(0, 1, "r"), Relation(1, 3, "r"))), TWO)
    assert cut.count_split({"spans"}) == 1
    assert cut.count_split({"spans", "relations"}) == 2


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_is_cut_comes_back(data: st.DataObject) -> None:
    words, at = ["w"] * data.draw(st.integers(2, 40)), st.integers(0, 39)
    bounds = data.draw(st.lists(st.tuples(at, at), max_size=12))
    inside = {(a, b + 1) for a, b in bounds if a <= b < len(words)}
    spans = tuple(Span(*each, "A") for each in sorted(inside, key=lambda each: (each[0], -each[1])))
    place = st.integers(0, max(len(spans) - 1, 0))
    pairs = data.draw(st.sets(st.tuples(place, place), max_size=8)) if spans else set()
    document = Document.from_words(words, spans=spans, relations=tuple(Relation(*pair, "r") for pair in pairs))
    limit = data.draw(st.integers(2, 20))
    starts = np.arange(len(words) + 1, dtype=np.int32)
    cut = Windowed(document, cut_windows(starts, limit=limit, overlap=data.draw(st.integers(0, limit // 2))))
    found = cut.join(cut.slices)
    assert set(found.spans) <= set(spans) and list(found.spans) == [span for span in spans if span in set(found.spans)]
    named = [{(one.spans[edge.head], one.spans[edge.tail]) for edge in one.relations} for one in (document, found)]
    assert named[1] <= named[0] and len(found.relations) == len(named[1])
    lost = len(spans) - len(found.spans) + len(document.relations) - len(found.relations)
    assert lost == cut.count_split({"spans", "relations"})
