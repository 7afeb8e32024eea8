"""tagwright init: says what it found, writes a recipe that trains, refuses to overwrite."""

import subprocess
import sys
from pathlib import Path

import pytest

from cli_run import Run
from tagwright.errors import DataError, RecipeError
from tagwright.io.files import write
from tagwright.recipe.recipe import Recipe
from tagwright.text.synthetic import make_corpus


def test_it_says_what_it_found_and_what_to_do_next(run: Run, conll: Path) -> None:
    shown = run("init", "gold.conll").stdout
    for fact in (
        "conll: ",
        "words in column 0, tags in column 1",
        "scheme BIO",
        "PER",
        "No dev file, and too few documents",
    ):
        assert fact in shown
    assert shown.rstrip().endswith("tagwright train recipe.toml")
    recipe = Recipe.from_toml("recipe.toml")
    assert (recipe.data.train, recipe.out, recipe.training.learning_rate) == ("gold.conll", "runs/gold", 2e-3)
    assert recipe.draw.policy == "cv"


def test_a_pretrained_model_gets_its_own_settings(run: Run, conll: Path) -> None:
    shown = run("init", "gold.conll", "--model", "org/name", "--dev", "gold.conll", "--out", "my.toml").stdout
    assert "tagwright inspect my.toml" in shown
    assert "No dev file" not in shown
    recipe = Recipe.from_toml("my.toml")
    assert (recipe.data.dev, recipe.backbone.model, recipe.training.learning_rate) == ("gold.conll", "org/name", 5e-5)


def test_enough_documents_give_a_dev_set(run: Run, here: Path) -> None:
    (here / "a.conll").write_text("".join(f"Ada\tB-PER\n{n}\tO\n\n" for n in range(200)), encoding="utf-8")
    assert "No dev file: 10% of the training documents will be set aside" in run("init", "a.conll").stdout
    assert Recipe.from_toml("recipe.toml").draw.policy == "full"


def test_a_file_with_relations_gets_a_recipe_that_holds_them(run: Run, here: Path) -> None:
    write(make_corpus("relations", documents=20, seed=0), here / "a.jsonl")
    assert "The other way is a writer: --view writer" in run("init", "a.jsonl").stdout
    text = (here / "recipe.toml").read_text(encoding="utf-8")
    assert (
        Recipe.from_toml("recipe.toml").head.name == "pairs" and 'view = "tagger"  # ' in text and "relations" in text
    )
    assert "A writer, for the task joint-er" in run("init", "a.jsonl", "--view", "writer", "--out", "w.toml").stdout
    assert Recipe.from_toml("w.toml").backbone.model == "builtin:tiny-t5"


def test_columns_go_into_the_recipe(run: Run, here: Path) -> None:
    (here / "a.csv").write_text("no;form;mine\n1;Ada;B-PER\n1;ran;O\n", encoding="utf-8")
    run("init", "a.csv", "--from", "csv", "--word-column", "form", "--tag-column", "2")
    data = Recipe.from_toml("recipe.toml").data
    assert (data.kind, data.word_column, data.tag_column) == ("csv", "form", 2)


def test_illegal_tags_are_named_with_their_lines(run: Run, here: Path) -> None:
    (here / "a.conll").write_text("Ada\tB-PER\nRome\tI-LOC\n\nBob\tB-PER\nL.\tI-PER\n\n", encoding="utf-8")
    shown = run("init", "a.conll").stdout
    assert "1 x tag that is illegal in BIO" in shown
    assert "a.conll:2" in shown


def test_a_recipe_that_is_there_stays(run: Run, conll: Path, here: Path) -> None:
    (here / "recipe.toml").write_text("mine", encoding="utf-8")
    with pytest.raises(RecipeError, match="--overwrite"):
        run("init", "gold.conll")
    assert (here / "recipe.toml").read_text() == "mine"
    run("init", "gold.conll", "--overwrite")
    assert (here / "recipe.toml").read_text() != "mine"


@pytest.mark.parametrize(
    ("name", "text", "options", "message"),
    [
        ("empty.conll", "", [], "empty"),
        ("a.conll", "Ada\tB-PER\n\n", ["--tag-column", "7"], "no column 7"),
        ("a.csv", "word,ner\nAda,B-PER\n", ["--tag-column", "gone"], "'gone'"),
        ("a.conll", "Ada\tO\n\n", [], "No document has a labelled span"),
        ("a.conll", "Ada\tO\n\n", ["--from", "connl"], "Did you mean 'conll'"),
        ("a.xyz", "\x00\x01\x02", [], "no kind"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_and_nothing_written(
    run: Run, here: Path, *, name: str, text: str, options: list[str], message: str
) -> None:
    (here / name).write_text(text, encoding="utf-8")
    with pytest.raises((DataError, RecipeError), match=message):
        run("init", name, *options)
    assert not (here / "recipe.toml").exists()


def test_it_loads_no_torch(conll: Path) -> None:
    code = "import sys; from tagwright.cli.main import app\n"
    code += f"app(['init', {str(conll)!r}], standalone_mode=False); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=conll.parent)
    assert done.stdout.endswith("False\n")
