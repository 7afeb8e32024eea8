"""Layouts: kind, columns and scheme of a file, as its reader takes it."""

from pathlib import Path

import pytest

from tagwright.io.files import read
from tagwright.io.kind import FileOptions
from tagwright.recipe.inspection.layout import Layout, find_layout
from tagwright.text.ledger import Ledger


def look(path: Path, text: str, **options: int | str) -> Layout:
    path.write_text(text, encoding="utf-8")
    how = FileOptions(**options)  # type: ignore[arg-type]
    return find_layout(path, read(path, options=how, ledger=Ledger()), options=how)


def test_two_columns_of_words_and_tags(tmp_path: Path) -> None:
    layout = look(tmp_path / "a.conll", "Ada\tB-PER\nL.\tI-PER\n\nRome\tB-LOC\n\n")
    assert (layout.kind, layout.words, layout.tags, layout.others) == ("conll", "0", "1", ())
    assert layout.scheme is not None
    assert layout.scheme.scheme == "BIO"


def test_more_columns_and_one_chosen(tmp_path: Path) -> None:
    text = "Ada NNP S-PER B\nran VB O O\nhome NN S-LOC B\n\n"
    layout = look(tmp_path / "a.conll", text, tag_column=2)
    assert (layout.words, layout.tags, layout.others) == ("0", "2", ("1", "3"))
    assert layout.scheme is not None
    assert layout.scheme.scheme == "BIOES"
    assert "kept beside them: 1, 3" in "\n".join(layout.lines())


@pytest.mark.parametrize("mark", [",", ";"])
def test_a_table_with_a_header(tmp_path: Path, mark: str) -> None:
    rows = ["id,pos,word,ner", "1,NNP,Ada,I-PER", "1,VB,ran,O", "2,NN,Rome,I-LOC"]
    layout = look(tmp_path / "a.csv", "\n".join(rows).replace(",", mark) + "\n")
    assert (layout.kind, layout.words, layout.tags) == ("csv", "word", "ner")
    assert layout.scheme is not None
    assert layout.scheme.scheme == "IO"


def test_a_table_with_columns_named(tmp_path: Path) -> None:
    rows = ["form\tword\tmine\tner", "Ada\tada\tB-PER\tO", "ran\trun\tO\tO"]
    layout = look(tmp_path / "a.tsv", "\n".join(rows) + "\n", word_column="form", tag_column="mine")
    assert (layout.words, layout.tags, layout.others) == ("form", "mine", ("word", "ner"))


def test_rows_with_tags_have_a_scheme_and_rows_with_spans_none(tmp_path: Path) -> None:
    tagged = look(tmp_path / "a.jsonl", '{"tokens": ["Ada", "L."], "ner_tags": ["B-PER", "I-PER"]}\n')
    assert tagged.scheme is not None
    assert tagged.scheme.scheme == "BIO"
    spans = look(tmp_path / "b.jsonl", '{"text": "Ada", "spans": [{"start": 0, "end": 3, "label": "PER"}]}\n')
    assert spans.scheme is None
    assert list(spans.lines()) == [f"{spans.kind}: {spans.reason}"]


def test_a_named_kind_is_believed(tmp_path: Path) -> None:
    path = tmp_path / "a.data"
    path.write_text("Ada B-PER\nran O\n\n", encoding="utf-8")
    layout = find_layout(path, read(path, kind="conll"), kind="conll")
    assert (layout.kind, layout.reason, layout.tags) == ("conll", "as you said", "1")


@pytest.mark.parametrize(
    ("table", "scheme", "said"),
    [
        ('text,spans\nAda,"[[0, 3, ""PER""]]"\n', None, "text in column text, spans (by characters) in column spans"),
        ("text\nAda\n", None, "text in column text, no column of spans"),
        ("Text,labels\nAda ran,B-PER O\n", "BIO", "text in column Text, a tag for each word in column labels"),
        ("words,tags\n\"['Ada']\",\"['B-PER']\"\n", "BIO", "its words in column words, its tags in column tags"),
        ("doc,text,start,end,label\n1,Ada,0,3,PER\n", None, "in the columns start, end and label; text in column text"),
    ],
)
def test_tables_whose_rows_are_more_than_words(tmp_path: Path, table: str, scheme: str | None, said: str) -> None:
    layout = look(tmp_path / "a.csv", table)
    assert (layout.scheme and layout.scheme.scheme) == scheme
    lines = list(layout.lines())
    assert said in lines[1] and len(lines) == 2 + (scheme is not None)


def test_lists_beside_spans_are_no_tags(tmp_path: Path) -> None:
    row = '{"text": "Ada", "spans": [{"start": 0, "end": 3, "label": "PER"}], "tags": ["news"]}\n'
    assert look(tmp_path / "b.jsonl", row).scheme is None
