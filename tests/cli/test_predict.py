"""tagwright predict: files, standard input and texts through a saved labeler."""

import json
import shutil
from pathlib import Path

import pytest

from cli_run import Run
from tagwright.backbone import builtin
from tagwright.errors import DataError, ModelError, RecipeError
from tagwright.inference.predictor import load
from tagwright.io.files import read


def test_a_file_is_labelled_in_its_order(run: Run, labeler: Path) -> None:
    done = run("predict", "labeler", "train.jsonl", "-o", "out.jsonl")
    assert done.stdout == ""
    assert "Labelled 60 documents" in done.stderr
    assert "train.jsonl is the file that this labeler was trained on. It has seen them" in done.stderr
    gold, found = read("train.jsonl"), read("out.jsonl")
    expected = load(labeler).predict(gold)
    assert [d.id for d in found] == [d.id for d in gold]
    assert [d.spans for d in found] == [d.spans for d in expected]


def test_without_a_file_json_goes_to_standard_output(run: Run, labeler: Path) -> None:
    rows = [json.loads(line) for line in run("predict", "labeler", "train.jsonl").stdout.splitlines()]
    assert len(rows) == 60
    for row in rows:
        for span in row["spans"]:
            assert row["text"][span["start"] : span["end"]] == span["text"]
            assert 0 <= span["score"] <= 1
    assert any(row["spans"] for row in rows)


def test_standard_input_is_a_text_a_line(run: Run, labeler: Path) -> None:
    shown = run("predict", "labeler", "-", stdin="They moved to Oruford.\n\nAda\n").stdout
    assert [json.loads(line)["text"] for line in shown.splitlines()] == ["They moved to Oruford.", "", "Ada"]


@pytest.mark.parametrize("source", [("-",), ("--text", "Ada")])
@pytest.mark.parametrize("option", [("--from", "conll"), ("--text-column", "body"), ("--encoding", "latin-1")])
def test_what_is_no_file_is_not_read_as_one(
    run: Run, labeler: Path, source: tuple[str, ...], option: tuple[str, str]
) -> None:
    with pytest.raises(RecipeError, match="leave out --from, --encoding and columns, or name a file"):
        run("predict", "labeler", *source, *option, stdin="Ada\n")


def test_a_text_is_shown_with_its_labels(run: Run, labeler: Path) -> None:
    shown = run("predict", "labeler", "--text", "They moved to Oruford.", "--text", "Ada").stdout
    assert shown.startswith("They moved to ")
    assert len(shown.splitlines()) == 2


def test_another_kind_says_what_it_cannot_hold(run: Run, labeler: Path) -> None:
    done = run("predict", "labeler", "train.jsonl", "-o", "out.conll", "--scheme", "BIOES")
    assert "score" in done.stderr
    assert len(read("out.conll")) == 60


def test_long_documents_are_cut_refused_or_truncated(run: Run, labeler: Path, here: Path) -> None:
    (here / "long.txt").write_text("word " * 2000 + "\n", encoding="utf-8")
    assert "trained on" not in run("predict", "labeler", "long.txt", "-o", "out.jsonl").stderr
    with pytest.raises(DataError, match="^long.txt: .*--on-long window"):
        run("predict", "labeler", "long.txt", "-o", "none.jsonl", "--on-long", "error")
    done = run("predict", "labeler", "long.txt", "-o", "cut.jsonl", "--on-long", "truncate")
    assert "words beyond the window were cut off" in done.stderr


def test_batches_and_precision_can_be_chosen(run: Run, labeler: Path) -> None:
    run("predict", "labeler", "train.jsonl", "-o", "a.jsonl", "--tokens-per-batch", 64)
    run("predict", "labeler", "train.jsonl", "-o", "b.jsonl")
    assert [d.spans for d in read("a.jsonl")] == [d.spans for d in read("b.jsonl")]
    run("predict", "labeler", "train.jsonl", "-o", "c.jsonl", "--dtype", "bfloat16")
    assert len(read("c.jsonl")) == 60


def test_what_cannot_be_labelled_is_refused(run: Run, labeler: Path, here: Path) -> None:
    with pytest.raises(RecipeError, match="either a file to label"):
        run("predict", "labeler")
    with pytest.raises(ModelError, match="There is no folder gone"):
        run("predict", "gone", "train.jsonl")
    with pytest.raises(DataError, match="no such file"):
        run("predict", "labeler", "gone.jsonl", "-o", "out.jsonl")
    assert not (here / "out.jsonl").exists()


def test_the_file_to_label_is_not_overwritten(run: Run, labeler: Path, here: Path) -> None:
    before = (here / "train.jsonl").read_bytes()
    with pytest.raises(RecipeError, match="overwritten"):
        run("predict", "labeler", "train.jsonl", "-o", "train.jsonl")
    assert (here / "train.jsonl").read_bytes() == before


def test_a_built_in_labeler_is_named(run: Run, labeler: Path, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtin, "ROOT", here / "shipped")
    shutil.copytree(labeler, here / "shipped" / "tiny-ner")
    shown = run("predict", "builtin:tiny-ner", "--text", "They moved to Oruford.").stdout
    assert shown.startswith("They moved to ")
    with pytest.raises(ModelError, match="builtin:tiny-encoder is a backbone, not a labeler.*tagwright train"):
        run("predict", "builtin:tiny-encoder", "--text", "They moved to Oruford.")
