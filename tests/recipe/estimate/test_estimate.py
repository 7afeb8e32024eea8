"""Estimates: weights are exact, activations near what is really kept, and what doesn't fit is said."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModel, AutoModelForCausalLM, AutoModelForSeq2SeqLM

from tagwright.errors import ModelError
from tagwright.recipe.build import build
from tagwright.recipe.estimate.estimate import SPARE, Estimate, estimate, show_bytes, show_time
from tagwright.recipe.estimate.machine import Machine, measure_machine
from tagwright.recipe.estimate.schedule import Schedule, plan_steps
from tagwright.recipe.estimate.shape import measure_shape
from tagwright.recipe.recipe import Recipe
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Relation
from tagwright.text.span import Span
from tagwright.training.config import TrainingConfig
from tagwright.training.trainer import encode
from taught_writers import make_entities, save_writer
from tiny_models import make_config, save_model

MACHINE = Machine("a machine", memory=4 << 30, flops=1e11, bandwidth=1e10)
DOCUMENTS = [Document.from_words(["abc", "de", "f"] * (n % 3 + 1)) for n in range(40)]


def guess(folder: Path, *, machine: Machine = MACHINE, **settings: object) -> Estimate:
    changes = {name.replace("__", "."): value for name, value in settings.items()}
    return estimate(Recipe().change({"backbone.model": str(folder), **changes}), DOCUMENTS, machine=machine)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model("bert", tmp_path_factory.mktemp("bert"))


def test_weights_are_counted_without_being_loaded(bert: Path) -> None:
    (bert / "model.safetensors").rename(bert / "elsewhere")
    found = guess(bert)
    (bert / "elsewhere").rename(bert / "model.safetensors")
    weights = sum(weight.numel() for weight in AutoModel.from_pretrained(bert).parameters())
    assert found.weights == weights
    assert found.memory["weights"] == found.memory["gradients"] == 4 * weights
    assert found.memory["Adam"] == 8 * weights
    assert found.fits


TWO = {"training__gradient_accumulation_steps": 2}


def test_steps_and_tokens_follow_the_batches(bert: Path) -> None:
    found = guess(bert, training__per_device_train_batch_size=8, training__num_train_epochs=3)
    assert found.steps == 15
    assert found.tokens >= sum(found.lengths)
    assert guess(bert, training__max_steps=7).steps == 7
    halved = guess(bert, training__per_device_train_batch_size=8, training__num_train_epochs=3, **TWO)
    assert halved.steps == 9 and halved.seconds < found.seconds < 1.2 * halved.seconds, "of 5 batches 3 steps are made"
    assert guess(bert, training__max_steps=7, **TWO).seconds > 1.3 * guess(bert, training__max_steps=7).seconds
    assert guess(bert, training__tokens_per_batch=20).memory["activations"] < found.memory["activations"]


def test_a_text_that_is_given_twice_takes_twice_the_tokens(bert: Path) -> None:
    once, twice = guess(bert), guess(bert, backbone__repeat=1)
    apart = [two - one for one, two in zip(once.lengths, twice.lengths, strict=True)]
    assert all(gap == one - 2 for gap, one in zip(apart, once.lengths, strict=True)), "special tokens stand once"


def test_dev_is_looked_at_as_the_trainer_does() -> None:
    def plan(**changed: Any) -> Schedule:
        return plan_steps(TrainingConfig(num_train_epochs=3, **changed), batches=10)

    assert (plan().steps, plan().looks, plan(eval_strategy="no").looks) == (30, 3, 0)
    assert plan(eval_strategy="steps", eval_steps=7).looks == 4
    assert plan(eval_strategy="steps", eval_steps=0.1).looks == 10, "a share of all steps"
    assert plan(eval_strategy="steps").looks == 30, "as often as the log has a row"
    assert plan(max_steps=15, gradient_accumulation_steps=2).epochs == 3


def test_a_frozen_backbone_costs_less(bert: Path) -> None:
    full, frozen = guess(bert), guess(bert, tuning__name="frozen")
    assert frozen.memory["gradients"] == frozen.memory["Adam"] == 0
    assert frozen.seconds < full.seconds


@pytest.mark.parametrize("name", ["lora", "ia3", "shira", "bitfit"])
def test_small_weights_that_move_count_beside_the_backbone(bert: Path, name: str) -> None:
    rank = {"tuning__rank": 2} if name in ("lora", "shira") else {}
    frozen, found = guess(bert, tuning__name="frozen"), guess(bert, tuning__name=name, **rank)
    assert found.moving > 0 and frozen.moving == 0
    assert found.memory["weights"] - frozen.memory["weights"] == found.memory["gradients"] == 4 * found.moving
    assert found.memory["Adam"] == 8 * found.moving
    assert f"; {found.moving:,} move" in next(found.lines())


def test_a_sparse_tuning_counts_its_share_and_the_scores_of_a_choice(bert: Path) -> None:
    full = guess(bert)
    one, two = (guess(bert, tuning__name="fish", tuning__percent=10.0, tuning__parts=parts) for parts in (1, 2))
    assert one.moving == full.weights // 10 and full.moving == full.weights
    assert one.memory["Adam"] == 8 * one.moving
    assert one.memory["gradients"] == 4 * one.moving + 4 * full.weights
    assert one.memory["gradients"] - two.memory["gradients"] == 2 * full.weights


def test_the_weights_of_a_fusion_count_even_where_the_backbone_is_frozen(bert: Path) -> None:
    plain, fused = (guess(bert, tuning__name="frozen", fusion__name=name) for name in ("last", "dwatt"))
    added = fused.weights - plain.weights
    assert added == 3 * (2 * 16 * 8 + 8 + 16 + 16 + 32) + (2 * 16 * 8 + 8 + 16 + 16) + 3 * 24 + 24 * 16
    assert fused.memory["gradients"] == 4 * added and fused.memory["Adam"] == 8 * added
    with pytest.raises(ModelError, match="fusion.layers names layer 7"):
        guess(bert, fusion__name="mix", fusion__layers=[7])


def test_what_does_not_fit_is_said_with_a_way_out(bert: Path) -> None:
    found = guess(bert, machine=Machine("small", memory=1 << 20, flops=1e11, bandwidth=1e10))
    assert not found.fits
    assert "does not fit" in "\n".join(found.lines())
    assert "gradient_checkpointing" in "\n".join(found.lines())
    assert found.to_dict()["fits"] is False


def test_long_documents_and_silent_words_are_counted(bert: Path) -> None:
    documents = [Document.from_words(["abcdefghij"] * 20), Document.from_words(["a", ""])]
    found = estimate(Recipe().change({"backbone.model": str(bert)}), documents, machine=MACHINE)
    assert found.windowed == 1
    assert max(found.lengths) <= 40
    assert found.notes.counts == {"word that the tokenizer gives no token": 1}


def test_relations_that_the_head_cannot_hold_are_counted_before_training(bert: Path) -> None:
    document = Document.from_words(
        ["a", "b"], spans=(Span(0, 1, "X"), Span(1, 2, "X")), relations=(Relation(0, 1, "r"),)
    )
    plan = Recipe().change({"backbone.model": str(bert)})
    told = {"relation: tags can't hold one, head 'pairs' can": 1}
    assert estimate(plan, [document], machine=MACHINE).notes.counts == told
    assert estimate(plan.change({"head.name": "pairs"}), [document], machine=MACHINE).notes.counts == {}


@pytest.mark.parametrize(
    ("kind", "format", "tuning"), [("t5", "inline", "full"), ("llama", "sentinel", "full"), ("t5", "records", "lora")]
)
def test_a_writer_is_estimated_by_what_it_is_taught(kind: str, format: str, tuning: str, tmp_path: Path) -> None:
    """Sources with targets, cut as in training, of the whole model with its marks; and no weight is loaded."""
    settings = {"view": "writer", "writer.format": format, "training.learning_rate": 1e-3, "training.max_steps": 3}
    plan = Recipe().change(settings | {"backbone.model": str(save_writer(kind, tmp_path)), "tuning.name": tuning})
    long = Document.from_words(["old", "Rome"] * 200, spans=(Span(1, 2, "LOC"),))
    documents, ledger = [*make_entities(), long], Ledger()
    labeler = build(plan, documents)
    taught = encode(labeler, documents, ledger=ledger)
    (tmp_path / "model.safetensors").unlink()
    found = estimate(plan, documents, machine=MACHINE)
    assert found.lengths == tuple(len(piece) for piece in taught.pieces) and len(found.lengths) > len(documents)
    assert found.notes.counts == ledger.counts and found.windowed == 1
    weights = sum(weight.numel() for weight in labeler.parameters())
    assert found.moving == labeler.tuning.count(labeler)
    assert found.weights == (weights if tuning == "full" else weights - found.moving)
    assert next(found.lines()).endswith(" move")  # there is no head
    assert found.answers is not None and found.answers.limit == labeler.sources.room
    assert found.answers.taught == tuple(map(len, taught.targets)) and not found.answers.dev
    bare = [Document.from_words(["a", "b"])]
    with pytest.raises(ModelError, match="no spans, which the task 'ner' predicts. Check the task and the file"):
        estimate(plan, bare, machine=MACHINE)


def test_what_a_writer_writes_while_it_is_scored_counts(tmp_path: Path) -> None:
    settings = {"view": "writer", "training.learning_rate": 1e-3, "training.num_train_epochs": 3}
    plan, documents = Recipe().change(settings | {"backbone.model": str(save_writer("t5", tmp_path))}), make_entities()
    found = estimate(plan, documents, dev=documents[:2], test=documents[2:3], machine=MACHINE)
    answers = found.answers
    assert answers is not None and (answers.dev, answers.test) == (answers.taught[:2], answers.taught[2:3])
    assert found.looks == 4  # after each epoch, and with the weights that are kept
    (told,) = [line for line in found.lines() if line.startswith("scoring")]
    most = show_time(found.pace * 9 * 2 * max(answers.taught))
    assert "9 answers are written (dev 4 times, test once)" in told and f"{most} where all go on to the limit" in told
    unseen = estimate(plan.change({"training.eval_strategy": "no"}), documents, dev=documents, machine=MACHINE)
    assert unseen.looks == 1


def test_an_encoder_is_no_writer(bert: Path) -> None:
    with pytest.raises(ModelError, match="is no model that writes: it is an encoder"):
        guess(bert, view="writer")


def test_the_built_in_backbone_needs_no_folder() -> None:
    found = estimate(Recipe().change({"backbone.model": "builtin:untrained"}), DOCUMENTS, machine=MACHINE)
    assert 5e5 < found.weights < 2e6


def test_no_model_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="can't be loaded"):
        guess(tmp_path)


def make_model(kind: str, made: Any) -> Any:
    sizes = {"hidden_size": 64, "intermediate_size": 256, "num_hidden_layers": 3, "num_attention_heads": 4}
    own = {"d_model": 64, "d_ff": 256, "decoder_start_token_id": 0} if kind == "t5" else {}
    return made.from_config(make_config(kind, **sizes, **own))


@pytest.mark.parametrize("kind", ["bert", "llama", "modernbert", "t5"])
def test_activations_are_near_what_is_kept_for_the_backward_pass(kind: str) -> None:
    model = make_model(kind, AutoModel)
    model, ids = (model.get_encoder() if kind == "t5" else model).train(), torch.ones((8, 32), dtype=torch.long)
    kept = count_kept(model, lambda: model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state)
    assert 0.5 < SPARE * measure_shape(model).wide * 4 * ids.numel() / kept < 2


@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_activations_of_models_that_write_are_too(kind: str) -> None:
    model = make_model(kind, AutoModelForSeq2SeqLM if kind == "t5" else AutoModelForCausalLM).train()
    ids = torch.ones((8, 32), dtype=torch.long)
    kept = count_kept(model, lambda: model(input_ids=ids, labels=ids, use_cache=False).loss)
    tokens = ids.numel() * (2 if kind == "t5" else 1)  # of sources, and of targets
    assert 0.5 < SPARE * measure_shape(model).wide * 4 * tokens / kept < 2


def count_kept(model: Any, run: Callable[[], torch.Tensor]) -> int:
    """Bytes that a forward pass leaves behind."""
    own = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
    kept: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        assert run().requires_grad
    return sum(kept.values())


def test_this_machine_can_be_measured() -> None:
    machine = measure_machine()
    assert machine.memory > 1 << 27
    assert machine.flops > 1e8
    assert machine.bandwidth > 1e7


def test_sizes_and_times_are_spelt_for_people() -> None:
    assert [show_bytes(size) for size in (5 << 20, 3 << 30)] == ["5 MiB", "3.0 GiB"]
    assert [show_time(seconds) for seconds in (0.2, 40, 600, 7200)] == ["1 s", "40 s", "10 min", "2.0 h"]
