"""Killed at any point, a run resumed by the same command ends in the same weights, bit for bit."""

import logging
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainerCallback

from killed_runs import KillAt, Killed
from tagwright.models.labeler import Labeler
from tagwright.training.callbacks import StopAfter
from tagwright.training.checkpoints import find_checkpoint
from tagwright.training.trainer import LabelerTrainer
from tiny_labelers import copy_weights, make_documents, make_tagger, make_trainer

DOCUMENTS = make_documents(14)  # four batches of at most 4
CASES: dict[str, dict[str, Any]] = {
    "documents": {"per_device_train_batch_size": 4},
    "tokens": {"tokens_per_batch": 60},
    "accumulated": {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 3},
    "half precision": {"per_device_train_batch_size": 4, "bf16": True},
    "by steps": {"per_device_train_batch_size": 4, "save_strategy": "steps", "save_steps": 2},
    "lora": {"per_device_train_batch_size": 4, "tuning": "lora", "gradient_accumulation_steps": 2},
    "shira": {"per_device_train_batch_size": 4, "tuning": "shira", "bf16": True},
    "best by steps": {
        "per_device_train_batch_size": 4,
        "save_strategy": "steps",
        "eval_strategy": "steps",
        "dev": True,
        "save_steps": 2,
        "eval_steps": 2,
        "early_stopping_patience": 3,
    },
    "best by epochs": {
        "per_device_train_batch_size": 4,
        "dev": True,
        "early_stopping_patience": 3,
        "num_train_epochs": 7,
    },
}
SHORT = ("accumulated", "lora")  # two batches or more in a step


def score_by_weights(labeler: Labeler) -> dict[str, float]:
    """F1 that follows from the weights alone, as a real one does, and has a plateau."""
    total = float(torch.cat([weight.detach().flatten() for weight in labeler.parameters()]).double().sum())
    return {"f1": round(total % 1, 1)}


def start(folder: Path, *callbacks: TrainerCallback, dev: bool = False, **settings: Any) -> LabelerTrainer:
    settings = {"num_train_epochs": 3, "head": "softmax"} | settings
    tagger = make_tagger(dropout=0.2, head=settings.pop("head"))
    trainer = make_trainer(tagger, DOCUMENTS, folder, score=score_by_weights if dev else None, **settings)
    for callback in callbacks:
        trainer.add_callback(callback)
    return trainer


def finish(folder: Path, *callbacks: TrainerCallback, **settings: Any) -> dict[str, torch.Tensor]:
    trainer = start(folder, *callbacks, **settings)
    trainer.train(find_checkpoint(folder))
    return copy_weights(trainer.model)


def assert_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, torch.Tensor]]:
    """The weights at the end of each case, were it not killed."""
    return cache(lambda name: finish(tmp_path_factory.mktemp("whole"), **CASES[name]))


@pytest.mark.parametrize(
    ("name", "step", "event"),
    [
        ("documents", 4, "on_epoch_end"),  # killed before the checkpoint of its epoch
        ("tokens", 6, "on_pre_optimizer_step"),
        ("accumulated", 3, "on_step_end"),  # an epoch has two steps, the second one smaller
        ("half precision", 6, "on_step_end"),
        ("lora", 3, "on_step_end"),
        ("shira", 6, "on_step_end"),
        ("by steps", 7, "on_step_end"),  # in the middle of an epoch
        ("by steps", 4, "on_save"),  # at the end of an epoch
        ("best by steps", 6, "on_evaluate"),
        ("best by epochs", 9, "on_step_begin"),
    ],
)
def test_a_killed_run_ends_in_the_same_weights(
    tmp_path: Path, uninterrupted: Callable[[str], dict[str, torch.Tensor]], name: str, step: int, event: str
) -> None:
    check_kill(tmp_path, uninterrupted(name), name, step=step, event=event)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("step", range(1, 12))
def test_killed_at_any_step(
    tmp_path: Path, uninterrupted: Callable[[str], dict[str, torch.Tensor]], name: str, step: int
) -> None:
    check_kill(tmp_path, uninterrupted(name), name, step=min(step, 5) if name in SHORT else step, event="on_step_end")


def check_kill(folder: Path, whole: dict[str, torch.Tensor], name: str, *, step: int, event: str) -> None:
    """Kill a run of a case at one point and resume it."""
    with pytest.raises(Killed):
        start(folder, KillAt(step, event), **CASES[name]).train()
    assert_same(finish(folder, **CASES[name]), whole)


def test_a_crf_is_resumed_too_and_more_than_once(tmp_path: Path) -> None:
    settings = {"per_device_train_batch_size": 4, "head": "crf", "save_strategy": "steps", "save_steps": 3}
    whole = finish(tmp_path / "whole", **settings)
    for step in (4, 10):
        with pytest.raises(Killed):
            finish(tmp_path / "killed", KillAt(step, "on_step_end"), **settings)
    assert_same(finish(tmp_path / "killed", **settings), whole)


@pytest.mark.parametrize("moment", ["_save", "_save_state"])
def test_killed_while_saving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    settings = {"per_device_train_batch_size": 4, "save_strategy": "steps", "save_steps": 4}
    whole = finish(tmp_path / "whole", **settings)
    killed = tmp_path / "killed"
    save: Callable[..., None] = getattr(LabelerTrainer, moment)

    def die(self: LabelerTrainer, *args: Any, **rest: Any) -> None:
        save(self, *args, **rest)
        if self.state.global_step == 8:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(LabelerTrainer, moment, die)
        with pytest.raises(Killed):
            start(killed, **settings).train()
    assert sorted(path.name for path in killed.iterdir()) == ["checkpoint-4", "staged-8"]
    assert_same(finish(killed, **settings), whole)
    assert not list(killed.glob("staged-*"))


@pytest.mark.parametrize("cause", ["plateau", "program"])
def test_killed_after_the_end_was_decided(tmp_path: Path, cause: str) -> None:
    """The last checkpoint is there, the end is not: nothing more may be trained."""
    settings = CASES["best by epochs"] | {"dev": cause == "plateau", "num_train_epochs": 60}
    stops = [] if cause == "plateau" else [StopAfter(2)]
    whole = start(tmp_path / "whole", *stops, **settings)
    whole.train()
    last = whole.state.global_step
    assert last < whole.state.max_steps
    with pytest.raises(Killed):
        start(tmp_path / "killed", *stops, KillAt(last, "on_train_end"), **settings).train()
    resumed = start(tmp_path / "killed", *stops, **settings)
    assert resumed.train(find_checkpoint(tmp_path / "killed")).global_step == last
    assert_same(copy_weights(resumed.model), copy_weights(whole.model))
    assert resumed.state.log_history == [entry for entry in whole.state.log_history if "train_runtime" not in entry]


def test_the_best_weights_are_found_in_a_folder_that_has_moved(tmp_path: Path) -> None:
    settings = CASES["best by epochs"] | {"num_train_epochs": 4, "early_stopping_patience": None}
    whole = finish(tmp_path / "whole", **settings)
    with pytest.raises(Killed):
        start(tmp_path / "killed", KillAt(16, "on_train_end"), **settings).train()
    shutil.move(tmp_path / "killed", tmp_path / "moved")
    assert_same(finish(tmp_path / "moved", **settings), whole)


def test_a_resumed_run_warns_of_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("transformers"), "propagate", True)
    with pytest.raises(Killed):
        start(tmp_path, KillAt(3, "on_step_end"), per_device_train_batch_size=8, num_train_epochs=2).train()
    assert find_checkpoint(tmp_path) is not None
    finish(tmp_path, per_device_train_batch_size=8, num_train_epochs=2)
    assert [record.getMessage() for record in caplog.records] == []
