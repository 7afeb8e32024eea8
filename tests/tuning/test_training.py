"""Small weights beside a backbone in ordinary training: checkpoints of what moves, accumulation, half precision."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tagwright.models.folder import WEIGHTS
from tiny_labelers import copy_weights, find_difference, make_documents, make_tagger, make_trainer

DOCUMENTS = make_documents(8)
ONE: dict[str, Any] = {"num_train_epochs": 1, "warmup_steps": 0}  # or the first step would be none
ADAPTERS = ("lora", "dora", "ia3", "shira", "prefix", "bitfit")


def train(folder: Path, name: str, **settings: Any) -> dict[str, torch.Tensor]:
    tagger = make_tagger()
    make_trainer(tagger, DOCUMENTS, folder, tuning=name, **(ONE | settings)).train()
    return copy_weights(tagger)


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_checkpoint_holds_what_moves(tmp_path: Path, name: str) -> None:
    tagger = make_tagger()
    trainer = make_trainer(tagger, DOCUMENTS, tmp_path, tuning=name, **ONE)
    before = copy_weights(tagger)
    trainer.train()
    saved = load_file(tmp_path / f"checkpoint-{trainer.state.global_step}" / WEIGHTS)
    assert set(saved) == set(tagger.tuning.collect(tagger))
    moved = {key for key, weight in copy_weights(tagger).items() if not torch.equal(weight, before[key])}
    assert moved <= set(saved) and any(key.startswith("backbone.") for key in moved)
    still = {key for key, weight in tagger.named_parameters() if not weight.requires_grad}
    assert still and not still & set(saved)


@pytest.mark.parametrize("name", ["lora", "ia3"])
def test_quarter_batches_add_up(tmp_path: Path, name: str) -> None:
    one = train(tmp_path / "one", name, per_device_train_batch_size=8)
    four = train(tmp_path / "four", name, per_device_train_batch_size=2, gradient_accumulation_steps=4)
    assert find_difference(one, four) < 1e-5
    start = make_trainer(make_tagger(), DOCUMENTS, tmp_path / "start", tuning=name).labeler
    assert find_difference(one, copy_weights(start)) > 1e-3


@pytest.mark.parametrize("name", ADAPTERS)
def test_half_precision_computes_and_whole_precision_keeps(tmp_path: Path, name: str) -> None:
    weights = train(tmp_path, name, bf16=True, per_device_train_batch_size=4)
    assert all(weight.isfinite().all() for weight in weights.values() if weight.is_floating_point())
    assert {weight.dtype for weight in weights.values() if weight.is_floating_point()} == {torch.float32}
