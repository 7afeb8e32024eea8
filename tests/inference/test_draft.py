"""Copies are proposed from where the last tokens stand in the source."""

from tagwright.inference.draft import Copying


def test_a_copy_goes_on() -> None:
    copying = Copying([5, 6, 7, 8, 9])
    assert copying.propose([], 3) == [5, 6, 7]
    assert copying.propose([5, 6], 2) == [7, 8]
    assert copying.propose([4, 7], 9) == [8, 9]
    assert copying.propose([9], 9) == []
    assert copying.propose([1], 9) == []


def test_of_equal_places_the_longest_match_counts_then_the_next_one() -> None:
    copying = Copying([1, 2, 3, 1, 4, 3, 1, 5])
    assert copying.propose([4, 3, 1], 1) == [5]
    assert copying.propose([2, 3, 1], 1) == [4]
    assert copying.propose([9, 1], 1) == [4]  # behind the last copy, not the first place of all
    assert copying.propose([5, 1], 1) == [4]
