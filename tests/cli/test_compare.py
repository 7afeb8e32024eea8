"""tagwright compare: several runs a side, several contrasts, and a verdict on each."""

import json
from pathlib import Path

import pytest

from cli_run import Run
from tagwright.errors import DataError, RecipeError
from tagwright.io.files import read, write
from tagwright.text.synthetic import make_corpus


@pytest.fixture
def files(here: Path) -> Path:
    """gold.jsonl; good-0, good-1 with few mistakes; bad-0, bad-1 with many."""
    gold = make_corpus("ner", documents=40, seed=1)
    write(gold, here / "gold.jsonl")
    for name, every in (("good-0", 9), ("good-1", 8), ("bad-0", 2), ("bad-1", 3)):
        said = [document if at % every else document.with_spans(()) for at, document in enumerate(gold)]
        write(said, here / f"{name}.jsonl")
    return here


def test_two_systems_with_two_runs_each(run: Run, files: Path) -> None:
    runs = ("good-0.jsonl", "good-1.jsonl", "--against", "bad-0.jsonl", "bad-1.jsonl")
    shown = run("compare", "gold.jsonl", *runs, "--names", "good,bad", "--json", "out.json", "--draws", 200).stdout
    assert "good is better than bad by" in shown
    assert "smallest difference" in shown
    content = json.loads((files / "out.json").read_text())
    assert content["files"] == {"good": list(runs[:2]), "bad": list(runs[3:])}
    assert [len(side) for side in content["contrasts"][0]["scores"]] == [2, 2]
    assert content["contrasts"][0]["p_holm"] is None


def test_several_systems_are_corrected_for(run: Run, files: Path) -> None:
    options = ("--against", "bad-0.jsonl", "--margin", 2, "--against", "good-0.jsonl", "--json", "out.json")
    shown = run("compare", "gold.jsonl", "good-0.jsonl", *options, "--draws", 200).stdout
    assert "A - B" in shown
    assert "A and C are equivalent within 2 F1" in shown
    contrasts = json.loads((files / "out.json").read_text())["contrasts"]
    assert [each["names"] for each in contrasts] == [["A", "B"], ["A", "C"]]
    assert all(each["p_holm"] >= each["p"] for each in contrasts)


@pytest.mark.parametrize("against", [("--against", "bad-0.jsonl"), ("--against=bad-0.jsonl",)])
def test_every_file_after_against_belongs_to_it(run: Run, files: Path, against: tuple[str, ...]) -> None:
    run("compare", "gold.jsonl", "good-0.jsonl", *against, "bad-1.jsonl", "--draws", 200, "--json", "out.json")
    assert json.loads((files / "out.json").read_text())["files"]["B"] == ["bad-0.jsonl", "bad-1.jsonl"]


def test_another_score_can_be_compared(run: Run, files: Path) -> None:
    options = ("--metric", "boundary.recall", "--draws", 200)
    assert (
        "boundary.recall over 40"
        in run("compare", "gold.jsonl", "good-0.jsonl", "--against", "bad-0.jsonl", *options).stdout
    )


def test_two_sides_that_predict_nothing_have_no_numbers(run: Run, files: Path) -> None:
    write([document.with_spans([]) for document in read(files / "gold.jsonl")], files / "none.jsonl")
    shown = run("compare", "gold.jsonl", "none.jsonl", "--against", "none.jsonl", "--draws", 200).stdout
    assert "Neither side predicts anything; nothing to compare." in shown
    assert "interval" not in shown


def test_a_test_that_can_show_nothing_says_so(run: Run, files: Path) -> None:
    gold = read(files / "gold.jsonl")[:1]
    write(gold, files / "one.jsonl")
    write([document.with_spans([]) for document in gold], files / "none.jsonl")
    shown = run("compare", "one.jsonl", "none.jsonl", "--against", "one.jsonl", "--draws", 200).stdout
    assert "exact.f1 over 1 document " in shown
    assert "the test can show no difference on such data, its smallest p is 1" in shown


def test_what_cannot_be_compared_is_refused(run: Run, files: Path) -> None:
    sides = ("good-0.jsonl", "--against", "bad-0.jsonl")
    with pytest.raises(RecipeError, match="Did you mean 'exact.f1'"):
        run("compare", "gold.jsonl", *sides, "--metric", "exact.f2")
    with pytest.raises(RecipeError, match="2 systems"):
        run("compare", "gold.jsonl", *sides, "--names", "one")
    with pytest.raises(DataError, match="no such file"):
        run("compare", "gold.jsonl", "good-0.jsonl", "--against", "gone.jsonl")
