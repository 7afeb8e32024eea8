"""What the tests of the command line share: a runner, a labelled file, a labeler that was trained once."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli_run import Run
from tagwright.cli.main import app
from tagwright.io.files import write
from tagwright.text.synthetic import make_corpus

CONLL = "Ada\tB-PER\nL.\tI-PER\nsaw\tO\nRome\tB-LOC\n\nBob\tB-PER\nran\tO\n\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(here: Path) -> Run:
    """Runs a verb in that folder; an error of ours is raised, as `main` gets it."""

    def call(*arguments: object, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(app, list(map(str, arguments)), input=stdin, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result

    return call


@pytest.fixture
def conll(here: Path) -> Path:
    path = here / "gold.conll"
    path.write_text(CONLL, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a labeler that has learned a little, and the file it was trained on."""
    folder = tmp_path_factory.mktemp("trained")
    write(make_corpus("ner", documents=60, seed=1), folder / "train.jsonl")
    training = {"max_steps": 70, "learning_rate": 2e-3, "per_device_train_batch_size": 8, "eval_strategy": "no"}
    settings = [f"training.{name}={value}" for name, value in training.items()]
    file = str(folder / "train.jsonl")
    arguments = [
        "train",
        "--train",
        file,
        "--dev",
        file,
        "--model",
        "builtin:untrained",
        "--out",
        str(folder / "labeler"),
    ]
    result = CliRunner().invoke(app, [*arguments, *(part for each in settings for part in ("--set", each))])
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def labeler(trained: Path, here: Path) -> Path:
    """A copy of that labeler in the folder to work in, with its training file beside it."""
    shutil.copytree(trained / "labeler", here / "labeler")
    shutil.copy(trained / "train.jsonl", here / "train.jsonl")
    return here / "labeler"
