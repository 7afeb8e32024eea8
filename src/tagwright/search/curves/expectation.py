"""Expectation: how long cells will take, told before the first one begins. Trains nothing, makes no weight.

It adds up an estimate of training, of looks at dev and test, and what every step and cell costs besides; it is right
to a factor of about three. Early stopping shortens cells and isn't foreseen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import torch

from tagwright.recipe.estimate.estimate import estimate
from tagwright.recipe.estimate.machine import measure_machine
from tagwright.recipe.estimate.schedule import plan_steps
from tagwright.search.curves.cell import RUN, Cell
from tagwright.search.curves.trial import Work
from tagwright.text.sampling import shuffle

LOOKED_AT = 200  # documents by which the pace is estimated
CELL, STEP, SAVED = 1.5, 0.02, 5e8  # seconds to build and to save; of a step besides its matrices; bytes saved a second


@dataclass(frozen=True)
class Pace:
    """Of one value of the dial: seconds to train on a document and to label one, batches per document, bytes saved."""

    train: float
    label: float
    batches: float
    saved: int


def expect_seconds(work: Work, cells: Sequence[Cell]) -> dict[str, float]:
    """Seconds by a cell's name, one cell at a time."""
    machine = measure_machine(bf16=work.recipe.training.bf16)
    documents = shuffle(work.corpus.train, seed=work.recipe.training.seed)[:LOOKED_AT]
    once = {"training.num_train_epochs": 1, "training.max_steps": -1, "training.gradient_accumulation_steps": 1}
    paces = {}
    for value in {cell.value: None for cell in cells}:
        recipe = work.dial.turn(work.recipe, value).change(once)
        train = estimate(recipe, documents, machine=machine)
        label = estimate(recipe.change({"tuning": {"name": "frozen"}}), documents, machine=machine)
        paces[value] = Pace(
            train=train.seconds / len(documents),
            label=label.seconds / len(documents),
            batches=train.steps / len(documents),
            saved=train.memory["weights"] + train.memory["Adam"],
        )
    return {cell.name: _add_up(work, cell, pace=paces[cell.value]) for cell in cells}


def _add_up(work: Work, cell: Cell, *, pace: Pace) -> float:
    settings = work.dial.turn(work.recipe, cell.value).training
    batches = max(1, ceil(cell.documents * pace.batches))
    schedule = plan_steps(settings, batches=batches)
    epochs, looks = schedule.epochs, schedule.looks
    labelled = (looks + 1) * _count_dev(work, cell)
    if cell.stage == RUN:
        labelled += len(work.corpus.test)
    saves = looks * pace.saved / SAVED
    return CELL + epochs * cell.documents * pace.train + STEP * epochs * batches + labelled * pace.label + saves


def _count_dev(work: Work, cell: Cell) -> int:
    is_matched = work.settle(cell).draw.policy == "matched"
    return min(len(work.corpus.dev), cell.documents) if is_matched else len(work.corpus.dev)


def share_out(seconds: Mapping[str, float], processes: int) -> float:
    """Seconds for all of them: processes of one thread each share the threads that one process alone would have."""
    total = sum(seconds.values())
    return total if processes == 1 else total * max(1.0, torch.get_num_threads() / processes)
