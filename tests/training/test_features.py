"""A frozen backbone runs once: what is said of it, where it can't be, and that nothing else becomes different."""

import logging
import shutil
import time
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainerCallback

from tagwright.backbone.fusion import FusionConfig
from tagwright.backbone.fusion.fusion import build_fusion
from tagwright.inference.runner import Runner
from tagwright.models.features.cached import CachedTagger
from tagwright.models.labeler import Labeler
from tagwright.models.tagger import Tagger
from tagwright.text.ledger import Ledger
from tagwright.training import features
from tagwright.training.arguments import make_arguments
from tagwright.training.batches import Pieces
from tagwright.training.checkpoints import find_checkpoint
from tagwright.training.config import TrainingConfig
from tagwright.training.features import PLACE, keep_features
from tagwright.training.trainer import LabelerTrainer, TrainingData, encode
from tagwright.tuning import TUNINGS, TuningConfig
from tiny_labelers import copy_weights, find_difference, make_documents, make_tagger

DOCUMENTS, DEV = make_documents(16), make_documents(6, seed=1)
USUAL = {"num_train_epochs": 4, "per_device_train_batch_size": 4, "learning_rate": 5e-2, "use_cpu": True}
Disk = namedtuple("Disk", "total used free")


class Run:
    """A tagger with a mix of layers, ready to be trained; counts the batches that pass through its backbone."""

    def __init__(self, folder: Path, *, documents: Any = DOCUMENTS, tagger: Any = None, **settings: Any) -> None:
        own = {name: settings.pop(name) for name in ("features", "features_folder") if name in settings}
        tuning = TuningConfig(name=settings.pop("tuning", "frozen"), **own)
        self.tagger: Tagger = make_tagger(**(tagger or {}))
        backbone = self.tagger.backbone
        fusion = FusionConfig(name="mix", layers=settings.pop("layers", None))
        self.tagger.fusion = build_fusion(fusion, width=backbone.width, depth=backbone.depth)
        self.tagger.tune(TUNINGS[tuning.name](tuning))
        self.passes = 0
        backbone.register_forward_hook(self.count)
        self.config = TrainingConfig(**(USUAL | settings))
        self.arguments = make_arguments(self.config, folder, has_dev=True)
        pieces = encode(self.tagger, documents, ledger=Ledger())
        self.learner, self.pieces = keep_features(
            self.tagger, pieces, documents=documents, dev=DEV, config=tuning, arguments=self.arguments
        )
        self.scored: list[Any] = []

    def count(self, *_: Any) -> None:
        self.passes += 1

    def score(self, labeler: Labeler) -> dict[str, float]:
        found = Runner(labeler).predict(DEV)  # type: ignore[arg-type]
        self.scored.append([[(span.start, span.end, span.label) for span in document.spans] for document in found])
        return {"f1": time.monotonic()}  # every epoch is the best so far

    def train(self, checkpoint: Path | None = None, *callbacks: TrainerCallback) -> "Run":
        data = TrainingData(self.pieces, self.score)
        trainer = LabelerTrainer(self.learner, self.arguments, config=self.config, data=data)
        for callback in callbacks:
            trainer.add_callback(callback)
        trainer.train(checkpoint)
        return self


class Killed(Exception):
    pass


class KillAfterTwo(TrainerCallback):  # type: ignore[misc]
    def on_epoch_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.epoch >= 2:
            raise Killed


@pytest.mark.parametrize("bf16", [False, True])
def test_training_ends_as_it_does_without(tmp_path: Path, bf16: bool) -> None:
    head = {"dropout": 0.2, "max_tokens": 12, "overlap": 3}  # the head's; the backbone's is at rest
    kept = Run(tmp_path / "kept", tagger=head, bf16=bf16)
    assert isinstance(kept.learner, CachedTagger)
    read = kept.passes
    kept.train()
    without = Run(tmp_path / "without", tagger=head, bf16=bf16, features="off").train()
    assert kept.passes == read < without.passes
    assert find_difference(copy_weights(kept.tagger), copy_weights(without.tagger)) < (0.02 if bf16 else 1e-5)
    assert find_difference(copy_weights(kept.tagger), copy_weights(Run(tmp_path / "new", tagger=head).tagger)) > 0.1
    assert kept.scored == without.scored if not bf16 else len(kept.scored) == len(without.scored)
    assert any(kept.scored[-1]) and len(kept.scored) == 4


def test_the_disk_that_it_takes_is_said_before(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="tagwright"):
        run = Run(tmp_path)
    words = sum(map(len, [*DOCUMENTS, *DEV]))
    size = words * 3 * 16 * 4
    told = f"the states of {words:,} words in 3 of the model's layers, float32, will take {size / 2**20:.1f} MiB in"
    assert told in caplog.text and str(tmp_path / PLACE) in caplog.text
    files = sorted((tmp_path / PLACE).iterdir())
    assert [path.name for path in files] == ["dev.safetensors", "train.safetensors"]
    assert 0 < sum(path.stat().st_size for path in files) - size < 8000  # two headers
    assert run.passes == 2


def test_what_is_there_is_used_again_and_what_is_of_other_things_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shared = {"features_folder": str(tmp_path / "shared")}
    Run(tmp_path / "one", **shared)
    with caplog.at_level(logging.INFO, logger="tagwright"):
        again = Run(tmp_path / "two", **shared)
        assert again.passes == 0 and "are in" in caplog.text and "from before" in caplog.text
        caplog.clear()
        other = Run(tmp_path / "three", tagger={"read_at": "last"}, **shared)
        assert other.passes == 2 and caplog.text.count("was made with other read_at: its words are read again") == 2
        caplog.clear()
        fewer = Run(tmp_path / "four", tagger={"read_at": "last"}, documents=DOCUMENTS[:8], **shared)
        assert fewer.passes == 1 and caplog.text.count("train.safetensors was made with other tokens, words") == 1
    fresh = Run(tmp_path / "five", tagger={"read_at": "last"}, documents=DOCUMENTS[:8])
    for one, two in zip(fewer.pieces.pieces, fresh.pieces.pieces, strict=True):
        assert torch.equal(one.states[one.row : one.row + one.count], two.states[two.row : two.row + two.count])  # type: ignore[attr-defined]


def test_another_sight_is_read_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    shared = {"features_folder": str(tmp_path / "shared")}
    closed = Run(tmp_path / "one", tagger={"kind": "llama", "sight": "none"}, **shared)
    opened = Run(tmp_path / "two", tagger={"kind": "llama", "sight": "01"}, **shared)
    assert opened.passes == 2 and "was made with other sight: its words are read again" in caplog.text
    states = [run.pieces.pieces[0].states for run in (closed, opened)]  # type: ignore[attr-defined]
    assert torch.equal(states[0][:, :2], states[1][:, :2]) and not torch.equal(states[0][:, 2], states[1][:, 2])


def test_other_layers_and_another_precision_are_read_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    shared = {"features_folder": str(tmp_path / "shared")}
    Run(tmp_path / "one", **shared)
    for changed, settings in (("layers", {"layers": (0, 2)}), ("layers, precision", {"features": "bfloat16"})):
        caplog.clear()
        assert Run(tmp_path / changed[:6], **shared, **settings).passes == 2
        assert f"was made with other {changed}: its words are read again" in caplog.text


def test_a_disk_too_small_is_found_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    size = sum(map(len, [*DOCUMENTS, *DEV])) * 3 * 16 * 4
    monkeypatch.setattr(features.shutil, "disk_usage", lambda _: Disk(10**9, 0, size))  # type: ignore[attr-defined]
    run = Run(tmp_path)
    assert run.learner is run.tagger and run.passes == 0 and not (tmp_path / PLACE).exists()
    assert "don't fit into" in caplog.text and "Training goes on without them" in caplog.text
    assert 'halve them (tuning.features = "bfloat16")' in caplog.text
    half = Run(tmp_path, features="bfloat16")
    assert isinstance(half.learner, CachedTagger)
    assert half.pieces.pieces[0].states.dtype == torch.bfloat16  # type: ignore[attr-defined]


def test_a_run_is_resumed_with_and_without_what_was_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Run(tmp_path / "whole").train()
    with pytest.raises(Killed):
        Run(tmp_path / "kept").train(None, KillAfterTwo())
    shutil.copytree(tmp_path / "kept", tmp_path / "lost")
    shutil.rmtree(tmp_path / "lost" / PLACE)
    for name in ("kept", "lost"):
        if name == "lost":
            monkeypatch.setattr(features.shutil, "disk_usage", lambda _: Disk(1, 1, 0))  # type: ignore[attr-defined]
        again = Run(tmp_path / name)
        assert isinstance(again.learner, CachedTagger) == (name == "kept")
        assert again.passes == 0
        again.train(find_checkpoint(tmp_path / name))
        assert find_difference(copy_weights(again.tagger), copy_weights(whole.tagger)) < 1e-5, name


def test_features_that_change_are_not_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="tagwright"):
        learned = Run(tmp_path, tagger={"kind": "llama", "sight": "learned"})
    assert learned.learner is learned.tagger and "sight is learned" in caplog.text
    full = Run(tmp_path, tuning="full")
    assert full.learner is full.tagger and isinstance(full.pieces, Pieces) and not (tmp_path / PLACE).exists()


def test_only_a_frozen_backbone_has_features_to_keep() -> None:
    for settings in ({"features": "off"}, {"features_folder": "here"}):
        with pytest.raises(ValueError, match="only the features of a frozen backbone can be kept; tuning 'full' moves"):
            TuningConfig(**settings)  # type: ignore[arg-type]
        assert TuningConfig(name="frozen", **settings)  # type: ignore[arg-type]
