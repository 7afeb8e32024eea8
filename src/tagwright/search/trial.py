"""Runs one cell: trains, scores its plan or plans, counts tokens. Knows no strategy.

Everything that costs is counted where it passes: every batch through the backbone, on train and on dev.
"""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import TrainerCallback

from tagwright.backbone.backbone import Backbone
from tagwright.errors import ModelError
from tagwright.models.folder import read_weights, write_weights
from tagwright.models.labeler import Labeler
from tagwright.recipe.build import resolve
from tagwright.recipe.corpus import Corpus, draw_corpus
from tagwright.recipe.recipe import Recipe
from tagwright.recipe.running.fitting import fit, score_dev
from tagwright.search.cell import FINAL, LEARNED, SHARED, Cell, Record
from tagwright.search.cells.record import Cost
from tagwright.search.space import Space
from tagwright.search.switch import DrawSight
from tagwright.text.ledger import Ledger


@dataclass(frozen=True)
class Work:
    """What all cells of a search have in common; `folder` is where their files go."""

    recipe: Recipe
    corpus: Corpus
    space: Space
    folder: Path
    kind = Record

    def run(self, cell: Cell, *, callbacks: Sequence[TrainerCallback] = ()) -> Record:
        return run_cell(self, cell, callbacks=callbacks)


class Meter:
    """Counts the tokens that pass through a backbone."""

    def __init__(self) -> None:
        self.cost = Cost()

    def watch(self, backbone: Backbone) -> None:
        backbone.register_forward_hook(self._count)

    def _count(self, backbone: Any, args: tuple[Any, ...], states: Tensor) -> None:
        tokens = args[0].ids.numel()
        moves = backbone.gates is not None or any(weight.requires_grad for weight in backbone.parameters())
        learns = states.requires_grad and moves
        self.cost += Cost(tokens, tokens if learns else 0)


def run_cell(work: Work, cell: Cell, *, callbacks: Sequence[TrainerCallback] = ()) -> Record:
    """Train and score; its file is written by whoever asked."""
    began, meter = time.monotonic(), Meter()
    drawing = DrawSight(work.space) if cell.stage == SHARED else None
    recipe = settle(work.recipe, cell, groups=work.space.groups)
    corpus = draw_corpus(work.corpus, recipe.draw, seed=recipe.training.seed, ledger=Ledger())
    recipe = resolve(recipe, corpus.train)

    def prepare(labeler: Any) -> None:
        if cell.start:
            _read_weights(labeler, work.folder / f"{cell.start}.safetensors")
        if drawing is not None:
            drawing.prepare(labeler.backbone)
        meter.watch(labeler.backbone)

    place = work.folder / cell.name
    shutil.rmtree(place, ignore_errors=True)  # of a run that was killed
    own: list[Any] = [*callbacks, *([] if drawing is None else [drawing])]
    labeler: Any
    labeler, _ = fit(recipe, corpus, folder=place, ledger=Ledger(), callbacks=own, prepare=prepare)
    shutil.rmtree(place, ignore_errors=True)
    precision = torch.bfloat16 if recipe.training.bf16 else None

    def score(part: str) -> float:
        return score_dev(labeler, getattr(corpus, part), precision=precision)["f1"]

    dev = {}
    if drawing is None:
        dev[cell.plan or work.space.name(labeler.backbone.sight)] = score("dev")
    else:
        for plan in drawing.plans:
            drawing.switch.prove(plan)
            dev[plan] = score("dev")
        _write_weights(labeler, work.folder / f"{cell.name}.safetensors")
    test = score("test") if cell.stage == FINAL and corpus.test else None
    return Record(cell, dev, test, meter.cost, time.monotonic() - began)


def settle(recipe: Recipe, cell: Cell, *, groups: int) -> Recipe:
    """The recipe of one cell. Weights that every batch trains under another plan have no dev score to be chosen by."""
    sight = f"learned:{groups}" if cell.stage == LEARNED else cell.plan
    settings: dict[str, Any] = {"backbone.sight": sight, "training.seed": cell.seed}
    if recipe.training.max_steps > 0:
        settings["training.max_steps"] = max(1, round(recipe.training.max_steps * cell.share))
    else:
        settings["training.num_train_epochs"] = recipe.training.num_train_epochs * cell.share
    if cell.plan is None:
        settings |= {"training.eval_strategy": "no", "training.save_strategy": "no"}
        if recipe.tuning.name == "frozen":
            settings["tuning.features"] = "off"  # they change with every plan
    return recipe.change(settings)


def _write_weights(labeler: Labeler, path: Path) -> None:
    draft = path.with_suffix(".draft")
    write_weights(labeler.tuning.collect(labeler, whole=True), draft)
    draft.replace(path)


def _read_weights(labeler: Labeler, path: Path) -> None:
    if not path.is_file():
        raise ModelError(f"The shared weights {path} are gone. Delete {path.with_suffix('.json')} to train them again.")
    labeler.tuning.put_back(labeler, read_weights(path)[0], source=path, whole=True)
