"""Whole runs of one writer for several tasks: trained, scored, saved, resumed, asked."""

import json
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from transformers import TrainerControl, TrainerState

import tagwright
from tagwright.errors import DataError, ModelError, RecipeError
from tagwright.recipe.corpus import Corpus
from tagwright.recipe.recipe import Recipe
from tagwright.recipe.running.outputs import find_reports, write_outputs
from tagwright.recipe.running.place import check_folder
from tagwright.recipe.running.run import train_labeler
from tagwright.text.document import Document
from tagwright.training.callbacks import OrderEpochs
from taught_writers import make_entities, make_roles, save_writer

NAMES, ROLES = make_entities(), make_roles()
CORPORA = {"ner": Corpus(NAMES, NAMES[:3], NAMES[3:]), "srl": Corpus(ROLES, ROLES[:2], ROLES[2:])}
FILES = {"ner": "synthetic:ner", "srl": "synthetic:roles"}


def interrupt(self: OrderEpochs, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
    if state.epoch:
        raise KeyboardInterrupt


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    model = save_writer("llama", tmp_path_factory.mktemp("model"))
    quick = {"training.num_train_epochs": 2, "training.learning_rate": 5e-3, "training.use_cpu": True}
    settings = {"view": "writer", "writer.task": "ner, srl", "backbone.model": str(model)}
    return Recipe().change(settings | quick | {"writer.max_target_tokens": 40, "data.train": FILES})


def test_a_run_trains_scores_and_saves(recipe: Recipe, tmp_path: Path) -> None:
    outcome = train_labeler(recipe, CORPORA, folder=tmp_path / "run")
    write_outputs(outcome, tmp_path / "run")
    scores = outcome.labeler.origin.scores
    assert scores["mean dev F1"] == pytest.approx(fmean((scores["ner dev F1"], scores["srl dev roles F1"])))
    evals = [entry for entry in outcome.history if "eval_f1" in entry]
    assert len(evals) == 2
    for entry in evals:
        assert entry["eval_f1"] == pytest.approx(fmean((entry["eval_ner_f1"], entry["eval_srl_f1"])))
    assert list(find_reports(outcome)) == ["ner test", "srl test", "ner dev", "srl dev"]
    assert outcome.dev is None and outcome.test is None and not outcome.predicted
    assert len(outcome.scored["srl"].predicted) == 2
    assert {path.name for path in tmp_path.glob("run/*.jsonl")} == {f"{task}.test.predicted.jsonl" for task in CORPORA}
    about = json.loads((tmp_path / "run" / "tagwright.json").read_text(encoding="utf-8"))
    assert (about["view"], about["writer"]["task"]) == ("writers", "ner, srl")
    assert set(about["tasks"]) == set(CORPORA)
    again = tagwright.load(tmp_path / "run", check=True)
    for task, scored in outcome.scored.items():
        assert again.choose(task).predict(CORPORA[task].test) == scored.predicted
    assert "for the tasks ner, srl" in (tmp_path / "run" / "README.md").read_text("utf-8")
    check_folder(tmp_path / "run", recipe, resume=True, overwrite=False)
    with pytest.raises(RecipeError, match="writer.mix: 0.5 then, 1.0 now"):
        check_folder(tmp_path / "run", recipe.change({"writer.mix": 1.0}), resume=True, overwrite=False)


def test_a_stopped_run_goes_on_as_if_nothing_had_happened(recipe: Recipe, tmp_path: Path) -> None:
    recipe = recipe.change({"writer.mix": 0.2, "training.per_device_train_batch_size": 5})
    whole = train_labeler(recipe, CORPORA, folder=tmp_path / "whole")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(OrderEpochs, "on_epoch_begin", interrupt)
        train_labeler(recipe, CORPORA, folder=tmp_path / "run")
    again = train_labeler(recipe, CORPORA, folder=tmp_path / "run", resume=True)
    weights = dict(whole.labeler.model.named_parameters())
    assert all(bool((weights[name] == weight).all()) for name, weight in again.labeler.model.named_parameters())


def test_the_writer_of_one_task_is_saved_by_itself(recipe: Recipe, tmp_path: Path) -> None:
    both = train_labeler(recipe.change({"training.max_steps": 1}), CORPORA).labeler
    both.choose("srl").save_pretrained(tmp_path / "srl")
    alone = tagwright.load(tmp_path / "srl", check=True)
    assert alone.model.tasks == ("srl",) and alone.predict(ROLES) == both.choose("srl").predict(ROLES)
    assert alone.choose("srl").model.format.prefix == "semantic roles"
    with pytest.raises(ModelError, match="Calibrate that of one"):
        both.calibrate(NAMES)
    with pytest.raises(ModelError, match=r"Of the tasks .* take one: labeler.choose\("):
        both.propose(NAMES)


def test_a_document_is_asked_for_what_suits_it(recipe: Recipe) -> None:
    both = train_labeler(recipe.change({"training.max_steps": 1}), CORPORA).labeler
    plain = [replace(found, meta={}) for found in both.predict(NAMES)]
    assert plain == both.choose("ner").predict(NAMES) and both("Ann saw Rome") == both.choose("ner")("Ann saw Rome")
    assert "x document not asked for 'srl', which must be given predicates" in "\n".join(both.ledger.lines())
    with pytest.raises(DataError, match="to be given predicates, which a text has not. Give Documents with predicates"):
        both.choose("srl")("Ann saw Rome")


def test_a_task_without_labels_is_refused_by_its_name(recipe: Recipe) -> None:
    empty = [Document.from_words(["it", "rains"])]
    with pytest.raises(ModelError, match="hold no relations.*, which the task 'srl' predicts"):
        train_labeler(recipe, CORPORA | {"srl": Corpus(empty)})


def test_documents_and_files_are_given_by_task(recipe: Recipe, tmp_path: Path) -> None:
    tagwright.write(ROLES, tmp_path / "roles.jsonl")
    quick = {"training.max_steps": 1, "training.use_cpu": True, "view": "writer", "writer.max_target_tokens": 24}
    labeler = tagwright.train(
        {"ner": NAMES, "srl": tmp_path / "roles.jsonl"},
        {"ner": NAMES[:2]},
        model=recipe.backbone.model,
        settings=quick,
    )
    assert labeler.model.tasks == ("ner", "srl")
    facts = labeler.origin.data
    assert facts["ner train"] == {"file": "documents in memory", "documents": 8}
    assert facts["srl train"]["file"] == "roles.jsonl" and "srl dev" not in facts
    assert {"ner dev F1", "srl dev roles F1", "mean dev F1"} <= set(
        labeler.origin.scores
    )  # a part of its train is set aside
    with pytest.raises(RecipeError, match="dev: there is no task 'dst' in the recipe"):
        tagwright.train({"ner": NAMES, "srl": ROLES}, {"dst": NAMES}, model=recipe.backbone.model, settings=quick)
