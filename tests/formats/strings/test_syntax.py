"""Marks and escapes: any word comes back, and any string has a reading."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagwright.formats.strings.syntax import escape, join_value, join_words, split_items, split_value

NASTY = st.text(alphabet=st.sampled_from("[]|=\\ \n.0a2f😀x") | st.characters(exclude_categories=["Cs"]))


@settings(max_examples=50, deadline=None)
@given(st.lists(NASTY, max_size=5))
def test_words_come_back(words: list[str]) -> None:
    items = list(split_items(join_words(words)))
    assert [item.text for item in items] == words
    assert not any(item.is_mark for item in items)


@settings(max_examples=50, deadline=None)
@given(NASTY)
def test_values_come_back(value: str) -> None:
    written = join_words(split_value(value))
    assert join_value([item.text for item in split_items(written)]) == value


@settings(max_examples=50, deadline=None)
@given(NASTY)
def test_items_lie_in_their_string_one_after_the_other(text: str) -> None:
    at = 0
    for item in split_items(text):
        assert at <= item.chars[0] < item.chars[1] <= len(text)
        at = item.chars[1]


@pytest.mark.parametrize(
    ("word", "written"),
    [("a", "a"), ("[sic]", "\\[sic\\]"), ("a=b|c", "a\\=b\\|c"), ("\\", "\\\\"), ("", "\\."), ("a b", "a\\20.b")],
)
def test_how_words_are_written(word: str, written: str) -> None:
    assert escape(word) == written


def test_a_mark_needs_no_blanks() -> None:
    items = [(item.text, item.is_mark, item.chars) for item in split_items("[Bo \\]x|a=")]
    assert items == [
        ("[", True, (0, 1)),
        ("Bo", False, (1, 3)),
        ("]x", False, (4, 7)),
        ("|", True, (7, 8)),
        ("a", False, (8, 9)),
        ("=", True, (9, 10)),
    ]


@pytest.mark.parametrize(("text", "word"), [("\\", "\\"), ("\\q", "q"), ("\\ffffff.", "\\ffffff."), ("\\41.", "\\41.")])
def test_a_broken_escape_is_read_as_it_stands(text: str, word: str) -> None:
    assert [item.text for item in split_items(text)] == [word]
