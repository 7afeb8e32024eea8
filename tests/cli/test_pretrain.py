"""tagwright pretrain: text in, a backbone and its report out."""

import sys
from pathlib import Path
from typing import Any

import pytest

from cli_run import Run
from tagwright.cli.main import main
from tagwright.errors import RecipeError
from tagwright.pretraining.learning.progress import ShowPretraining
from tagwright.pretraining.recipe import PretrainingRecipe
from tiny_pretraining import write_text

SMALL = {"model.width": 16, "model.inner_width": 16, "model.layers": 2, "model.heads": 2, "tokenizer.size": 400}
SHORT = {"length": 32, "per_device_train_batch_size": 4, "max_steps": 4, "save_steps": 2, "eval_rows": 4}
SETTINGS = [*SMALL.items(), *((f"training.{name}", value) for name, value in SHORT.items())]
OPTIONS = [part for name, value in SETTINGS for part in ("--set", f"{name}={value}")]
VERB = ("pretrain", "--text", "train.txt", "--valid", "held.txt", "--out", "backbone", *OPTIONS)


@pytest.fixture
def text(here: Path) -> Path:
    write_text(here)
    return here


def test_text_becomes_a_backbone_once(run: Run, text: Path) -> None:
    shown = run(*VERB).stdout
    assert "Learning a tokenizer" in shown and "Saved to backbone" in shown
    names = {path.name for path in (text / "backbone").iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "recipe.toml", "report.html", "README.md"} <= names
    assert PretrainingRecipe.from_toml(text / "backbone" / "recipe.toml").text.train == ("train.txt",)
    with pytest.raises(RecipeError, match="already holds a run"):
        run(*VERB)
    assert "finished; nothing to resume" in run(*VERB, "--resume").stdout
    again = run("pretrain", "backbone/recipe.toml", "--overwrite").stdout
    assert "Saved to backbone" in again and "Learning a tokenizer" not in again


def test_stopped_by_ctrl_c_it_goes_on(run: Run, text: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(self: ShowPretraining, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ShowPretraining, "on_step_end", stop)
        patched.setattr(sys, "argv", ["tagwright", *VERB])
        with pytest.raises(SystemExit) as stopped:
            main()
    assert stopped.value.code
    assert "Saved to backbone" in run(*VERB, "--resume").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--out", "x"), r"text\.train: nothing to learn from"),
        (("--text", "train.txt", "--valid", "held.txt"), "Nowhere to save"),
        (("gone.toml",), "There is no recipe gone.toml"),
        ((*VERB[1:], "--objective", "clmm"), "Did you mean 'clm'"),
        ((*VERB[1:], "--model", "theirs"), r"model\.width, .*: a model to go on from"),
        ((*VERB[1:], "--set", "training.learning_rat=1"), "Did you mean 'learning_rate'"),
    ],
)
def test_a_wrong_recipe_is_refused_before_anything_is_read(
    run: Run, here: Path, arguments: tuple[object, ...], message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        run("pretrain", *arguments)
    assert not list(here.rglob("tokens"))
