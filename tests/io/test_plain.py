"""Plain text: a document a line, and no labels."""

from pathlib import Path

from tagwright.io.files import read, write
from tagwright.io.kind import FileOptions
from tagwright.text.ledger import Ledger
from tagwright.text.span import Span
from tagwright.text.words import make_document


def test_a_document_a_line_with_the_line_as_its_id(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes("\ufeffin Rome\r\n \n\nשלום e\u0301 👩🏽‍🚀\u200b.\n".encode())
    first, second = documents = read(path)
    assert (first.text, first.id, second.id) == ("in Rome", "x:1", "x:4")
    assert second.words == ("שלום", "e\u0301", "👩🏽‍🚀", ".")
    write(documents, tmp_path / "y.txt", ledger=(ledger := Ledger()))
    assert [document.text for document in read(tmp_path / "y.txt")] == [first.text, second.text]
    assert list(ledger.lines()) == ["1 x id of a document: x:4"]


def test_other_encodings_are_named(tmp_path: Path) -> None:
    latin = FileOptions(encoding="latin-1")
    write([make_document("café")], tmp_path / "x.txt", options=latin)
    assert (tmp_path / "x.txt").read_bytes() == b"caf\xe9\n"
    assert read(tmp_path / "x.txt", options=latin)[0].text == "café"


def test_labels_and_line_ends_are_noted(tmp_path: Path) -> None:
    ledger = Ledger()
    documents = [make_document("a\nb", spans=(Span(0, 1, "X", 0.5),), id="d"), make_document(" ")]
    assert write(documents, tmp_path / "x.txt", ledger=ledger) == 2
    assert ledger.counts == {
        "span": 1,
        "score": 1,
        "line end in a text, written as a blank": 1,
        "document without words": 1,
        "id of a document": 1,
    }
    assert [document.text for document in read(tmp_path / "x.txt")] == ["a b"]
