"""A learned sight in training: gates move with the weights, survive a kill bit by bit, and end as the saved plan."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainerCallback

from killed_runs import KillAt, Killed
from tagwright.models.labeler import Labeler
from tagwright.training.checkpoints import find_checkpoint
from tagwright.training.trainer import LabelerTrainer
from tiny_labelers import copy_weights, find_difference, make_documents, make_tagger, make_trainer

DOCUMENTS = make_documents(14)  # four batches of at most 4
SETTINGS: dict[str, Any] = {"per_device_train_batch_size": 4, "num_train_epochs": 3}


def start(folder: Path, *callbacks: TrainerCallback, **settings: Any) -> LabelerTrainer:
    tagger = make_tagger(kind="llama", sight="learned")
    trainer = make_trainer(tagger, DOCUMENTS, folder, **(SETTINGS | settings))
    for callback in callbacks:
        trainer.add_callback(callback)
    return trainer


class Watch(TrainerCallback):  # type: ignore[misc]
    """What the gates are after every step."""

    def __init__(self, labeler: Any) -> None:
        self.gates, self.seen = labeler.backbone.gates, []

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self.seen.append(self.gates.logits.tolist())


@pytest.mark.parametrize("tuning", ["full", "frozen"])
def test_gates_learn_beside_the_weights_and_leave_a_plan(tmp_path: Path, tuning: str) -> None:
    trainer = start(tmp_path, tuning=tuning)
    watch = Watch(trainer.labeler)
    trainer.add_callback(watch)
    before = copy_weights(trainer.labeler.backbone.model)  # type: ignore[arg-type]
    trainer.train()
    assert len(watch.seen) == 12 and 0 not in watch.seen[0]
    assert watch.seen[9] == watch.seen[11] != watch.seen[8]  # hard in the last fifth
    backbone: Any = trainer.labeler.backbone
    assert backbone.gates is None
    assert backbone.sight.flags == tuple(logit > 0 for logit in watch.seen[-1])
    assert backbone.config.sight == backbone.sight.open
    moved = find_difference(before, copy_weights(backbone.model))
    assert moved == 0 if tuning == "frozen" else moved > 0


@pytest.mark.parametrize(("step", "tuning"), [(6, "full"), (11, "full"), (6, "frozen")])  # soft, hard, soft
def test_a_killed_run_ends_in_the_same_weights_and_plan(tmp_path: Path, step: int, tuning: str) -> None:
    whole = start(tmp_path / "whole", tuning=tuning)
    whole.train()
    with pytest.raises(Killed):
        start(tmp_path / "killed", KillAt(step), tuning=tuning).train()
    again = start(tmp_path / "killed", tuning=tuning)
    again.train(find_checkpoint(tmp_path / "killed"))
    assert again.labeler.backbone.sight == whole.labeler.backbone.sight  # type: ignore[union-attr]
    assert find_difference(copy_weights(again.labeler), copy_weights(whole.labeler)) == 0


def test_the_best_epoch_brings_its_own_plan(tmp_path: Path) -> None:
    """Gates are hard when dev is scored, and what was scored is what is kept."""
    scored: list[tuple[str, bool]] = []

    def score(labeler: Labeler) -> dict[str, float]:
        gates: Any = labeler.backbone.gates
        plan = ("10", "01", "11")[len(scored)]
        gates.logits.data.copy_(torch.tensor([1.0 if bit == "1" else -1.0 for bit in plan]))
        scored.append((gates.plan, gates.is_soft))
        return {"f1": (0.1, 0.3, 0.2)[len(scored) - 1]}

    trainer = start(tmp_path, score=score)
    trainer.train()
    assert scored == [("10", False), ("01", False), ("11", False)]
    assert trainer.labeler.backbone.sight.open == (1,)  # type: ignore[union-attr]
