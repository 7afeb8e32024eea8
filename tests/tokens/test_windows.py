"""Windows fit, follow each other and answer for every word once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tagwright.tokens.windows import cut_windows, find_window

Counts = st.lists(st.sampled_from([0, 0, 1, 1, 1, 2, 3, 5, 9, 40]), min_size=1, max_size=60)


def find_starts(counts: list[int]) -> NDArray[np.int32]:
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int32)


@settings(max_examples=100, deadline=None)
@given(Counts, st.integers(1, 30), st.data())
def test_every_word_is_answered_for_once_by_a_window_that_fits(
    counts: list[int], limit: int, data: st.DataObject
) -> None:
    overlap = data.draw(st.integers(0, limit - 1))
    windows = cut_windows(find_starts(counts), limit=limit, overlap=overlap)
    answered = [word for window in windows for word in range(window.first, window.last)]
    assert answered == list(range(len(counts)))
    for window in windows:
        assert window.start <= window.first < window.last <= window.end
        assert sum(counts[window.start : window.end]) <= limit or window.end - window.start == 1


@settings(max_examples=100, deadline=None)
@given(Counts, st.integers(1, 30), st.data())
def test_neighbours_share_no_more_than_the_overlap(counts: list[int], limit: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, limit - 1))
    windows = cut_windows(find_starts(counts), limit=limit, overlap=overlap)
    for left, right in zip(windows, windows[1:], strict=False):
        assert left.start < right.start and left.end < right.end
        assert sum(counts[right.start : left.end]) <= overlap


@settings(max_examples=100, deadline=None)
@given(Counts, st.integers(1, 30), st.data())
def test_words_that_any_window_shows_are_answered_for_by_one_that_shows_them_whole(
    counts: list[int], limit: int, data: st.DataObject
) -> None:
    windows = cut_windows(find_starts(counts), limit=limit, overlap=data.draw(st.integers(0, limit - 1)))
    for start in range(len(counts)):
        for end in range(start + 1, min(start + 8, len(counts)) + 1):
            showing = [at for at, window in enumerate(windows) if window.start <= start and end <= window.end]
            own = [at for at in showing if windows[at].first <= start < windows[at].last]
            found = find_window(windows, (start, end))
            assert found in (own or showing or [None])


def test_a_long_word_at_the_edge_leaves_what_room_it_can_for_shared_words() -> None:
    windows = cut_windows(find_starts([1, 1, 1, 1, 1, 3, 1]), limit=6, overlap=4)
    assert [(window.start, window.end) for window in windows] == [(0, 5), (2, 6), (4, 7)]


def test_a_word_between_two_windows_goes_to_the_one_that_shows_more_around_it() -> None:
    first, second = cut_windows(find_starts([1] * 12), limit=8, overlap=4)
    assert (first.start, first.end, second.start, second.end) == (0, 8, 4, 12)
    assert (first.first, first.last, second.first, second.last) == (0, 6, 6, 12)


def test_a_word_longer_than_the_limit_stands_alone() -> None:
    windows = cut_windows(find_starts([1, 1, 50, 1, 1]), limit=4, overlap=2)
    assert [(window.start, window.end) for window in windows if window.first <= 2 < window.last] == [(2, 3)]


@pytest.mark.parametrize("words", [1, 7, 1000])
def test_words_without_tokens_need_one_window(words: int) -> None:
    (window,) = cut_windows(find_starts([0] * words), limit=4, overlap=2)
    assert (window.start, window.end, window.first, window.last) == (0, words, 0, words)


def test_a_long_line_is_cut_in_linear_time() -> None:
    windows = cut_windows(find_starts([1] * 250_000), limit=510, overlap=128)
    assert len(windows) == -(-(250_000 - 128) // (510 - 128))
