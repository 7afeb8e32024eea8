"""Advice: settings follow the size and shape of the data, and the recipe that is written reads back."""

from pathlib import Path

from tagwright.io.kind import FileOptions
from tagwright.recipe.inspection.advice import MOST, Advice, advise
from tagwright.recipe.inspection.summary import summarise
from tagwright.recipe.recipe import Recipe
from tagwright.settings.toml import write_toml
from tagwright.text.document import Document
from tagwright.text.span import Span


def advise_on(count: int, *, words: int = 10, model: str = "org/name", **rest: object) -> Advice:
    document = Document.from_words(["w"] * words, spans=(Span(0, 1, "A"),))
    return advise(summarise([document] * count), files={"train": "a.conll"}, model=model, out="runs/a", **rest)  # type: ignore[arg-type]


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


def test_a_dev_set_is_cut_where_it_is_large_enough() -> None:
    few, many = advise_on(199), advise_on(200)
    assert (few.recipe.draw.policy, many.recipe.draw.policy) == ("cv", "full")
    assert "data.dev_share" not in few.shown and "no dev file" in many.notes["data.dev_share"]
