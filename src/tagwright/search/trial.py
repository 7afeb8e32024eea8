"""Runs one cell: trains, switches plans over shared weights, scores, counts tokens. Knows no strategy.

Everything that costs is counted where it passes: every batch through the backbone, on train and on dev.
"""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor, nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from tagwright.backbone.backbone import Backbone
from tagwright.backbone.sight.masks import SightHooks, find_stack
from tagwright.backbone.sight.probe import prove_sight
from tagwright.backbone.sight.proven import set_sight
from tagwright.backbone.sight.sight import Sight
from tagwright.errors import ModelError
from tagwright.models.folder import fill_weights, write_weights
from tagwright.models.labeler import Labeler
from tagwright.recipe.build import resolve
from tagwright.recipe.corpus import Corpus, draw_corpus
from tagwright.recipe.recipe import Recipe
from tagwright.recipe.run import fit, score_dev
from tagwright.search.cell import FINAL, Cell, Cost, Record
from tagwright.search.space import Space
from tagwright.text.ledger import Ledger


@dataclass(frozen=True)
class Work:
    """What all cells of a search have in common; `folder` is where their files go."""

    recipe: Recipe
    corpus: Corpus
    space: Space
    folder: Path


class Switch:
    """Turns a backbone from plan to plan."""

    def __init__(self, backbone: Backbone) -> None:
        self.model = backbone.model
        self.layers = len(find_stack(self.model)[1])
        self.hooks = backbone.hooks or _hook(self.model)

    def turn(self, plan: str) -> None:
        self.hooks.turn(Sight.parse(plan, layers=self.layers))

    def prove(self, plan: str) -> None:
        """Turn, and refuse a model that doesn't obey. Batches are never packed, so that isn't asked."""
        self.turn(plan)
        prove_sight(self.model, Sight.parse(plan, layers=self.layers).flags, packs=False)


def _hook(model: nn.Module) -> SightHooks:
    """Of the two extremes one is the model's nature and needs no hooks; the other has them, and is proven."""
    for notation in ("none", "all"):
        _, hooks = set_sight(model, notation)
        if hooks is not None:
            return hooks
    raise ModelError(f"{type(model).__name__} has layers of no sight. There is nothing to search.")


class DrawSight(TrainerCallback):  # type: ignore[misc]
    """Draws a plan anew for every batch."""

    def __init__(self, space: Space) -> None:
        self.plans, self.drawn = space.plans, Random(space.seed)
        self.switch: Switch | None = None

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._draw()

    def on_substep_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._draw()

    def _draw(self) -> None:
        if self.switch is not None:
            self.switch.turn(self.drawn.choice(self.plans))


class Meter:
    """Counts the tokens that pass through a backbone."""

    def __init__(self) -> None:
        self.cost = Cost()

    def watch(self, backbone: Backbone) -> None:
        backbone.register_forward_hook(self._count)

    def _count(self, backbone: nn.Module, args: tuple[Any, ...], states: Tensor) -> None:
        tokens = args[0].ids.numel()
        self.cost += Cost(tokens, tokens if states.requires_grad else 0)


def run_cell(work: Work, cell: Cell, *, callbacks: Sequence[TrainerCallback] = ()) -> Record:
    """Train and score; its file is written by whoever asked."""
    began, meter = time.monotonic(), Meter()
    draw = DrawSight(work.space) if cell.plan is None else None
    recipe = settle(work.recipe, cell)
    corpus = draw_corpus(work.corpus, recipe.draw, seed=recipe.training.seed, ledger=Ledger())
    recipe = resolve(recipe, corpus.train)

    def prepare(labeler: Any) -> None:
        meter.watch(labeler.backbone)
        if cell.start:
            _read_weights(labeler, work.folder / f"{cell.start}.safetensors")
        if draw is not None:
            draw.switch = Switch(labeler.backbone)

    place = work.folder / cell.name
    shutil.rmtree(place, ignore_errors=True)  # of a run that was killed
    own = [*callbacks, *([] if draw is None else [draw])]
    labeler, _ = fit(recipe, corpus, folder=place, ledger=Ledger(), callbacks=own, prepare=prepare)
    shutil.rmtree(place, ignore_errors=True)
    precision = torch.bfloat16 if recipe.training.bf16 else None

    def score(part: str) -> float:
        return score_dev(labeler, getattr(corpus, part), precision=precision)["f1"]

    dev = {}
    for plan in work.space.plans if cell.plan is None else [cell.plan]:
        if draw is not None and draw.switch is not None:
            draw.switch.prove(plan)
        dev[plan] = score("dev")
    if draw is not None:
        _write_weights(labeler, work.folder / f"{cell.name}.safetensors")
    test = score("test") if cell.stage == FINAL and corpus.test else None
    return Record(cell, dev, test, meter.cost, time.monotonic() - began)


def settle(recipe: Recipe, cell: Cell) -> Recipe:
    """The recipe of one cell. Weights that every batch trains under another plan have no dev score to be chosen by."""
    settings: dict[str, Any] = {"backbone.sight": cell.plan, "training.seed": cell.seed}
    if recipe.training.max_steps > 0:
        settings["training.max_steps"] = max(1, round(recipe.training.max_steps * cell.share))
    else:
        settings["training.num_train_epochs"] = recipe.training.num_train_epochs * cell.share
    if cell.plan is None:
        settings |= {"training.eval_strategy": "no", "training.save_strategy": "no"}
    return recipe.change(settings)


def _write_weights(labeler: Labeler, path: Path) -> None:
    draft = path.with_suffix(".draft")
    write_weights(labeler, draft)
    draft.replace(path)


def _read_weights(labeler: Labeler, path: Path) -> None:
    if not path.is_file():
        raise ModelError(f"The shared weights {path} are gone. Delete {path.with_suffix('.json')} to train them again.")
    fill_weights(labeler, path)
