"""BM25: worked by hand, and what it must do whatever the numbers."""

from math import log

import pytest

from tagwright.formats.demonstrations.bm25 import LENGTH, SATURATION, Index

TEXTS = [text.split() for text in ("rain in rome", "rain rain in oslo today", "bob left", "")]


def weigh(count: int, *, having: int, length: int) -> float:
    """As the paper has it, with Lucene's rarity, which is never below zero."""
    mean = sum(map(len, TEXTS)) / 4
    return (
        log(1 + (4 - having + 0.5) / (having + 0.5))
        * (count * (SATURATION + 1))
        / (count + SATURATION * (1 - LENGTH + LENGTH * length / mean))
    )


def test_scores_are_those_of_the_formula() -> None:
    found = Index(TEXTS).score(["rain", "in", "oslo", "oslo", "tomorrow"])
    first = weigh(1, having=2, length=3) + weigh(1, having=2, length=3)
    second = weigh(2, having=2, length=5) + weigh(1, having=2, length=5) + weigh(1, having=1, length=5)
    assert found.tolist() == pytest.approx([first, second, 0, 0])


def test_the_likest_comes_first_and_of_equals_the_earlier() -> None:
    index = Index(TEXTS)
    assert index.rank(["rome"], count=2) == [0, 1]
    assert index.rank(["bob"], count=9) == [2, 0, 1, 3]
    assert index.rank([], count=3) == [0, 1, 2]
    assert index.rank(["left", "today"], count=1) == [2]  # a shorter text is more about its words


def test_nothing_to_find() -> None:
    assert Index([]).rank(["a"], count=3) == []
    assert Index([[]]).rank(["a"], count=3) == [0]
