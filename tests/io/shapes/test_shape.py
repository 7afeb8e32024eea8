"""What all shapes share: words aligned with a text, extras found again, and values shown in messages."""

import pytest

from tagwright.errors import DataError
from tagwright.io.shapes import SHAPES, find_shape
from tagwright.io.shapes.shape import Extras, align, pack_extras, show, take_index


def test_words_are_aligned_over_white_space_only() -> None:
    assert align(["a", "bc", "."], " a\u00a0bc.\n") == ((1, 2), (3, 5), (5, 6))
    assert align([], " ") == ()
    for words in (["a"], ["a", "c"], ["a", "", "bc"], ["bc", "a"], ["a", "bc", "d"]):
        assert align(words, "a x bc") is None


def test_extras_go_back_to_their_owners_once() -> None:
    packed = pack_extras([(0, 1, "X"), (0, 1, "X"), (2, 3, "Y")], [{"id": 1}, {"id": 2}, {}])
    assert packed == [[0, 1, "X", {"id": 1}], [0, 1, "X", {"id": 2}]]
    extras = Extras(packed)
    assert [extras.take((0, 1, "X")) for _ in range(3)] == [{"id": 1}, {"id": 2}, {}]
    assert extras.take((2, 3, "Y")) == {}


def test_values_are_shown_short() -> None:
    assert show("a\ud800") == r"'a\ud800'" and len(show("x" * 500)) <= 60
    assert show(list(range(100))) == "a list"


def test_huge_numbers_are_refused() -> None:
    with pytest.raises(DataError, match="from 0 to 3 was expected"):
        take_index(10**100, "the start", limit=3)


def test_every_shape_is_found_by_its_keys_alone() -> None:
    rows = {
        "exchanges": {"turns": [{"user": "a"}]},
        "turns": {"turns": [{"text": "a"}]},
        "gliner": {"tokenized_text": [], "text": ""},
        "predicates": {"tokens": [], "predicates": []},
        "entities": {"tokens": [], "entities": [], "ner_tags": []},
        "tags": {"words": ["a"], "pos_tags": ["X"], "text": "a"},
        "spans": {"text": "a", "label": "positive"},
    }
    assert {name: find_shape(row) for name, row in rows.items()} == {name: name for name in rows}
    assert find_shape({"tokens": []}) == "entities" and find_shape({"text": "a", "tokens": ["a"]}) == "spans"
    assert set(rows) | {"doccano"} == set(SHAPES)
