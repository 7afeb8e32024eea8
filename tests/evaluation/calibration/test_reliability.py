"""The expected calibration error: by hand, of perfect scores, its interval; and which map cross-validation takes."""

import numpy as np
import pytest

from scored_documents import draw_documents
from tagwright.evaluation.calibration.choice import choose_map
from tagwright.evaluation.calibration.maps import METHODS
from tagwright.evaluation.calibration.outcomes import Outcomes, collect
from tagwright.evaluation.calibration.reliability import LEAST_IN_BIN, MOST_BINS, cut_bins, measure


def make_outcomes(scores: list[float], right: list[int]) -> Outcomes:
    count = len(scores)
    return Outcomes(np.array(scores), np.array(right, bool), np.arange(count), count, sum(right))


def test_the_error_is_that_by_hand() -> None:
    outcomes = make_outcomes([0.2] * 20 + [0.9] * 20, [1] * 8 + [0] * 12 + [1] * 17 + [0] * 3)
    found = measure(outcomes)
    assert [(one.count, round(one.score, 9), one.right) for one in found.bins] == [(20, 0.2, 0.4), (20, 0.9, 0.85)]
    assert found.error == pytest.approx((0.2 + 0.05) / 2)
    assert found.interval[0] < found.error < found.interval[1] < 1
    assert measure(make_outcomes([], [])).error == 0


def test_bins_are_of_equally_many_and_equal_scores_stay_together() -> None:
    drawn = np.random.default_rng(0)
    sizes = np.bincount(cut_bins(drawn.random(1000)))
    assert len(sizes) == MOST_BINS and sizes.max() - sizes.min() <= 1
    assert len(np.bincount(cut_bins(drawn.random(2 * LEAST_IN_BIN + 1)))) == 2
    tied = np.repeat([0.1, 0.5, 0.7], [500, 10, 490])
    places = cut_bins(tied)
    assert all(len(set(places[tied == score])) == 1 for score in (0.1, 0.5, 0.7))
    assert set(places) == set(range(places.max() + 1))


def test_perfect_scores_show_what_perfect_ones_would() -> None:
    outcomes = collect(*draw_documents(400))["spans"]
    found = measure(outcomes)
    assert found.error < 2 * found.perfect
    wrong = measure(collect(*draw_documents(400, chance=lambda score: score / 2))["spans"])
    assert wrong.error > 0.2 > 4 * wrong.perfect and wrong.interval[0] > 0.2


@pytest.mark.parametrize(("falls", "error"), [(0.0, 0.0), (0.2, 0.025), (1.0, 0.25)])
def test_the_interval_holds_the_error_on_endless_documents(falls: float, error: float) -> None:
    """95 % intervals of 30 draws: fewer than 26 hold it once in 300 times."""

    def chance(score: float) -> float:
        return score + falls * (0.5 * (0.5 - score) if falls < 1 else -score / 2)

    found = [measure(collect(*draw_documents(80, chance=chance, seed=seed))["spans"]) for seed in range(30)]
    assert sum(one.interval[0] <= error <= one.interval[1] for one in found) >= 26


@pytest.mark.parametrize(
    ("chance", "best"),
    [
        (lambda score: score, {"none", "temperature", "platt"}),
        (lambda score: 1 / (1 + np.exp(-(2 * np.log(score / (1 - score)) - 2))), {"platt"}),
        (lambda score: 0.2 if score < 0.6 else 0.7, {"isotonic"}),
    ],
)
def test_cross_validation_takes_the_map_that_fits(chance: object, best: set[str]) -> None:
    outcomes = collect(*draw_documents(600, chance=chance))["spans"]  # type: ignore[arg-type]
    choice = choose_map(outcomes, list(METHODS))
    assert choice.method in best
    assert choice.losses[choice.method] == min(choice.losses.values())
    before, after = measure(outcomes), measure(outcomes, choice.held_out)
    assert after.error < max(before.error / 2, 2 * after.perfect)


def test_held_out_scores_are_of_maps_that_did_not_see_them() -> None:
    """One document is all wrong at a score that no other has: a map that saw it would say so."""
    outcomes = collect(*draw_documents(60, most=3))["spans"]
    choice = choose_map(outcomes, ["isotonic"])
    assert not np.allclose(choice.held_out, choice.map.apply(outcomes.scores))
    few = make_outcomes([0.3, 0.6], [0, 1])
    assert choose_map(few, ["platt", "none"]).held_out.shape == (2,)
