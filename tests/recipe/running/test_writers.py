"""Whole runs of writers: trained, scored, saved, resumed."""

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import TrainerControl, TrainerState

import tagwright
from tagwright.errors import ModelError, RecipeError
from tagwright.recipe.build import build
from tagwright.recipe.corpus import Corpus
from tagwright.recipe.recipe import Recipe
from tagwright.recipe.running.fitting import score_dev
from tagwright.recipe.running.outputs import write_outputs
from tagwright.recipe.running.place import check_folder, is_finished
from tagwright.recipe.running.run import train_labeler
from tagwright.training.callbacks import OrderEpochs
from taught_writers import SEES, make_entities, make_roles, save_writer

CORPUS = Corpus(make_entities(), make_entities()[:3], make_entities()[3:])


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    model = save_writer("llama", tmp_path_factory.mktemp("model"))
    quick = {"training.num_train_epochs": 2, "training.learning_rate": 5e-3, "training.use_cpu": True}
    settings = {"view": "writer", "backbone.model": str(model), "writer.max_target_tokens": 40}
    return Recipe().change(settings | quick)


def interrupt(self: OrderEpochs, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
    if state.epoch:
        raise KeyboardInterrupt


def test_a_run_trains_scores_and_saves(recipe: Recipe, tmp_path: Path) -> None:
    outcome = train_labeler(recipe, CORPUS, folder=tmp_path / "run")
    asked = outcome.labeler.faults.outputs
    write_outputs(outcome, tmp_path / "run")
    assert outcome.labeler.faults.outputs == asked, "what is stored and checked with a labeler isn't counted"
    assert outcome.dev is not None and outcome.test is not None and len(outcome.predicted) == 5
    assert [entry for entry in outcome.history if "eval_f1" in entry]
    about = json.loads((tmp_path / "run" / "tagwright.json").read_text(encoding="utf-8"))
    assert (about["view"], about["writer"]["task"], about["labels"]) == ("writer", "ner", ["LOC", "PER"])
    assert about["inventory"]["spans"] == {"LOC": "location", "PER": "person"} and about["longest"] > 8
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "Faults of outputs" in page and "inline" in page
    again = tagwright.load(tmp_path / "run", check=True)
    assert [d.spans for d in again.predict(CORPUS.test)] == [d.spans for d in outcome.predicted]
    assert "that writes the format inline for the task ner" in (tmp_path / "run" / "README.md").read_text("utf-8")
    assert Recipe.from_toml(tmp_path / "run" / "recipe.toml") == outcome.recipe
    check_folder(tmp_path / "run", recipe, resume=True, overwrite=False)
    with pytest.raises(RecipeError, match="writer.format: 'inline' then, 'records' now"):
        check_folder(tmp_path / "run", recipe.change({"writer.format": "records"}), resume=True, overwrite=False)


def test_without_a_test_part_dev_documents_are_stored(recipe: Recipe, tmp_path: Path) -> None:
    outcome = train_labeler(recipe.change({"training.max_steps": 1}), Corpus(CORPUS.train, CORPUS.dev))
    write_outputs(outcome, tmp_path / "run")
    stored = json.loads((tmp_path / "run" / "fixture.json").read_text(encoding="utf-8"))
    assert [row["text"] for row in stored] == [document.text for document in CORPUS.dev]


def test_what_the_task_predicts_and_training_lacks_is_told(recipe: Recipe) -> None:
    outcome = train_labeler(recipe.change({"training.max_steps": 1, "writer.task": "joint-er"}), CORPUS)
    assert "1 x training has no relations, which the task 'joint-er' predicts and is scored by" in "\n".join(
        outcome.unheld.lines()
    )


def test_a_run_with_sight_of_the_prompt(recipe: Recipe, tmp_path: Path) -> None:
    opened = recipe.change({f"backbone.{name}": value for name, value in SEES.items()})
    outcome = train_labeler(opened, CORPUS, folder=tmp_path / "run")
    write_outputs(outcome, tmp_path / "run")
    about = json.loads((tmp_path / "run" / "tagwright.json").read_text(encoding="utf-8"))
    assert about["sight"] == {"layers": 2, "open": [0], "chosen": True, "scope": "prompt"}
    assert 'class="sight"' in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert Recipe.from_toml(tmp_path / "run" / "recipe.toml") == outcome.recipe
    again = tagwright.load(tmp_path / "run", check=True)
    assert [d.spans for d in again.predict(CORPUS.test)] == [d.spans for d in outcome.predicted]


@pytest.mark.parametrize("backbone", [{}, SEES], ids=["by nature", "sees its prompt"])
def test_a_stopped_run_goes_on_as_if_nothing_had_happened(
    recipe: Recipe, backbone: dict[str, Any], tmp_path: Path
) -> None:
    recipe = recipe.change({f"backbone.{name}": value for name, value in backbone.items()})
    whole = train_labeler(recipe, CORPUS, folder=tmp_path / "whole")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(OrderEpochs, "on_epoch_begin", interrupt)
        train_labeler(recipe, CORPUS, folder=tmp_path / "run")
    again = train_labeler(recipe, CORPUS, folder=tmp_path / "run", resume=True)
    assert again.predicted == whole.predicted
    weights = dict(whole.labeler.model.named_parameters())
    assert all(bool((weights[name] == weight).all()) for name, weight in again.labeler.model.named_parameters())
    write_outputs(again, tmp_path / "run")
    assert is_finished(tmp_path / "run")


def test_a_score_of_the_task_chooses_the_epoch(recipe: Recipe) -> None:
    roles = make_roles()
    outcome = train_labeler(recipe.change({"writer.task": "srl", "training.max_steps": 1}), Corpus(roles, roles))
    assert outcome.dev is not None and outcome.dev.headline_name == "roles.f1"
    model = outcome.labeler.model
    report = tagwright.evaluate(roles, outcome.labeler.predict(roles))
    expected = report.score("roles.f1") if "roles" in report.groups else 0.0
    assert score_dev(model, roles, precision=None)["f1"] == expected == outcome.dev.headline
    assert outcome.labeler.origin.scores == {"dev roles F1": 100 * expected}


def test_words_for_a_label_that_is_not_there_are_told(recipe: Recipe, caplog: pytest.LogCaptureFixture) -> None:
    build(recipe.change({"writer.words": {"LOK": "place", "PER": "human"}}), CORPUS.train)
    (told,) = [record.getMessage() for record in caplog.records if "writer.words" in record.getMessage()]
    assert told == "writer.words: no training document has the label 'LOK'. Did you mean 'LOC'? Known: LOC, PER."


def test_the_resolved_recipe_says_how_much_may_be_written(recipe: Recipe) -> None:
    values = recipe.to_dict()
    del values["writer"]["max_target_tokens"]
    outcome = train_labeler(Recipe.from_dict(values).change({"training.max_steps": 1}), Corpus(CORPUS.train))
    sources = outcome.labeler.model.sources
    assert outcome.recipe.writer.max_target_tokens == sources.room == 2 * sources.longest


def test_documents_without_the_task_are_refused(recipe: Recipe) -> None:
    with pytest.raises(ModelError, match="hold no relations.*, which the task 'srl' predicts"):
        train_labeler(recipe.change({"writer.task": "srl"}), CORPUS)
