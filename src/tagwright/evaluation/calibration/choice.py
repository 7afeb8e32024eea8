"""Which map to take: each is fitted on some documents and tried on the others, in turns. Knows numbers alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tagwright.evaluation.calibration.maps import METHODS, Map, Plain
from tagwright.evaluation.calibration.outcomes import Floats, Outcomes, Places

FOLDS, SEED, TINY = 5, 0, 1e-12


@dataclass(frozen=True)
class Choice:
    """The map of the least loss, fitted on all; the loss of each method and the scores that the chosen one gave, all on
    documents that it was not fitted on."""

    method: str
    map: Map
    losses: dict[str, float]
    held_out: Floats


def choose_map(outcomes: Outcomes, methods: Sequence[str]) -> Choice:
    """Cross-validated by document; the loss is the mean log loss."""
    folds = np.random.default_rng(SEED).permutation(outcomes.count) % FOLDS
    tried = {method: _try(outcomes, method, folds[outcomes.documents]) for method in methods}
    losses = {method: _lose(scores, outcomes) for method, scores in tried.items()}
    best = min(methods, key=lambda method: losses[method])
    return Choice(best, METHODS[best](outcomes.scores, outcomes.right), losses, tried[best])


def _try(outcomes: Outcomes, method: str, folds: Places) -> Floats:
    scores = np.zeros(len(outcomes))
    for fold in range(FOLDS):
        rest, out = folds != fold, folds == fold
        fitted = METHODS[method](outcomes.scores[rest], outcomes.right[rest]) if rest.any() else Plain()
        scores[out] = fitted.apply(outcomes.scores[out])
    return scores


def _lose(scores: Floats, outcomes: Outcomes) -> float:
    chances = np.clip(np.where(outcomes.right, scores, 1 - scores), TINY, 1)
    return float(-np.log(chances).mean())
