"""Sparse tuning in the trainer: what moves, what is kept, and that a run killed and resumed is the same run."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from killed_runs import KillAt, Killed
from sparse_references import copy_state, differs
from tagwright.errors import ModelError, RecipeError
from tagwright.models.labeler import Labeler
from tagwright.models.tagger import Tagger
from tagwright.training.checkpoints import find_checkpoint
from tagwright.training.trainer import LabelerTrainer
from tagwright.tuning import TuningConfig
from tagwright.tuning.sparse.choice.choices import Choices, count_published
from tagwright.tuning.sparse.regions import find_digest, list_regions
from tiny_labelers import make_documents, make_tagger, make_trainer

DOCUMENTS = make_documents(16)  # four batches of at most 4
DIP = {"name": "fish-dip", "percent": 5, "every": 3, "documents": 4, "pool": 8}
TUNINGS: dict[str, dict[str, Any]] = {
    "fish": {"name": "fish", "percent": 5},
    "fish-dip": DIP,
    "adafactor": {**DIP, "optimizer": "adafactor"},
    "fresh state": {**DIP, "state": "reset"},
    "budget": {**DIP, "budget": 6},
    "dense norms": {**DIP, "dense": ("LayerNorm",)},
    "fish-dip:paper": {"name": "fish-dip:paper", "percent": 5},
}


def make(folder: Path, tuning: dict[str, Any], *, tagger: Tagger | None = None, **rest: Any) -> LabelerTrainer:
    settings = {"per_device_train_batch_size": 4, "num_train_epochs": 3} | rest
    return make_trainer(tagger or make_tagger(), DOCUMENTS, folder, tuning=tuning, **settings)


def find_choices(trainer: LabelerTrainer) -> Choices:
    (found,) = [each for each in trainer.callback_handler.callbacks if isinstance(each, Choices)]
    return found


def list_backbone(tagger: Tagger) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in tagger.named_parameters() if name.startswith("backbone.")}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name not in ("fish-dip", "dense norms"))) for name in TUNINGS],
)
def test_only_what_was_chosen_moves_and_the_delta_says_it_all(name: str, tmp_path: Path) -> None:
    tuning = TUNINGS[name]
    trainer = make(tmp_path, tuning, eval_strategy="no", save_strategy="no")
    tagger: Any = trainer.labeler
    before, base = list_backbone(tagger), find_digest(tagger)
    total = sum(weight.numel() for key, weight in before.items() if "LayerNorm" not in key or name != "dense norms")
    trainer.train()
    delta = tagger.tuning.make_delta(tagger)
    dense = tuning.get("dense", ("nothing",))
    for key, weight in list_backbone(tagger).items():
        if not any(mark in key for mark in dense):
            moved = (weight != before[key]).flatten().nonzero()[:, 0].tolist()
            assert set(moved) <= set(delta.places.get(key, torch.empty(0)).tolist()), key
    history = find_choices(trainer).history
    assert all(entry["chosen"] == sum(entry["counts"].values()) == int(total * 0.05) for entry in history)
    assert len(history) == (1 if name in ("fish", "fish-dip:paper") else 4)
    assert tagger.tuning.take_census(tagger)["steps"] == [entry["step"] for entry in history]
    assert tagger.tuning.optimizer is None and not any(w._post_accumulate_grad_hooks for w in tagger.parameters())
    assert len(delta) == history[-1]["ever"] >= history[0]["ever"]
    whole = [
        w.numel() for key, w in tagger.named_parameters() if key.startswith("head.") or any(m in key for m in dense)
    ]
    assert tagger.tuning.count(tagger) == len(delta) + sum(whole)
    assert name != "budget" or history[-1]["ever"] <= total * 0.06
    restored = make_tagger()
    assert find_digest(restored) == base == delta.base
    delta.check(restored)
    delta.put_on(restored)
    assert not differs(copy_state(tagger), copy_state(restored))


def test_fish_is_fish_dip_that_chooses_once_by_the_whole_set(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    trained = []
    for tuning in (
        {"name": "fish", "percent": 5, "documents": 1000},
        {"name": "fish-dip", "percent": 5, "every": 10**9, "documents": 1000},
    ):
        trainer = make(tmp_path / str(len(trained)), tuning, eval_strategy="no", save_strategy="no")
        trainer.train()
        trained.append(copy_state(trainer.labeler))
    assert not differs(*trained)
    assert differs(trained[0], copy_state(make_tagger()))
    assert "chosen once, as the tuning 'fish' does" in caplog.text


def score_by_weights(labeler: Labeler) -> dict[str, float]:
    return {"f1": float(torch.cat([w.detach().flatten() for w in labeler.head.parameters()]).sin().sum())}


CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "best": {"score": score_by_weights, "eval_strategy": "steps", "eval_steps": 2, "early_stopping_patience": None},
    "accumulated": {"gradient_accumulation_steps": 2, "num_train_epochs": 6},
    "half precision": {"bf16": True},
}


SLOW = [(name, case) for name in ("fish-dip", "adafactor") for case in CASES]
QUICK = ("fish-dip", "best")


@pytest.mark.parametrize(
    ("name", "case"), [pytest.param(*pair, marks=[pytest.mark.slow] * (pair != QUICK)) for pair in SLOW]
)
def test_a_run_killed_and_resumed_is_the_same_run(name: str, case: str, tmp_path: Path) -> None:
    settings = {"save_strategy": "steps", "save_steps": 2, **CASES[case]}
    whole = make(tmp_path / "whole", TUNINGS[name], tagger=make_tagger(dropout=0.3), **settings)
    whole.train()
    killed = make(tmp_path / "killed", TUNINGS[name], tagger=make_tagger(dropout=0.3), **settings)
    killed.add_callback(KillAt(7))
    with pytest.raises(Killed):
        killed.train()
    resumed = make(tmp_path / "killed", TUNINGS[name], tagger=make_tagger(dropout=0.3), **settings)
    resumed.train(find_checkpoint(tmp_path / "killed"))
    assert not differs(copy_state(whole.labeler), copy_state(resumed.labeler))
    one, other = (trainer.labeler.tuning.make_delta(trainer.labeler).to_tensors() for trainer in (whole, resumed))
    assert not differs(one, other) and one.keys() == other.keys()
    assert find_choices(whole).history == find_choices(resumed).history and len(find_choices(whole).history) > 3
    one, other = (trainer.labeler.tuning.take_census(trainer.labeler) for trainer in (whole, resumed))
    assert one == other and sum(row[0] for row in one["by_layer"].values()) == pytest.approx(1, abs=1e-3)


def test_the_best_weights_are_the_base_with_the_best_delta(tmp_path: Path) -> None:
    """Entries first chosen after the best evaluation go back to where they were."""
    scores = iter([0.1, 0.9, 0.3, 0.2, 0.1, 0.0])
    seen: list[dict[str, Tensor]] = []

    def score(labeler: Labeler) -> dict[str, float]:
        state = labeler.backbone.model.state_dict().items()
        seen.append({name: tensor.clone() for name, tensor in state if "word_embeddings" not in name})
        return {"f1": next(scores)}

    steps = {"save_strategy": "steps", "save_steps": 2, "eval_strategy": "steps", "eval_steps": 2}
    trainer = make(tmp_path, DIP, score=score, early_stopping_patience=None, **steps)
    trainer.train()
    found: Any = trainer.labeler
    assert not differs(seen[1], found.backbone.model.state_dict())
    assert differs(seen[-1], found.backbone.model.state_dict())
    delta = found.tuning.make_delta(found)
    history = find_choices(trainer).history
    assert len(delta) == history[1]["ever"] < history[-1]["ever"]
    assert found.tuning.take_census(found)["steps"] == [entry["step"] for entry in history[:2]]


def test_gradient_checkpointing_changes_nothing(tmp_path: Path) -> None:
    trained = []
    for saves_memory in (False, True):
        tagger = make_tagger(gradient_checkpointing=saves_memory)
        trainer = make(tmp_path / str(saves_memory), DIP, tagger=tagger, eval_strategy="no", save_strategy="no")
        trainer.train()
        trained.append(copy_state(tagger))
    assert not differs(*trained)


def test_low_precision_weights_have_finer_values(tmp_path: Path) -> None:
    tagger = make_tagger()
    tagger.backbone.to(torch.bfloat16)
    before = list_backbone(tagger)
    trainer = make(tmp_path, DIP, tagger=tagger, eval_strategy="no", save_strategy="no", learning_rate=3e-2)
    trainer.train()
    delta = tagger.tuning.make_delta(tagger)
    assert {values.dtype for values in delta.values.values()} == {torch.bfloat16}
    assert differs(before, list_backbone(tagger))
    restored = make_tagger()
    restored.backbone.to(torch.bfloat16)
    with delta.on(restored):
        assert not differs(copy_state(tagger), copy_state(restored))


def test_saved_and_put_back(tmp_path: Path) -> None:
    trainer = make(tmp_path, DIP, eval_strategy="no", save_strategy="no")
    tagger: Any = trainer.labeler
    trainer.train()
    saved = tagger.tuning.collect(tagger)
    own = sum(t.numel() * t.element_size() for n, t in tagger.state_dict().items())
    assert sum(t.numel() * t.element_size() for t in saved.values()) < 0.4 * own
    for whole in (False, True):
        restored: Any = make_tagger() if not whole else make_tagger(seed=3)
        make(tmp_path, DIP, tagger=restored)
        restored.tuning.put_back(restored, tagger.tuning.collect(tagger, whole=whole), source=tmp_path, whole=whole)
        assert not differs(copy_state(tagger), copy_state(restored))
    other: Any = make_tagger(seed=3)
    make(tmp_path, DIP, tagger=other)
    with pytest.raises(ModelError, match="digest"):
        other.tuning.put_back(other, saved, source=tmp_path)


@pytest.mark.parametrize(
    "settings",
    [
        {"name": "fish", "percent": 0},
        {"name": "fish", "percent": 101},
        {"name": "fish", "every": 5},
        {"name": "fish-dip:paper", "optimizer": "adam"},
        {"name": "full", "percent": 5},
        {"name": "fish-dip", "percent": 5, "budget": 4},
        {"name": "fish-dip", "every": 0},
    ],
)
def test_settings_out_of_range_or_not_read_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TuningConfig.model_validate(settings)


def test_what_a_run_cannot_do_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="optimizer of its own"):
        make(tmp_path, DIP, optim="sgd", save_strategy="no").train()
    with pytest.raises(RecipeError, match="gradient_accumulation_steps"):
        make(tmp_path, {"name": "fish-dip:paper"}, gradient_accumulation_steps=2, save_strategy="no").train()
    with pytest.raises(ModelError, match="no weight"):
        make(tmp_path, {**DIP, "dense": ("nothing",)})
    shutil.rmtree(tmp_path)


def test_published_counts_go_by_batches() -> None:
    assert [count_published(batches, documents=10_000) for batches in (5, 40, 200, 5600)] == [3, 4, 20, 25]
    assert count_published(5, documents=3) == 2


def test_what_moves_is_counted(tmp_path: Path) -> None:
    tagger = make_tagger()
    make(tmp_path, DIP, tagger=tagger)
    total = sum(region.size for region in list_regions(tagger))
    assert tagger.tuning.count_chosen(tagger) == int(total * 0.05)
    head = sum(weight.numel() for weight in tagger.head.parameters())
    assert tagger.tuning.count(tagger) == int(total * 0.05) + head
