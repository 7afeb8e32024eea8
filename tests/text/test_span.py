"""Span: how two spans lie to each other, and a flat selection."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagwright.text.span import Span, find_flat

SPANS = st.builds(
    lambda start, size, label: Span(start, start + size, label),
    st.integers(0, 9),
    st.integers(1, 4),
    st.sampled_from("AB"),
)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Span(0, 2), Span(2, 3), set()),
        (Span(0, 3), Span(1, 2), {"overlaps", "contains"}),
        (Span(1, 2), Span(0, 3), {"overlaps"}),
        (Span(0, 2), Span(1, 3), {"overlaps", "crosses"}),
        (Span(0, 2), Span(0, 2), {"overlaps", "contains"}),
    ],
)
def test_how_two_spans_lie(one: Span, other: Span, expected: set[str]) -> None:
    assert {name for name in ("overlaps", "contains", "crosses") if getattr(one, name)(other)} == expected


def test_score_takes_no_part_in_equality() -> None:
    assert Span(0, 1, "A", 0.5) == Span(0, 1, "A", 0.9)
    assert Span(0, 1, "A") != Span(0, 1, "A", fragments=((0, 1),))


def test_shift_moves_words_only() -> None:
    moved = Span(1, 3, "A", 0.5, ((4, 6),)).shift(2)
    assert (moved.bounds, len(moved), moved.label, moved.score, moved.fragments) == ((3, 5), 2, "A", 0.5, ((4, 6),))


@given(st.lists(SPANS, max_size=8))
def test_a_flat_selection_loses_nothing_and_cannot_grow(spans: list[Span]) -> None:
    kept, left_out = find_flat(spans)
    assert sorted(kept + left_out, key=repr) == sorted(spans, key=repr)
    assert all(a.end <= b.start for a, b in zip(kept, kept[1:], strict=False))
    assert all(any(span.overlaps(other) for other in kept) for span in left_out)


def test_of_two_that_begin_together_the_longer_is_kept() -> None:
    assert find_flat([Span(0, 1, "A"), Span(0, 2, "B")]) == ([Span(0, 2, "B")], [Span(0, 1, "A")])
