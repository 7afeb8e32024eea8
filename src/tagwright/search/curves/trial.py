"""Runs one cell of a curve: sets the recipe, draws documents, trains, scores. Knows no other cell."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerCallback

from tagwright.recipe.build import find_rate, resolve
from tagwright.recipe.corpus import Corpus, draw_corpus
from tagwright.recipe.recipe import Recipe
from tagwright.recipe.running.fitting import fit, score_dev
from tagwright.search.curves.cell import RUN, Cell, Record
from tagwright.search.curves.dial import Dial
from tagwright.search.trial import Meter
from tagwright.text.ledger import Ledger


@dataclass(frozen=True)
class Work:
    """What all cells of a curve have in common; `folder` is where their files go."""

    recipe: Recipe
    dial: Dial
    corpus: Corpus
    folder: Path
    kind = Record

    def settle(self, cell: Cell) -> Recipe:
        """The recipe of one cell. A rate of the head's own keeps its ratio to the learning rate."""
        recipe = self.dial.turn(self.recipe, cell.value)
        draw: dict[str, Any] = {"seed": cell.draw}
        if recipe.draw.dev_policy is not None:
            draw["dev_policy"] = recipe.draw.dev_policy
        if cell.documents < len(self.corpus.train):
            draw["shots"] = cell.documents
        settings = {"draw": draw, "training.seed": cell.seed, "training.learning_rate": cell.rate}
        if recipe.tuning.head_learning_rate is not None:
            ratio = cell.rate / find_rate(recipe)
            settings["tuning.head_learning_rate"] = recipe.tuning.head_learning_rate * ratio
        return recipe.change(settings)

    def draw(self, cell: Cell) -> Corpus:
        """The documents of one cell."""
        return draw_corpus(self.corpus, self.settle(cell).draw, seed=cell.draw, ledger=Ledger())

    def run(self, cell: Cell, *, callbacks: Sequence[TrainerCallback] = ()) -> Record:
        """Train and score."""
        began, meter = time.monotonic(), Meter()
        corpus = self.draw(cell)
        recipe = resolve(self.settle(cell), corpus.train)

        def watch(labeler: Any) -> None:
            meter.watch(labeler.backbone)

        place = self.folder / cell.name
        shutil.rmtree(place, ignore_errors=True)  # of a run that was killed
        labeler, history = fit(recipe, corpus, folder=place, ledger=Ledger(), callbacks=callbacks, prepare=watch)
        shutil.rmtree(place, ignore_errors=True)
        precision = torch.bfloat16 if recipe.training.bf16 else None
        dev = score_dev(labeler, corpus.dev, precision=precision)["f1"]
        has_test = cell.stage == RUN and bool(corpus.test)
        test = score_dev(labeler, corpus.test, precision=precision)["f1"] if has_test else None
        steps = tuple((int(entry["step"]), entry["eval_f1"]) for entry in history if "eval_f1" in entry)
        moved = labeler.tuning.count(labeler)
        return Record(cell, dev, test, steps, moved, meter.cost, time.monotonic() - began)
