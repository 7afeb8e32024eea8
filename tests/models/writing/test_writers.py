"""Writers: one model for several tasks, told apart by what a source begins with."""

from pathlib import Path

import pytest
import torch

from tagwright.backbone.config import BackboneConfig
from tagwright.errors import DataError, ModelError
from tagwright.formats import TASKS
from tagwright.models.config import WriterConfig
from tagwright.models.writing.writers import Writers, WritersPlan, plan_writers
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.tuning import TuningConfig
from taught_writers import make_dialogue, make_entities, make_roles, make_writer, make_writers, save_writer

DOCUMENTS = {"ner": make_entities(), "srl": make_roles(), "dst": [make_dialogue()]}


@pytest.fixture(scope="module", params=["t5", "llama"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_writer(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def writers(model: Path) -> Writers:
    return make_writers(model, DOCUMENTS)


def test_each_source_says_which_task_is_meant(writers: Writers) -> None:
    sources = {task: writers.choose(task).format.write(documents[0])[0].source for task, documents in DOCUMENTS.items()}
    assert sources["ner"] == "entities : Ann saw Rome"
    assert sources["srl"] == "semantic roles : Ann [ bought ] and sold it"
    assert sources["dst"].startswith("dialogue state : [ user ] taxi to Rome")


def test_the_writer_of_one_task_knows_its_own_labels_alone(writers: Writers) -> None:
    assert writers.tasks == ("ner", "srl", "dst")
    assert writers.choose("ner").labels.names == ("LOC", "PER") and writers.choose("srl").labels.names == ()
    assert (writers.labels.names, writers.labels.relations) == (("LOC", "PER"), ("ARG0", "ARG1"))
    assert writers.predicts == {"spans", "relations", "fields"} and writers.given == frozenset()
    assert writers.choose("srl").given == {"predicates"}
    with pytest.raises(ModelError, match="no task 'srk'. Did you mean 'srl'"):
        writers.choose("srk")


def test_all_tasks_are_learned_in_one_batch_and_lose_what_they_lose_alone(writers: Writers) -> None:
    taught = [writers.choose(task).teach(documents, Ledger()) for task, documents in DOCUMENTS.items()]
    pieces, targets = [piece for each in taught for piece in each[0]], [gold for each in taught for gold in each[1]]
    with torch.no_grad(), writers.focus(pieces):
        together = writers(**writers.collate_gold(pieces, targets))
        alone = [writers.lose_each(*each).sum() for each in taught]
    assert torch.allclose(together, torch.stack(alone).sum(), rtol=1e-4)
    assert all(plan.longest == writers.choose(task).sources.longest > 0 for task, plan in writers.plan.plans.items())
    with pytest.raises(ModelError, match="Each task has documents of its own"):
        writers.teach([], Ledger())


def test_its_weights_are_those_of_one_model(writers: Writers) -> None:
    alone = make_writer(Path(writers.backbone.config.model), DOCUMENTS["ner"])
    assert [name for name, _ in writers.named_parameters()] == [name for name, _ in alone.named_parameters()]


def test_a_tuning_is_told_once_and_for_all(model: Path) -> None:
    writers = make_writers(model, {"ner": DOCUMENTS["ner"], "srl": DOCUMENTS["srl"]}, tuning="lora")
    one = writers.choose("srl")
    assert one.tuning is writers.tuning and one.digest == writers.digest is not None
    assert sum("lora_A" in name for name, _ in writers.named_parameters()) == sum(
        "lora_A" in name for name, _ in one.named_parameters()
    )


def test_unless_one_is_named_a_document_is_asked_what_needs_no_spans(writers: Writers) -> None:
    assert writers.list_suiting(DOCUMENTS["srl"][0]) == ["ner"]  # its spans may be anything but predicates
    assert writers.list_suiting(make_dialogue()) == ["ner", "dst"]
    with pytest.raises(DataError, match=r"it can be asked .* Name one: labeler.choose\(\"srl\"\), or --task srl"):
        make_writers(Path(writers.backbone.config.model), {"srl": make_roles(), "dst": [make_dialogue()]}).list_suiting(
            Document.from_words(["it"], id="it")
        )


def test_a_plan_comes_back() -> None:
    inventories = {task: TASKS[task].learn(documents) for task, documents in DOCUMENTS.items()}
    config = WriterConfig(task="ner, srl, dst", mix={"ner": 1, "srl": 2, "dst": 1})
    plan = plan_writers(inventories, BackboneConfig(), writer=config, tuning=TuningConfig())
    again = WritersPlan.from_dict(plan.to_dict(), backbone=plan.backbone, tuning=plan.tuning)
    assert again == plan and again.plans["srl"].prefix == "semantic roles" and again.plans["srl"].writer.task == "srl"
    assert again.tell() == "that writes the format inline for the tasks ner, srl, dst"
    values = plan.to_dict()
    values["tasks"]["ner"]["writer"]["task"] = "knit"
    with pytest.raises(ValueError, match="no writer with the task knit"):
        WritersPlan.from_dict(values, backbone=plan.backbone, tuning=plan.tuning)


def test_tasks_are_told_by_commas_or_as_a_list() -> None:
    assert WriterConfig(task="ner,srl").tasks == WriterConfig.model_validate({"task": ["ner", "srl"]}).tasks
    assert WriterConfig(task="ner, srl").turn_to("srl").tasks == ("srl",)
