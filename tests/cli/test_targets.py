"""Files that verbs write: nothing is replaced unasked, and what can't be done is said before a model loads."""

from pathlib import Path

import pytest

from cli_run import Run
from tagwright.cli.terminal.targets import check_targets
from tagwright.errors import DataError, RecipeError

KEPT = "what was there\n"
PREDICT = ("predict", "labeler", "gold.conll")
LOUD = "{} kept.jsonl is there already. Use --overwrite"


@pytest.fixture
def kept(here: Path, conll: Path) -> Path:
    """A file that somebody may still want."""
    path = here / "kept.jsonl"
    path.write_text(KEPT, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("option", "command"),
    [
        ("--out", (*PREDICT, "-o", "kept.jsonl")),
        ("--review", (*PREDICT, "--review", "kept.jsonl")),
        ("OUT", ("convert", "gold.conll", "kept.jsonl")),
        ("--out", ("init", "gold.conll", "--out", "kept.jsonl")),
        ("--json", ("inspect", "gold.conll", "--json", "kept.jsonl")),
        ("--json", ("evaluate", "gold.conll", "gold.conll", "--json", "kept.jsonl")),
        ("--html", ("evaluate", "gold.conll", "gold.conll", "--html", "kept.jsonl")),
        ("--json", ("compare", "gold.conll", "gold.conll", "--against", "gold.conll", "--json", "kept.jsonl")),
        ("--html", ("calibrate", "labeler", "gold.conll", "--out", "new", "--html", "kept.jsonl")),
    ],
)
def test_no_file_is_replaced_unasked(run: Run, kept: Path, option: str, command: tuple[str, ...]) -> None:
    with pytest.raises(RecipeError, match=LOUD.format(option)):
        run(*command)
    assert kept.read_text("utf-8") == KEPT


def test_what_is_asked_for_is_replaced(run: Run, kept: Path) -> None:
    run("convert", "gold.conll", "kept.jsonl", "--overwrite")
    assert "Ada" in kept.read_text("utf-8")
    run("evaluate", "gold.conll", "gold.conll", "--json", "kept.jsonl", "--overwrite")
    assert '"headline"' in kept.read_text("utf-8")


def test_targets_are_free_apart_and_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    free = {"--out": tmp_path / "new", "--json": None, "--html": Path("/dev/null"), "--review": tmp_path / "empty"}
    check_targets(free, overwrite=False)
    with pytest.raises(RecipeError, match="--json and --html are both .*Choose another --html"):
        check_targets({"--json": tmp_path / "a", "--html": tmp_path / "b" / ".." / "a"}, overwrite=True)
    with pytest.raises(RecipeError, match="--out .*gone is no folder. Make it"):
        check_targets({"--out": tmp_path / "gone" / "a"}, overwrite=True)
    (tmp_path / "brat").mkdir()
    check_targets({"--out": tmp_path / "brat"}, overwrite=False)
    (tmp_path / "brat" / "a.ann").touch()
    (tmp_path / "b").write_text("b", encoding="utf-8")
    with pytest.raises(RecipeError, match="--out .*brat, --json .*b are there already"):
        check_targets({"--out": tmp_path / "brat", "--json": tmp_path / "b"}, overwrite=False)


@pytest.mark.parametrize(
    ("told", "options"),
    [
        ("No kind of file is called 'xlsx'", ("gold.conll", "-o", "new", "--to", "xlsx")),
        ("ending '.xlsx' says no kind", ("gold.conll", "-o", "new.xlsx")),
        ("No scheme is called 'BIOX'", ("gold.conll", "-o", "new.conll", "--scheme", "BIOX")),
        ("--to and --scheme .* --out FILE .* missing", ("gold.conll", "--to", "conll")),
        ("--out is for documents of a file; a --text is shown", ("--text", "Ada", "-o", "new.jsonl")),
        ("no such file or folder. Did you mean 'gold.conll'", ("gold.conl", "-o", "new.jsonl")),
        ("No kind of file is called 'conl'", ("gold.conll", "--from", "conl", "-o", "new.jsonl")),
        ("gone is no folder", ("gold.conll", "-o", "gone/new.jsonl")),
    ],
)
def test_predict_refuses_before_it_loads(run: Run, conll: Path, told: str, options: tuple[str, ...]) -> None:
    """There is no labeler: whatever is told comes before one is looked for."""
    with pytest.raises((RecipeError, DataError), match=told):
        run("predict", "labeler", *options)
