"""Advice: settings follow the size and shape of the data, and the recipe that is written reads back."""

from pathlib import Path
from typing import Any

import pytest

from tagwright.io.kind import FileOptions
from tagwright.recipe.inspection.advice import MOST, Advice, advise
from tagwright.recipe.inspection.summary import summarise
from tagwright.recipe.recipe import Recipe
from tagwright.settings.toml import write_toml
from tagwright.text.document import Document
from tagwright.text.relation import Field, Relation, Turn
from tagwright.text.span import Span
from tagwright.text.words import make_document


def advise_on(count: int, *, words: int = 10, model: str = "org/name", **rest: object) -> Advice:
    document = Document.from_words(["w"] * words, spans=(Span(0, 1, "A"),))
    return advise(
        summarise([document] * count),
        files={"train": "a.conll"},
        wanted={"backbone.model": model},
        out="runs/a",
        **rest,
    )  # type: ignore[arg-type]


def test_fewer_documents_get_more_epochs() -> None:
    few, some, many = (advise_on(count).recipe.training for count in (20, 1000, 50_000))
    assert few.num_train_epochs == MOST
    assert few.num_train_epochs > some.num_train_epochs > many.num_train_epochs


def test_long_documents_are_batched_by_tokens() -> None:
    assert advise_on(1000).recipe.training.per_device_train_batch_size == 16
    long = advise_on(1000, words=400).recipe.training
    assert (long.tokens_per_batch, long.per_device_train_batch_size) == (2048, None)


def test_random_weights_learn_faster_than_pretrained_ones() -> None:
    assert advise_on(10, model="builtin:untrained").recipe.training.learning_rate == 1e-3
    assert advise_on(10).recipe.training.learning_rate == 5e-5


def test_the_recipe_written_is_the_recipe_read(tmp_path: Path) -> None:
    advice = advise_on(100, kind="conll", options=FileOptions(tag_column=2, label_names=("O", "B-A")))
    path = tmp_path / "recipe.toml"
    path.write_text(write_toml(advice.recipe, notes=advice.notes, only=advice.shown), encoding="utf-8")
    assert Recipe.from_toml(path) == advice.recipe
    text = path.read_text(encoding="utf-8")
    assert "tag_column = 2  # as given to `tagwright init`" in text
    assert 'dev_policy = "cv"' in text


NESTED = Document.from_words(["a", "b"], spans=(Span(0, 2, "A"), Span(1, 2, "B")))
LINKED = Document.from_words(["a", "b"], spans=(Span(0, 1, "A"), Span(1, 2, "B")), relations=(Relation(0, 1, "r"),))
ROLES = Document.from_words(["a", "b"], spans=(Span(0, 1, "say"), Span(1, 2)), relations=(Relation(0, 1, "who"),))
STATE = make_document("taxi", turns=(Turn("user", 0, 1),), fields=(Field("what", ("taxi",)),))


@pytest.mark.parametrize(
    ("document", "head", "told", "task"),
    [
        (NESTED, "pairs", "overlapping spans (1)", "ner"),
        (LINKED, "pairs", "relations (1)", "joint-er"),
        (ROLES, "pairs", "relations (1)", "srl"),
        (Document.from_words(["a"], spans=(Span(0, 1, "A"),)), "softmax", "crf", "ner"),
    ],
)
def test_the_recipe_holds_what_the_file_does(document: Document, head: str, told: str, task: str) -> None:
    how: Any = {"files": {"train": "a"}, "out": "r"}
    advice = advise(summarise([document]), **how)
    assert (advice.recipe.view, advice.recipe.head.name) == ("tagger", head) and told in advice.notes["head.name"]
    written = advise(summarise([document]), wanted={"view": "writer"}, **how).recipe
    assert (written.writer.task, written.backbone.model) == (task, "builtin:tiny-t5")
    assert advise(summarise([document]), wanted={"writer.task": "events"}, **how).recipe.writer.task == "events"


def test_dialogues_are_for_a_writer() -> None:
    recipe = advise(summarise([STATE]), files={"train": "a"}, out="r").recipe
    assert (recipe.view, recipe.writer.task) == ("writer", "dst")


def test_a_dev_set_is_cut_where_it_is_large_enough() -> None:
    few, many = advise_on(199), advise_on(200)
    assert (few.recipe.draw.policy, many.recipe.draw.policy) == ("cv", "full")
    assert "data.dev_share" not in few.shown and "no dev file" in many.notes["data.dev_share"]
