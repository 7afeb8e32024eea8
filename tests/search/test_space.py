"""Plans as bits, and what opening a group is worth."""

import pytest

from tagwright.search.space import Space, compare_groups


def test_all_plans_of_a_space() -> None:
    assert Space(2, 1).plans == ("00", "01", "10", "11")
    assert len(set(Space(4, 1).plans)) == 16


@pytest.mark.parametrize(("groups", "top"), [(1, "1"), (2, "01"), (3, "011"), (4, "0011")])
def test_the_upper_half(groups: int, top: str) -> None:
    assert Space(groups, 1).top == top


def test_groups_are_compared_by_the_mean_of_either_side() -> None:
    scores = {"00": 0.1, "01": 0.5, "10": 0.3, "11": 0.9}
    first, second = compare_groups(scores)
    assert first == pytest.approx((0.3, 0.6)) and second == pytest.approx((0.2, 0.7))
    assert compare_groups({"01": 0.5, "11": 0.7}) == [(0.5, 0.7), None]
    assert compare_groups({}) == []
