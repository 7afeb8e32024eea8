"""tagwright calibrate: a folder gets its calibration, a page and JSON tell of it, bad input is refused."""

import json
from pathlib import Path

import pytest

from cli_run import Run
from page_markup import Reader
from tagwright.errors import DataError, RecipeError
from tagwright.inference.predictor import load
from tagwright.io.files import read, write
from tagwright.text.synthetic import make_corpus


@pytest.fixture(autouse=True)
def new(labeler: Path, here: Path) -> Path:
    """Documents that the labeler was not trained on."""
    write(make_corpus("ner", documents=60, seed=2), here / "new.jsonl")
    return here / "new.jsonl"


def test_the_file_of_training_is_refused_and_that_of_dev_warned_of(run: Run, labeler: Path, here: Path) -> None:
    (here / "copy.jsonl").write_bytes((here / "train.jsonl").read_bytes())
    for name in ("train.jsonl", "copy.jsonl"):
        with pytest.raises(DataError, match=f"{name} is the file that this labeler was trained on.*kept out"):
            run("calibrate", "labeler", name)
    about = json.loads((labeler / "tagwright.json").read_text())
    del about["data"]["train"]
    (labeler / "tagwright.json").write_text(json.dumps(about))
    assert "is the dev file of this labeler's training" in run("calibrate", "labeler", "copy.jsonl").stderr
    assert "Warning" not in run("calibrate", "labeler", "new.jsonl").stderr


def test_the_folder_gets_a_calibration_and_predictions_go_by_it(run: Run, labeler: Path, here: Path) -> None:
    before = load(labeler).predict(read("new.jsonl"))
    done = run("calibrate", "labeler", "new.jsonl", "--html", "page.html", "--json", "told.json")
    assert "expected calibration error" in done.stdout and "spans" in done.stdout
    assert "labeler: saved with its calibration" in done.stdout
    told = json.loads((here / "told.json").read_text())
    spans = told["parts"]["spans"]
    assert told["documents"] == 60 and spans["predicted"] == sum(len(document.spans) for document in before)
    page = Reader((here / "page.html").read_text())
    assert len(page.find("svg")) == 2 and "Calibration: labeler" in page.text
    run("predict", "labeler", "new.jsonl", "-o", "out.jsonl")
    after = read("out.jsonl")
    assert [document.spans for document in after] == [document.spans for document in before]
    scores = [[span.score for document in side for span in document.spans] for side in (before, after)]
    assert spans["method"] == "none" or scores[0] != scores[1]


def test_a_threshold_is_kept_with_the_labeler(run: Run, labeler: Path, here: Path) -> None:
    run("predict", "labeler", "new.jsonl", "-o", "all.jsonl")
    done = run("calibrate", "labeler", "new.jsonl", "--recall", 0.01)
    assert "Threshold of spans: " in done.stdout
    told = run("predict", "labeler", "new.jsonl", "-o", "some.jsonl").stderr
    sizes = [sum(len(document.spans) for document in read(path)) for path in ("all.jsonl", "some.jsonl")]
    assert f"{sizes[0] - sizes[1]} x span below the labeler's threshold, left out" in told
    assert "calibration: fitted on 60 documents; error of spans " in (shown := run("inspect", "labeler").stdout)
    assert "left out" in shown and "coverage" not in shown


def test_another_folder_leaves_the_labeler_as_it_was(run: Run, labeler: Path, here: Path) -> None:
    run("calibrate", "labeler", "new.jsonl", "--method", "platt", "--out", "new")
    assert not (labeler / "calibration.json").exists()
    assert (here / "new" / "calibration.json").exists() and load("new", check=True).calibration is not None
    with pytest.raises(DataError, match="is there already"):
        run("calibrate", "labeler", "new.jsonl", "--out", "new")


def test_what_cannot_be_calibrated_is_refused_and_nothing_is_written(run: Run, labeler: Path, here: Path) -> None:
    with pytest.raises(RecipeError, match="not a folder of yours.*--out"):
        run("calibrate", "builtin:tiny-ner", "new.jsonl")
    with pytest.raises(RecipeError, match="No calibration is called 'plat'.*'platt'"):
        run("calibrate", "labeler", "new.jsonl", "--method", "plat")
    write(read("new.jsonl")[:2], "two.jsonl")
    with pytest.raises(DataError, match="a map needs 30"):
        run("calibrate", "labeler", "two.jsonl")
    assert not (labeler / "calibration.json").exists()
