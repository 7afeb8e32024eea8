"""Spreads of crossed scores: by hand, by an outsider, and the interval's promise over many made-up studies."""

import numpy as np
import pytest
from scipy import stats

from tagwright.search.curves.spread import Spread, measure_spread

WIDE = (-10.0, 10.0)


def test_each_spread_finds_its_own_cause() -> None:
    by_draw = measure_spread(np.array([[0.1, 0.1], [0.3, 0.3]]), bounds=WIDE)
    assert by_draw.draws == pytest.approx(np.sqrt(0.02)) and by_draw.seeds == by_draw.rest == pytest.approx(0)
    by_seed = measure_spread(np.array([[0.1, 0.3], [0.1, 0.3]]), bounds=WIDE)
    assert by_seed.seeds == pytest.approx(np.sqrt(0.02)) and by_seed.draws == by_seed.rest == pytest.approx(0)
    neither = measure_spread(np.array([[0.1, 0.3], [0.3, 0.1]]), bounds=WIDE)
    assert neither.draws == neither.seeds == pytest.approx(0) and neither.rest == pytest.approx(0.2)


def test_one_draw_has_the_ordinary_t_interval_of_its_trainings() -> None:
    scores = np.array([[0.2, 0.5, 0.3, 0.6]])
    spread = measure_spread(scores, bounds=WIDE)
    expected = stats.t.interval(0.95, 3, loc=scores.mean(), scale=stats.sem(scores[0]))
    assert (spread.low, spread.high) == pytest.approx(expected)
    assert spread.draws is None and spread.rest is None and spread.seeds == pytest.approx(scores.std(ddof=1))


def test_what_cannot_be_told_is_not_told() -> None:
    assert measure_spread(np.array([[0.5]]), bounds=WIDE) == Spread(0.5, 1)
    alike = measure_spread(np.zeros((2, 2)), bounds=WIDE)
    assert (alike.low, alike.high, alike.draws) == (None, None, 0.0)


def test_an_interval_stays_within_what_scores_can_be() -> None:
    spread = measure_spread(np.array([[0.0, 0.1], [0.4, 0.9]]), bounds=(0.0, 1.0))
    assert (spread.low, spread.high) == (0.0, 1.0)


@pytest.mark.parametrize("sizes", [(0.0, 0.0, 1.0), (1.0, 1.0, 1.0), (2.0, 0.5, 0.5), (0.2, 2.0, 1.0)])
def test_95_in_100_intervals_hold_the_truth(sizes: tuple[float, float, float]) -> None:
    random, held = np.random.default_rng(0), 0
    for _ in range(400):
        shapes = ((3, 1), (1, 3), (3, 3))
        scores = sum(random.normal(0, size, shape) for size, shape in zip(sizes, shapes, strict=True))
        spread = measure_spread(scores, bounds=(-99.0, 99.0))
        held += spread.low is not None and spread.high is not None and spread.low <= 0 <= spread.high
    assert held >= 0.93 * 400
