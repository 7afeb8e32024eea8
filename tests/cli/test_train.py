"""tagwright train: a recipe or options in, a labeler, its scores and its report out."""

from pathlib import Path

import pytest

from cli_run import Run
from tagwright.errors import RecipeError
from tagwright.io.files import write
from tagwright.recipe.recipe import Recipe
from taught_writers import make_entities, save_writer

SHORT = ("--set", "training.max_steps=3", "--set", "training.eval_strategy=no", "--set", "training.save_strategy=no")


def test_the_folder_holds_the_labeler_and_its_report(trained: Path) -> None:
    names = {path.name for path in (trained / "labeler").iterdir()}
    assert {"tagwright.json", "model.safetensors", "recipe.toml", "report.html", "report.json", "README.md"} <= names


def test_options_win_over_the_recipe(run: Run, conll: Path) -> None:
    run("init", "gold.conll")
    shown = run("train", "recipe.toml", "--out", "mine", "--dev", "gold.conll", *SHORT).stdout
    assert "Saved to mine" in shown
    recipe = Recipe.from_toml("mine/recipe.toml")
    assert (recipe.training.max_steps, recipe.data.dev, recipe.out) == (3, "gold.conll", "mine")


def test_several_seeds_show_their_spread(run: Run, conll: Path, here: Path) -> None:
    files = ("--train", "gold.conll", "--dev", "gold.conll", "--out", "runs")
    assert "over 2 seeds" in run("train", *files, "--seeds", 2, *SHORT).stdout
    assert {path.name for path in (here / "runs").iterdir()} == {"seed-1", "seed-2"}


def test_a_writer_is_trained_and_labels(run: Run, here: Path) -> None:
    write(make_entities(), here / "gold.jsonl")
    model = save_writer("llama", here / "model")
    files = ("--train", "gold.jsonl", "--dev", "gold.jsonl", "--model", model, "--out", "written")
    own = ("--set", "writer.max_target_tokens=30", "--set", "backbone.sight=10")
    shown = run("train", "--view", "writer", "--task", "ner", *files, *SHORT, *own)
    assert "Saved to written" in shown.stdout and "wrong with its outputs" in shown.stdout
    run("predict", "written", "gold.jsonl", "-o", "labelled.jsonl")
    assert len((here / "labelled.jsonl").read_text(encoding="utf-8").splitlines()) == 8
    run("predict", "written", "gold.jsonl", "-o", "beams.jsonl", "--beams", 2)
    assert "exact" in run("evaluate", "gold.jsonl", "--model", "written", "--beams", 2).stdout
    shown = run("inspect", "written").stdout
    assert "a writer with 2 labels" in shown and "task ner, format inline" in shown and "looks right: 0 of 2" in shown
    with pytest.raises(RecipeError, match="writer.task: no task of a format is called .knit"):
        run("train", "--view", "writer", "--task", "knit", *files)


def test_a_writer_may_learn_nothing_and_be_shown_documents(run: Run, here: Path) -> None:
    write(make_entities(), here / "gold.jsonl")
    model = save_writer("llama", here / "model", max_position_embeddings=300)
    files = ("--train", "gold.jsonl", "--test", "gold.jsonl", "--model", model, "--out", "shown")
    shown = run("train", "--task", "ner", "--demonstrations", 2, *files, "--set", "writer.max_target_tokens=30").stdout
    assert "Saved to shown" in shown
    told = run("inspect", "shown", "--check").stdout
    assert "mix" not in told and "read_at" not in told
    assert "tokens of an answer, at most: 30 (writer.max_target_tokens)" in told
    assert "demonstrations 2" in told and "tuning: frozen; 0 of" in told and "head:" not in told
    assert "exact" in run("evaluate", "gold.jsonl", "--model", "shown").stdout


def test_a_used_folder_is_refused(run: Run, labeler: Path) -> None:
    with pytest.raises(RecipeError, match="already holds a run"):
        run("train", "--train", "train.jsonl", "--out", "labeler")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--out", "x"), "Nothing to train on"),
        (("--train", "gold.conll"), "Nowhere to save"),
        (("gone.toml",), "There is no recipe gone.toml"),
        (("--train", "gold.conll", "--out", "x", "--set", "nonsense"), "is no setting"),
        (("--train", "gold.conll", "--out", "x", "--set", "training.lr=1"), "learning_rate"),
        (("--train", "gold.conll", "--out", "x", "--shots", 1, "--percent", 5), "Keep one"),
    ],
)
def test_a_wrong_recipe_is_refused_before_anything_is_read(
    run: Run, *, arguments: tuple[object, ...], message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        run("train", *arguments)
