"""Cross-validation in place of a dev set: how many epochs, and how good, from the training documents alone."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from tagwright.errors import RecipeError
from tagwright.recipe.corpora import ONLY
from tagwright.recipe.corpus import Corpus
from tagwright.recipe.recipe import Recipe
from tagwright.recipe.running.notice import Notice
from tagwright.text.ledger import Ledger
from tagwright.text.sampling import count_blocks, fold

logger = logging.getLogger(__name__)
FOLDS = 5
Fit = Callable[..., tuple[Any, list[dict[str, float]]]]


def cross_validate(recipe: Recipe, corpus: Corpus, *, fit: Fit) -> tuple[int, float]:
    """The number of epochs with the best mean F1 over the folds, and that F1."""
    folds = min(FOLDS, count_blocks(corpus.train))
    if folds < 2:
        raise RecipeError(
            f"draw.dev_policy cv needs 2 training documents of different texts and groups; these {len(corpus.train)} "
            "are one. Take more, or set draw.dev_policy = 'full'."
        )
    settings = {"training.eval_strategy": "epoch", "training.save_strategy": "no"}
    curves = []
    for number, (train, held) in enumerate(fold(corpus.train, folds, seed=recipe.training.seed), start=1):
        with TemporaryDirectory() as folder:
            ledger = Ledger()
            told = [Notice(recipe, {ONLY: corpus}, ledger=ledger)] if number == 1 else []
            _, history = fit(
                recipe.change(settings),
                replace(corpus, train=train, dev=held, test=()),
                folder=Path(folder),
                ledger=ledger,
                callbacks=told,
            )
        curves.append([entry["eval_f1"] for entry in history if "eval_f1" in entry])
        logger.info("Fold %d of %d: best F1 %.2f.", number, folds, 100 * max(curves[-1]))
    shared = min(map(len, curves))  # of a fixed number of steps a fold with fewer batches makes more epochs
    means = np.mean([curve[:shared] for curve in curves], axis=0)
    best = int(means.argmax())
    return best + 1, float(means[best])
