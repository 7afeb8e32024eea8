"""tagwright convert: counts what it writes, says what is lost."""

from pathlib import Path

import pytest

from cli_run import Run
from tagwright.errors import DataError, RecipeError
from tagwright.io.files import read


def test_documents_come_through_with_their_spans(run: Run, conll: Path) -> None:
    assert "2 documents written to out.jsonl" in run("convert", "gold.conll", "out.jsonl").stdout
    assert [d.spans for d in read("out.jsonl")] == [d.spans for d in read(conll)]


def test_the_scheme_written_can_be_chosen(run: Run, conll: Path, here: Path) -> None:
    run("convert", "gold.conll", "out.conll", "--scheme", "BIOES")
    assert "Bob\tS-PER\n" in (here / "out.conll").read_text()


def test_the_kind_can_be_named_on_both_sides(run: Run, here: Path) -> None:
    (here / "in.data").write_text("Ada B-PER\n\n", encoding="utf-8")
    run("convert", "in.data", "out.data", "--from", "conll", "--to", "jsonl")
    assert '"Ada"' in (here / "out.data").read_text()


def test_integer_tags_are_named(run: Run, here: Path) -> None:
    (here / "in.jsonl").write_text('{"tokens": ["Ada", "ran"], "ner_tags": [1, 0]}\n', encoding="utf-8")
    run("convert", "in.jsonl", "out.conll", "--label-names", "O,B-PER")
    assert "Ada\tB-PER\nran\tO\n" in (here / "out.conll").read_text()


def test_what_is_lost_is_said(run: Run, here: Path) -> None:
    row = '{"text": "Ada Rome", "spans": [{"start": 0, "end": 8, "label": "A"}, {"start": 0, "end": 3, "label": "B"}]}'
    (here / "in.jsonl").write_text(row + "\n", encoding="utf-8")
    shown = run("convert", "in.jsonl", "out.conll").stdout
    assert "What out.conll can't hold:" in shown
    assert "1 x span that one column" in shown


def test_an_unknown_ending_or_kind_is_refused(run: Run, conll: Path) -> None:
    with pytest.raises(DataError, match="'.xyz' says no kind of file"):
        run("convert", "gold.conll", "out.xyz")
    with pytest.raises(RecipeError, match="Did you mean 'jsonl'"):
        run("convert", "gold.conll", "out.xyz", "--to", "jsonll")


def test_what_would_not_count_is_refused(run: Run, conll: Path, here: Path) -> None:
    with pytest.raises(RecipeError, match="--shape is the form of JSON rows, and out.csv gets none"):
        run("convert", "gold.conll", "out.csv", "--shape", "tags")
    with pytest.raises(RecipeError, match="No scheme is called 'BIOX'"):
        run("convert", "gold.conll", "out.conll", "--scheme", "BIOX")
    assert [path.name for path in here.iterdir()] == ["gold.conll"]
