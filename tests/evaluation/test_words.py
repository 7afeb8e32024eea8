"""Words and their labels under the flat projection."""

from tagwright.evaluation.counts import Counts
from tagwright.evaluation.words import count_words, label_words


def test_the_leftmost_then_longest_span_labels_a_word() -> None:
    assert label_words([(0, 1, "A"), (0, 3, "B"), (2, 5, "C"), (3, 4, "D")], 6) == ["B", "B", "B", "D", "", ""]


def test_words_outside_count_too() -> None:
    assert count_words([(0, 2, "A")], [(1, 3, "A")], words=5) == Counts(3, 0, 5, 5)
    assert count_words([], [], words=4) == Counts(4, 0, 4, 4)
    assert count_words([(0, 1, "A")], [(0, 1, "B")], words=1) == Counts(0, 0, 1, 1)
