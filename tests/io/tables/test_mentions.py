"""Rows of a span each: gathered by id or by text, and refused where they can't be."""

from pathlib import Path

import pytest

from tagwright.errors import DataError
from tagwright.io.files import read, write
from tagwright.text.span import Span


def save(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "x.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_of_one_id_are_one_document(tmp_path: Path) -> None:
    rows = ["7,Ada in Rome,0,3,PER,web", "8,Nobody here,,,,web", "7,Ada in Rome,7.0,11.0,LOC,web"]
    first, second = documents = read(save(tmp_path, "\n".join(["id,text,start,end,label,source", *rows]) + "\n"))
    assert (first.id, first.text, first.meta) == ("7", "Ada in Rome", {"source": "web"})
    assert first.spans == (Span(0, 1, "PER"), Span(2, 3, "LOC"))
    assert (second.id, second.spans) == ("8", ())
    write(documents, tmp_path / "y.csv")
    assert read(tmp_path / "y.csv") == documents


@pytest.mark.parametrize("ids", [("", "", ""), ("id,", "1,", "2,")])
def test_rows_of_one_text_are_one_document(tmp_path: Path, ids: tuple[str, str, str]) -> None:
    rows = [f"{ids[0]}text,begin,end_char,Type,mention", f"{ids[1]}Ada ran,0,3,PER,Ada", f"{ids[2]}Ada ran,4,7,ACT,ran"]
    (found,) = read(save(tmp_path, "\n".join(rows) + "\n"))
    assert found.id == "x:1" and found.spans == (Span(0, 1, "PER"), Span(1, 2, "ACT"))
    assert found.meta["span_extras"][1][-1]["mention"] == "ran"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,Ada,4,7,PER", "Characters 4 to 7 are no part of the text, which has 3. .* column 'text', .* whole text"),
        ("1,Ada,0,x,PER", "start, end and label are '0', 'x', 'PER'; two numbers and a name"),
        ("1,Ada,0,3,", "two numbers and a name"),
        ("1,Bob,0,3,PER", "The text is not that of line 2, and both have id '1'"),
    ],
)
def test_faults_name_the_line(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read(save(tmp_path, f"id,text,start,end,label\n1,Ada,0,3,PER\n{row}\n".replace("1,Ada,4", "2,Ada,4")))
    assert caught.value.line == 3
