"""Recipes for several tasks: which files and shares go with which tasks, and what is wrong with them."""

from pathlib import Path
from typing import Any

import pytest

from tagwright.errors import DataError, RecipeError
from tagwright.recipe.corpora import ONLY, check_tasks, load_corpora, tell_facts
from tagwright.recipe.corpus import Corpus
from tagwright.recipe.recipe import Recipe
from tagwright.settings.toml import write_toml
from tagwright.text.ledger import Ledger
from taught_writers import make_entities

FILES = {"ner": "synthetic:ner", "srl": "synthetic:roles"}
SEVERAL: dict[str, Any] = {"view": "writer", "writer.task": "ner, srl", "data.train": FILES}


def test_a_recipe_for_several_tasks_survives_toml(tmp_path: Path) -> None:
    recipe = Recipe().change(SEVERAL | {"writer.mix": {"ner": 1.0, "srl": 2.0}})
    path = tmp_path / "recipe.toml"
    path.write_text(write_toml(recipe), encoding="utf-8")
    assert Recipe.from_toml(path) == recipe and recipe.has_tasks
    path.write_text('view = "writer"\n[writer]\ntask = ["ner", "srl"]\n[data]\ntrain = { ner = "a", srl = "b" }\n')
    assert Recipe.from_toml(path).writer.tasks == ("ner", "srl")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"writer.task": "ner, srk"}, "writer.task: no task of a format is called 'srk'. Did you mean 'srl'?"),
        ({"writer.task": "ner, srl, ner"}, "writer.task: ner stands there more than once"),
        ({"data.train": "a.conll"}, "data.train: one file, and there are 2 tasks. Name a file for each"),
        ({"data.train": {"ner": "a"}}, "data.train: no file for srl. Name one, or take it out of writer.task"),
        ({"data.dev": {"dst": "a"}}, "data.dev: a file for the task 'dst', which is not in writer.task"),
        ({"view": "tagger"}, "data.train: files by task are for a writer"),
        (
            {"writer.format": "sentinel", "writer.task": "ner, dst"},
            "'sentinel' can't write fields, which 'dst' predicts. Take another: inline, records.",
        ),
        ({"draw.dev_policy": "cv"}, "draw.dev_policy: 'cv' is for one task"),
        ({"tuning.name": "frozen"}, "'frozen' shows documents to a writer of one task. Name one, or use 'lora'"),
        ({"writer.mix": 1.5}, "writer.mix: 1.5; expected from 0"),
        ({"writer.mix": {"ner": 1}}, "writer.mix: weights for ner; expected one for each of ner, srl"),
        ({"writer.mix": {"ner": 1, "srl": 0}}, "writer.mix: the weight of srl is 0; expected more than 0"),
        ({"writer.task": "ner", "data.train": "a", "writer.mix": 1.0}, "there is one task only, so nothing is mixed"),
    ],
)
def test_what_does_not_go_together_is_told(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe().change(SEVERAL | changes)
    assert told in str(caught.value)


def test_each_task_has_a_corpus_of_its_own() -> None:
    recipe = Recipe().change(SEVERAL | {"data.documents": 40})
    corpora = load_corpora(recipe, Ledger())
    assert set(corpora) == {"ner", "srl"}
    assert corpora["srl"].train[0].relations and not corpora["ner"].train[0].relations
    assert set(tell_facts(corpora)) == {"ner all", "srl all"}
    check_tasks(recipe, corpora)


def test_without_tasks_to_choose_from_there_is_one_without_a_name() -> None:
    for train in ("synthetic:ner", {"ner": "synthetic:ner"}):
        recipe = Recipe().change({"view": "writer", "data.train": train, "data.documents": 40})
        (corpus,) = load_corpora(recipe, Ledger()).values()
        assert tell_facts({ONLY: corpus}) == corpus.facts


def test_a_task_without_documents_is_refused() -> None:
    recipe, corpus = Recipe().change(SEVERAL), Corpus(make_entities())
    with pytest.raises(DataError, match="no training documents for the task 'srl'"):
        check_tasks(recipe, {"ner": corpus, "srl": Corpus([])})
    with pytest.raises(RecipeError, match="for the tasks ner, srl, and there are ner"):
        check_tasks(recipe, {"ner": corpus})
    with pytest.raises(RecipeError, match="for one task, and there are ner, srl"):
        check_tasks(Recipe(), {"ner": corpus, "srl": corpus})
