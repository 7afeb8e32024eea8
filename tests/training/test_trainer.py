import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainingArguments

from tagwright.errors import DataError, ModelError
from tagwright.inference.runner import Runner
from tagwright.models.labeler import Labeler
from tagwright.training import checkpoints
from tagwright.training.checkpoints import find_checkpoint
from tiny_labelers import copy_weights, find_difference, make_documents, make_tagger, make_trainer

DOCUMENTS = make_documents(16)


def score_by_list(scores: list[float]) -> Callable[[Labeler], dict[str, float]]:
    """A dev scorer whose figures are known beforehand."""
    left = iter(scores)
    return lambda labeler: {"f1": next(left)}


def read_log(folder: Path) -> list[float]:
    state = json.loads((max(folder.glob("checkpoint-*")) / "trainer_state.json").read_text())
    return [entry["loss"] for entry in state["log_history"] if "loss" in entry]


def test_a_step_that_learns_nothing_moves_nothing(tmp_path: Path) -> None:
    tagger = make_tagger()
    trainer = make_trainer(tagger, DOCUMENTS, tmp_path)
    batch = trainer.data_collator([trainer.data.train[0]])
    batch["gold"].fill_(-100)
    assert trainer.compute_loss(tagger, batch, num_items_in_batch=0).item() == 0


@pytest.mark.parametrize("head", ["softmax", "crf"])
def test_four_quarter_batches_equal_one_batch(tmp_path: Path, head: str) -> None:
    """Though quarters hold different numbers of words: the loss is divided by the words of the whole step."""
    weights = []
    for documents, quarters in ((16, 1), (4, 4)):
        tagger = make_tagger(head=head)
        trainer = make_trainer(
            tagger,
            DOCUMENTS,
            tmp_path / str(quarters),
            per_device_train_batch_size=documents,
            gradient_accumulation_steps=quarters,
            num_train_epochs=3,
            optim="sgd",  # Adam would hide a wrong scale of the gradient
            learning_rate=1e-2,
        )
        words = {sum(trainer.data.train.pieces[at].count for at in batch) for batch in trainer.batches}
        assert len(words) == quarters
        trainer.train()
        weights.append(copy_weights(tagger))
    assert 0 < find_difference(*weights) < 1e-6
    assert find_difference(weights[0], copy_weights(make_tagger(head=head))) > 1e-3


def test_the_loss_is_a_mean_over_words(tmp_path: Path) -> None:
    tagger = make_tagger()
    trainer = make_trainer(tagger, DOCUMENTS, tmp_path, max_steps=1, logging_steps=1, per_device_train_batch_size=16)
    batch = trainer.data_collator([trainer.data.train[at] for at in range(16)])
    mean = tagger(**batch).item() / sum(map(len, DOCUMENTS))
    assert trainer.train().training_loss == pytest.approx(mean, rel=1e-5)


def test_a_sight_is_proven_again_where_it_is_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device without numbers stands in for an accelerator."""
    proven: list[str] = []
    for device in ("cpu", "meta"):
        tagger = make_tagger()
        monkeypatch.setattr(
            tagger.backbone, "prove", lambda model=tagger.backbone.model: proven.append(model.device.type)
        )
        monkeypatch.setattr(TrainingArguments, "device", torch.device(device))
        make_trainer(tagger, DOCUMENTS, tmp_path)
    assert proven == ["meta"]


def test_training_ends_at_a_plateau_with_the_best_weights(tmp_path: Path) -> None:
    tagger, seen = make_tagger(), []

    def score(labeler: Labeler) -> dict[str, float]:
        seen.append(copy_weights(labeler.head))
        return {"f1": [0.1, 0.5, 0.5, 0.4, 0.3, 0.9][len(seen) - 1]}

    trainer = make_trainer(tagger, DOCUMENTS, tmp_path, score=score, num_train_epochs=9, early_stopping_patience=3)
    trainer.train()
    assert len(seen) == 5
    assert find_difference(copy_weights(tagger.head), seen[1]) == 0
    assert find_difference(copy_weights(tagger.head), seen[4]) > 0


def test_without_patience_training_goes_to_its_end(tmp_path: Path) -> None:
    score = score_by_list([0.5, 0.4, 0.3, 0.2])
    trainer = make_trainer(
        make_tagger(), DOCUMENTS, tmp_path, score=score, num_train_epochs=4, early_stopping_patience=None
    )
    assert trainer.train().global_step == 4
    assert trainer.state.best_metric == 0.5


def test_a_checkpoint_holds_no_pickled_object(tmp_path: Path) -> None:
    make_trainer(make_tagger(), DOCUMENTS, tmp_path).train()
    checkpoint = find_checkpoint(tmp_path)
    assert checkpoint is not None
    names = {path.name for path in checkpoint.iterdir()}
    assert names == {"model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json"}
    assert not list(tmp_path.rglob("training_args.bin")) and not list(tmp_path.glob("staged-*"))


def test_nothing_is_unpickled_when_a_run_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_trainer(make_tagger(), DOCUMENTS, tmp_path, num_train_epochs=1).train()
    read, load = [], torch.load

    def watch(path: str, *args: object, **rest: object) -> object:
        read.append((Path(path).name, rest.get("weights_only")))
        return load(path, *args, **rest)

    monkeypatch.setattr(torch, "load", watch)
    make_trainer(make_tagger(), DOCUMENTS, tmp_path, num_train_epochs=2).train(find_checkpoint(tmp_path))
    assert read == [("optimizer.pt", True), ("scheduler.pt", True), ("rng_state.pth", True)]


def test_old_checkpoints_go_and_the_best_one_stays(tmp_path: Path) -> None:
    score = score_by_list([0.5, 0.9, 0.3, 0.2, 0.1])
    make_trainer(make_tagger(), DOCUMENTS, tmp_path, score=score, num_train_epochs=5).train()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-2", "checkpoint-5"]


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), RuntimeError("inline_container.cc: 64 vs 0")]
)
def test_a_full_disk_is_told_and_leaves_no_half_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    trainer = make_trainer(make_tagger(), DOCUMENTS, tmp_path, num_train_epochs=1)
    monkeypatch.setattr(trainer, "_save_rng_state", fail)
    with pytest.raises(DataError, match="checkpoint can't be written.*Free some space.*--resume"):
        trainer.train()
    assert list(tmp_path.iterdir()) == []


def test_other_errors_while_saving_are_not_taken_for_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(checkpoints, "write_weights", fail)
    with pytest.raises(RuntimeError, match="a fault of ours"):
        make_trainer(make_tagger(), DOCUMENTS, tmp_path, num_train_epochs=1).train()


def test_a_checkpoint_of_another_labeler_is_refused(tmp_path: Path) -> None:
    make_trainer(make_tagger(), DOCUMENTS, tmp_path, num_train_epochs=1).train()
    with pytest.raises(ModelError, match="don't fit the labels and the architecture"):
        make_trainer(make_tagger(scheme="BIOES"), DOCUMENTS, tmp_path).train(find_checkpoint(tmp_path))


@pytest.mark.parametrize("head", ["softmax", "crf"])
def test_half_precision_trains_and_gives_back_a_plain_labeler(tmp_path: Path, head: str) -> None:
    tagger = make_tagger(head=head)
    scored: list[list[Any]] = []

    def score(labeler: Labeler) -> dict[str, float]:
        scored.append([document.spans for document in Runner(labeler).predict(DOCUMENTS)])
        return {"f1": float(len(scored))}

    trainer = make_trainer(
        tagger, DOCUMENTS, tmp_path, score=score, bf16=True, num_train_epochs=4, per_device_train_batch_size=2
    )
    trainer.train()
    assert trainer.accelerator.unwrap_model(trainer.model) is tagger
    assert "forward" not in vars(tagger) and "_original_forward" not in vars(tagger)
    assert all(weight.dtype == torch.float32 for weight in tagger.parameters())
    assert [document.spans for document in Runner(tagger).predict(DOCUMENTS)] == scored[-1]
    assert any(scored[-1])
    half = Runner(tagger, autocast=torch.bfloat16).predict(DOCUMENTS)
    agreed = sum(document.spans == spans for document, spans in zip(half, scored[-1], strict=True))
    assert agreed >= 14  # of 16


def test_a_frozen_backbone_does_not_move(tmp_path: Path) -> None:
    tagger = make_tagger(dropout=0.3)
    before = copy_weights(tagger)
    make_trainer(tagger, DOCUMENTS, tmp_path, tuning="frozen").train()
    moved = {name for name, weight in copy_weights(tagger).items() if not torch.equal(weight, before[name])}
    assert moved == {"head.score.weight", "head.score.bias"}


def test_tied_weights_are_saved_once_and_come_back(tmp_path: Path) -> None:
    def build() -> torch.nn.Module:
        tagger = make_tagger()
        encoder = tagger.backbone.model.encoder.layer
        encoder[1].attention.self.query.weight = encoder[0].attention.self.query.weight
        return tagger

    make_trainer(build(), DOCUMENTS, tmp_path, num_train_epochs=2).train()
    resumed = build()
    make_trainer(resumed, DOCUMENTS, tmp_path, num_train_epochs=2).train(find_checkpoint(tmp_path))
    layers = resumed.backbone.model.encoder.layer
    assert layers[1].attention.self.query.weight is layers[0].attention.self.query.weight
