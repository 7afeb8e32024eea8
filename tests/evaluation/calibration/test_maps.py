"""Maps: the right curve is found, the order of scores is kept, what is written is read; held to scikit-learn."""

import json
from random import Random

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from tagwright.evaluation.calibration.maps import METHODS, Odds, find_odds, read_map

GRID = np.linspace(0, 1, 101)


def draw(count: int = 4000, *, slope: float = 0.5, offset: float = -0.7) -> tuple[np.ndarray, np.ndarray]:
    drawn = np.random.default_rng(0)
    scores = drawn.random(count)
    chances = 1 / (1 + np.exp(-(slope * find_odds(scores) + offset)))
    return scores, drawn.random(count) < chances


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_scores_is_kept_and_the_map_is_read_back(method: str) -> None:
    fitted = METHODS[method](*draw(300))
    chances = fitted.apply(GRID)
    assert (np.diff(chances) >= 0).all() and chances.min() >= 0 and chances.max() <= 1
    again = read_map(json.loads(json.dumps(fitted.to_dict())))
    assert again == fitted and (again.apply(GRID) == chances).all()


def test_platt_finds_the_curve_and_agrees_with_a_logistic_regression() -> None:
    scores, right = draw()
    fitted = METHODS["platt"](scores, right)
    assert isinstance(fitted, Odds)
    assert fitted.slope == pytest.approx(0.5, abs=0.05) and fitted.offset == pytest.approx(-0.7, abs=0.1)
    other = LogisticRegression(C=1e9).fit(find_odds(scores)[:, None], right)
    assert fitted.slope == pytest.approx(other.coef_[0, 0], abs=5e-3)  # whose targets are 0 and 1
    assert fitted.offset == pytest.approx(other.intercept_[0], abs=5e-3)


def test_temperature_leaves_a_half_a_half() -> None:
    fitted = METHODS["temperature"](*draw(offset=0.0))
    assert isinstance(fitted, Odds) and fitted.slope == pytest.approx(0.5, abs=0.05)
    assert fitted.apply(np.array([0.5])).tolist() == [0.5]


def test_isotonic_agrees_with_scikit_learn_within_its_ends() -> None:
    scores, right = draw(500)
    fitted, least = METHODS["isotonic"](scores, right), 1 / 502
    other = IsotonicRegression(out_of_bounds="clip").fit(scores, right).predict(scores)
    assert np.abs(fitted.apply(scores) - np.clip(other, least, 1 - least)).max() < 1e-9
    assert fitted.apply(np.array([0.0, 1.0])).tolist() == pytest.approx([least, 1 - least], abs=0.2)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("is_right", [True, False])
def test_all_right_or_all_wrong_is_no_certainty(method: str, is_right: bool) -> None:
    drawn = Random(0)
    scores = np.array([drawn.random() for _ in range(40)])
    chances = METHODS[method](scores, np.full(40, is_right)).apply(scores)
    assert np.isfinite(chances).all() and ((chances > 0) & (chances < 1)).all()
    assert method == "none" or (chances.mean() > 0.9) == is_right or method == "temperature"


def test_scores_of_0_and_1_have_odds() -> None:
    assert np.isfinite(find_odds(np.array([0.0, 1.0]))).all()


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ({"method": "plat"}, "called 'plat'.*Did you mean 'platt'"),
        ({"method": "isotonic", "scores": [0.5, 0.1], "chances": [0.1, 0.2]}, "not rising"),
        ({"method": "isotonic", "scores": [], "chances": []}, "not rising"),
    ],
)
def test_no_map_is_told(data: dict[str, object], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        read_map(data)
