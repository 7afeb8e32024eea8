"""Document: words, offsets, what may be given, slices, and spans placed by characters."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagwright.errors import DataError
from tagwright.text.document import Document, place_span
from tagwright.text.relation import Field, Relation, Turn
from tagwright.text.span import Chars, Span
from tagwright.text.words import make_document

TEXT = "Ada Lovelace met  Babbage in London."
DOCUMENT = make_document(
    TEXT,
    spans=(Span(0, 2, "PER"), Span(3, 4, "PER"), Span(5, 6, "LOC"), Span(2, 3, "")),
    relations=(Relation(0, 1, "meets"), Relation(1, 2, "in")),
    turns=(Turn("user", 0, 7),),
    fields=(Field("city", ("London",)),),
    id="d1",
    group="g",
    meta={"source": "x"},
)


def test_words_and_cuts_are_of_the_original_text() -> None:
    assert DOCUMENT.words == ("Ada", "Lovelace", "met", "Babbage", "in", "London", ".")
    assert [DOCUMENT.cut(span) for span in DOCUMENT.spans] == ["Ada Lovelace", "Babbage", "London", "met"]
    assert DOCUMENT.find_chars(Span(2, 4)) == (13, 25)
    assert len(DOCUMENT) == 7


@given(st.lists(st.text(max_size=4), max_size=6))
@settings(max_examples=30)
def test_word_files_get_their_words_back(words: list[str]) -> None:
    document = Document.from_words(words, id="x")
    assert document.words == tuple(words)
    assert document.text == " ".join(words)
    assert not document.text_is_original


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"offsets": ((0, 3), (2, 5))}, r"Document 'd': word offsets \(2, 5\) overlap"),
        ({"offsets": ((0, 9),)}, r"word offsets \(0, 9\) .*leave the text"),
        ({"spans": (Span(1, 3, "X"),)}, r"span \(1, 3\) 'X' is empty or leaves the 2 words"),
        ({"spans": (Span(1, 1, "X"),)}, "is empty"),
        ({"relations": (Relation(0, 1, "r"),)}, "relation 'r' joins spans 0 and 1 of 0, counted from 0. Add the spans"),
    ],
)
def test_what_does_not_fit_is_refused(parts: dict[str, tuple[object, ...]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        Document(**{"text": "ab cd", "offsets": ((0, 2), (3, 5)), "id": "d", **parts})  # type: ignore[arg-type]


def test_only_leaves_what_is_given() -> None:
    bare = DOCUMENT.only()
    assert (bare.text, bare.offsets, bare.id, bare.group) == (TEXT, DOCUMENT.offsets, "d1", "g")
    assert (bare.spans, bare.relations, bare.turns, bare.fields, bare.meta) == ((), (), (), (), {})
    assert DOCUMENT.only(["spans"]).spans == DOCUMENT.spans
    assert DOCUMENT.only(["predicates"]).spans == DOCUMENT.spans[:3]
    assert DOCUMENT.only(["turns"]).turns == DOCUMENT.turns
    assert DOCUMENT.only(["spans", "turns"]).relations == ()
    with pytest.raises(DataError, match=r"\['relations'\] can't be given. Known parts"):
        DOCUMENT.only(["relations"])


def test_new_spans_take_the_relations_away() -> None:
    changed = DOCUMENT.with_spans([Span(0, 1, "X")])
    assert (changed.spans, changed.relations) == ((Span(0, 1, "X"),), ())
    assert DOCUMENT.relations


def test_slices_keep_what_lies_within() -> None:
    part = DOCUMENT.slice(2, 6)
    assert part.text == "met  Babbage in London"
    assert part.words == DOCUMENT.words[2:6]
    assert part.spans == (Span(1, 2, "PER"), Span(3, 4, "LOC"), Span(0, 1, ""))
    assert part.relations == (Relation(0, 1, "in"),)
    assert (part.id, part.group) == ("d1", "g")
    with pytest.raises(DataError, match=r"can't take words \[3, 9\) of 7"):
        DOCUMENT.slice(3, 9)


def test_slices_clip_fragments_to_their_text() -> None:
    loose = place_span(DOCUMENT.offsets, [(12, 20)], label="X")  # from the blank before "met" into "Babbage"
    assert loose == Span(2, 4, "X", fragments=((12, 20),))
    part = DOCUMENT.with_spans([loose]).slice(2, 4)
    assert part.cut(part.spans[0]) == "met  Ba"


@pytest.mark.parametrize(
    ("fragments", "expected"),
    [
        ([(0, 12)], Span(0, 2, "X")),
        ([(1, 3)], Span(0, 1, "X", fragments=((1, 3),))),
        ([(18, 25), (0, 3)], Span(0, 4, "X", fragments=((0, 3), (18, 25)))),
        ([(16, 18)], None),
        ([(5, 5)], None),
        ([], None),
    ],
)
def test_spans_are_placed_by_characters(fragments: list[Chars], expected: Span | None) -> None:
    assert place_span(DOCUMENT.offsets, fragments, label="X") == expected


@settings(max_examples=40, deadline=None)
@given(st.text("ab .,-", min_size=1, max_size=30), st.data())
def test_placed_characters_survive(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    document = make_document(text)
    span = place_span(document.offsets, [(start, end)])
    if span is None:
        assert not re.search(r"\S", text[start:end])
    else:
        placed = document.with_spans([span])
        assert placed.find_chars(span) == (start, end)
        assert placed.cut(span) == text[start:end]
