"""Maps from a score to the probability of being right, none of which changes the order of scores.

`none` leaves scores as they are; `temperature` stretches their log odds, `platt` shifts these too, `isotonic` takes any
rising steps. Knows numbers alone.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagwright.evaluation.calibration.outcomes import Floats
from tagwright.registry import suggest

Right = NDArray[np.bool_]
SURE = 1e-6  # scores nearer to 0 or 1 than this are taken to be so near: log odds have no end
SLOPES = (1e-3, 1e3)


class Map(ABC):
    """score -> probability of being right."""

    @abstractmethod
    def apply(self, scores: Floats) -> Floats:
        """N -> N, in the same order."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, `method` among them."""


@dataclass(frozen=True)
class Plain(Map):
    """Scores as they are."""

    def apply(self, scores: Floats) -> Floats:
        return scores

    def to_dict(self) -> dict[str, Any]:
        return {"method": "none"}


@dataclass(frozen=True)
class Odds(Map):
    """Log odds times `slope` plus `offset`. 1/slope is known as the temperature."""

    slope: float
    offset: float = 0.0

    def apply(self, scores: Floats) -> Floats:
        odds = self.slope * find_odds(scores) + self.offset
        chances: Floats = np.exp(-np.logaddexp(0, -odds))
        return chances

    def to_dict(self) -> dict[str, Any]:
        method = "platt" if self.offset else "temperature"
        return {"method": method, "slope": self.slope, "offset": self.offset}


@dataclass(frozen=True)
class Steps(Map):
    """Rising steps; straight lines between them, level beyond them."""

    scores: tuple[float, ...]
    chances: tuple[float, ...]

    def apply(self, scores: Floats) -> Floats:
        chances: Floats = np.interp(scores, self.scores, self.chances)
        return chances

    def to_dict(self) -> dict[str, Any]:
        return {"method": "isotonic", "scores": list(self.scores), "chances": list(self.chances)}


def find_odds(scores: Floats) -> Floats:
    """Log odds of scores."""
    kept = np.clip(scores, SURE, 1 - SURE)
    odds: Floats = np.log(kept) - np.log1p(-kept)
    return odds


def fit_none(scores: Floats, right: Right) -> Map:
    return Plain()


def fit_temperature(scores: Floats, right: Right) -> Map:
    return _fit_odds(scores, right, shifted=False)


def fit_platt(scores: Floats, right: Right) -> Map:
    return _fit_odds(scores, right, shifted=True)


def _fit_odds(scores: Floats, right: Right, *, shifted: bool) -> Map:
    """The least log loss against Platt's targets, which are never quite 0 or 1."""
    from scipy.optimize import minimize

    odds, hits = find_odds(scores), int(right.sum())
    wanted = np.where(right, (hits + 1) / (hits + 2), 1 / (len(right) - hits + 2))

    def lose(weights: Floats) -> tuple[float, Floats]:
        found = weights[0] * odds + weights[1]
        slack = np.exp(-np.logaddexp(0, -found)) - wanted
        loss = (np.logaddexp(0, found) - wanted * found).mean()
        return float(loss), np.array([(slack * odds).mean(), slack.mean()])

    bounds = [SLOPES, (None, None) if shifted else (0, 0)]
    slope, offset = minimize(lose, np.array([1.0, 0.0]), jac=True, bounds=bounds, method="L-BFGS-B").x
    return Odds(float(slope), float(offset))


def fit_isotonic(scores: Floats, right: Right) -> Map:
    """Isotonic regression; its first and last step keep as far from 0 and 1 as one more span might push them."""
    from scipy.optimize import isotonic_regression

    places, at, weights = np.unique(scores, return_inverse=True, return_counts=True)
    shares = np.bincount(at, right.astype(float)) / weights
    levels = isotonic_regression(shares, weights=weights).x
    least = 1 / (len(scores) + 2)
    levels = np.clip(levels, least, 1 - least)
    ends = np.flatnonzero(np.diff(levels))
    kept = np.unique(np.concatenate(([0], ends, ends + 1, [len(places) - 1])))
    return Steps(tuple(places[kept].tolist()), tuple(levels[kept].tolist()))


METHODS = {"none": fit_none, "temperature": fit_temperature, "platt": fit_platt, "isotonic": fit_isotonic}


def read_map(data: Mapping[str, Any]) -> Map:
    """The map that `to_dict` wrote; a ValueError where it can't be one."""
    method = data["method"]
    if method == "none":
        return Plain()
    if method in ("temperature", "platt"):
        return Odds(float(data["slope"]), float(data["offset"]))
    if method == "isotonic":
        scores, chances = (tuple(float(one) for one in data[name]) for name in ("scores", "chances"))
        if len(scores) != len(chances) or not scores or list(scores) != sorted(scores):
            raise ValueError("the steps of a map are not rising, or not as many as their chances")
        return Steps(scores, chances)
    raise ValueError(f"no method of calibration is called {method!r}.{suggest(str(method), METHODS)}")
