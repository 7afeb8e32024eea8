"""Mentions and passages: occurrences of words, what nests."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tagwright.formats.mention import Link, Mention, Passage, drop_links, part_crossing

PASSAGE = Passage(("a", "a", "a", "B", "a", "a"))


def test_occurrences_may_overlap() -> None:
    assert list(PASSAGE.find(["a", "a"])) == [(0, 2), (1, 3), (4, 6)]
    assert [PASSAGE.count_occurrence(bounds) for bounds in ((0, 2), (1, 3), (4, 6), (3, 4))] == [1, 2, 3, 1]
    assert list(PASSAGE.find([])) == []


def test_occurrences_but_for_case_and_blanks() -> None:
    assert list(PASSAGE.find(["Ab", "A"], folded=True)) == [(2, 5)]
    assert list(PASSAGE.find(["ab"])) == []
    assert list(Passage(("", "x", "")).find(["x"], folded=True))[0] == (0, 2)


bounds = st.tuples(st.integers(0, 6), st.integers(1, 3)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@settings(max_examples=100, deadline=None)
@given(st.lists(bounds, max_size=6))
def test_what_is_kept_nests_and_what_is_not_crosses_it(places: list[tuple[int, int]]) -> None:
    kept, crossing = part_crossing([Mention(*place) for place in places])

    def crosses(one: Mention, other: Mention) -> bool:
        return one.start < other.start < one.end < other.end or other.start < one.start < other.end < one.end

    assert len(kept) + len(crossing) == len(places)
    assert not any(crosses(one, other) for one in kept for other in kept)
    assert all(any(crosses(one, other) for other in kept) for one in crossing)


def test_links_to_what_is_gone_are_dropped() -> None:
    mentions = [Mention(0, 1, "a", (Link("r", (2, 3)), Link("r", (4, 5))))]
    assert drop_links(mentions, {(2, 3)}) == ([Mention(0, 1, "a", (Link("r", (4, 5)),))], [Link("r", (2, 3))])
