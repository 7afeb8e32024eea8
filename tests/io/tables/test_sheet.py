"""A table for a spreadsheet: written by name, a span a row, and read back as any table of spans."""

from pathlib import Path

import pytest

from tagwright.errors import DataError
from tagwright.io.files import read, write
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Relation
from tagwright.text.span import Span
from tagwright.text.words import make_document

KOELN = make_document(
    "Zoë in Köln", spans=(Span(0, 1, "PER", 0.75), Span(0, 3, "EVENT"), Span(2, 3, "LOC", 0.5)), id="a"
)
EMPTY = make_document("Nothing, today", id="b")


def test_a_span_is_a_row_and_cells_hold_what_it_has(tmp_path: Path) -> None:
    write([KOELN, EMPTY], tmp_path / "x.csv", kind="sheet", ledger=(ledger := Ledger()))
    assert (tmp_path / "x.csv").read_bytes().decode("utf-8").splitlines() == [
        "\ufeffdocument_id,start,end,label,span_text,score,text",
        "a,0,3,PER,Zoë,0.7500,Zoë in Köln",
        "a,0,11,EVENT,Zoë in Köln,,Zoë in Köln",
        "a,7,11,LOC,Köln,0.5000,Zoë in Köln",
        'b,,,,,,"Nothing, today"',
    ]
    assert not ledger


def test_it_is_read_back_with_scores(tmp_path: Path) -> None:
    write([KOELN, EMPTY], tmp_path / "x.csv", kind="sheet")
    assert read(tmp_path / "x.csv") == [KOELN, EMPTY]


def test_equal_texts_of_one_span_each_stay_apart(tmp_path: Path) -> None:
    documents = [make_document("In Rome", spans=(Span(1, 2, "LOC"),), id=name) for name in "abc"]
    write(documents, tmp_path / "x.csv", kind="sheet")
    assert [document.id for document in read(tmp_path / "x.csv")] == ["a", "b", "c"]


def test_what_it_cannot_hold_is_noted(tmp_path: Path) -> None:
    document = make_document("a b", spans=KOELN.spans[:1] * 2, relations=(Relation(0, 1, "r"),), id="d")
    write([document], tmp_path / "x.csv", kind="sheet", ledger=(ledger := Ledger()))
    assert dict(ledger.counts) == {"relation": 1}


def test_offsets_that_a_person_shifted_are_noted_and_bad_cells_told_together(tmp_path: Path) -> None:
    write([KOELN], tmp_path / "x.csv", kind="sheet")
    text = (tmp_path / "x.csv").read_text("utf-8")
    (tmp_path / "y.csv").write_text(text.replace("a,7,11", "a,4,6"), encoding="utf-8")
    assert read(tmp_path / "y.csv", ledger=(ledger := Ledger()))[0].spans[-1] == Span(1, 2, "LOC", 0.5)
    assert "span whose stated text is not what stands at its offsets" in ledger.counts
    (tmp_path / "z.csv").write_text(text.replace("a,0,3", "a,x,3").replace("a,7,11", "a,7,99"), encoding="utf-8")
    with pytest.raises(DataError, match=r"(?s)z.csv:2: .*two numbers and a name.*line 4: Characters 7 to 99"):
        read(tmp_path / "z.csv")
