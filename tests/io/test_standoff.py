"""brat standoff: pairs and folders, events, discontinuous spans, and ids that still stand."""

from dataclasses import replace
from pathlib import Path

import pytest

from tagwright.errors import DataError
from tagwright.io.files import read, write
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Relation
from tagwright.text.span import Span
from tagwright.text.words import make_document

TEXT = "Ann wed Bo\r\nin Rome."
NOTES = """T3\tPerson 0 3\tAnn
T1\tPerson 8 10\tBo
T4\tWedding 4 7\twed
T7\tPlace 15 17;17 19\tRo me
T8\tCouple 0 3;8 10\tAnn Bo
R2\tSpouse Arg1:T3 Arg2:T1
R3\tBefore Event:E1 Arg2:T7
E1\tWedding:T4 Who:T3 Who2:T1 Where:T7
E2\tWedding:T4
E5\tWedding:T4 Cause:E1
A1\tNegation E1
*\tEquiv T1 T3
N1\tReference T7 Wikipedia:1 Rome
#1\tAnnotatorNotes T1\ta note about T9
"""


def save(tmp_path: Path, notes: str = NOTES, text: str = TEXT, name: str = "doc") -> Path:
    (tmp_path / f"{name}.txt").write_text(text, encoding="utf-8", newline="")
    (tmp_path / f"{name}.ann").write_text(notes, encoding="utf-8", newline="")
    return tmp_path


def test_spans_relations_and_events(tmp_path: Path) -> None:
    (found,) = read(save(tmp_path))
    assert found.text == TEXT and found.id == "doc"
    assert [found.cut(span) for span in found.spans] == ["Ann", "Bo", "wed", "Ro me", "Ann Bo"]
    assert found.spans[4].fragments == ((0, 3), (8, 10)) and found.spans[4].bounds == (0, 3)
    assert found.relations[:2] == (Relation(0, 1, "Spouse"), Relation(2, 3, "Before"))
    assert found.relations[2:] == (
        *(Relation(2, 0, "Who"), Relation(2, 1, "Who2"), Relation(2, 3, "Where"), Relation(2, 2, "Cause")),
    )


def test_everything_is_written_back_while_its_ids_stand(tmp_path: Path) -> None:
    documents = read(save(tmp_path))
    write(documents, tmp_path / "out", kind="brat", ledger=(ledger := Ledger()))
    assert sorted((tmp_path / "out" / "doc.ann").read_text().splitlines()) == sorted(NOTES.splitlines())
    assert (tmp_path / "out" / "doc.txt").read_bytes() == TEXT.encode() and not ledger
    assert read(tmp_path / "out") == documents
    fewer = replace(documents[0].with_spans(documents[0].spans[:1]), id="fewer")
    write([fewer], tmp_path / "out2", kind="brat", ledger=ledger)
    assert (tmp_path / "out2" / "fewer.ann").read_text() == "T3\tPerson 0 3\tAnn\n"
    assert ledger.counts == {"line about annotations that are no longer there": 4}


def test_documents_from_elsewhere(tmp_path: Path) -> None:
    document = make_document(
        "Ann wed Bo", spans=(Span(0, 1, "A B"), Span(2, 3, "")), relations=(Relation(1, 0, "r"),), id="a/b?"
    )
    ledger = Ledger()
    write([document, replace(document, id="A/b_", spans=(), relations=())], tmp_path, kind="brat", ledger=ledger)
    assert (tmp_path / "a" / "b_.ann").read_text() == "T1\tA_B 0 3\tAnn\nT2\t_ 8 10\tBo\nR1\tr Arg1:T2 Arg2:T1\n"
    assert [found.id for found in read(tmp_path)] == ["A/b__2", "a/b_"]
    assert ledger.counts == {
        "label that is empty or has blanks, written with _": 2,
        "document id that is no free file name": 2,
    }


def test_a_single_pair(tmp_path: Path) -> None:
    document = make_document("Ann", spans=(Span(0, 1, "X"),), id="one")
    write([document], tmp_path / "one.ann")
    assert read(tmp_path / "one.ann") == read(tmp_path / "one.txt") == read(tmp_path)
    assert read(tmp_path / "one.txt")[0].spans == document.spans
    with pytest.raises(DataError, match="holds one document"):
        write([document, document], tmp_path / "two.ann")


def test_a_text_without_notes_is_unlabelled_and_notes_need_a_text(tmp_path: Path) -> None:
    save(tmp_path)
    (tmp_path / "plain.txt").write_text("x")
    assert [found.id for found in read(tmp_path)] == ["doc", "plain"]
    (tmp_path / "doc.txt").unlink()
    with pytest.raises(DataError, match=r"doc\.ann: There is no text beside it: doc\.txt is missing"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("notes", "message"),
    [
        ("T1\tX 0 99\tAnn", r"doc\.ann:1: T1 is \[0, 99\), empty or beyond the text's 20"),
        ("\nT1\tX 3 3\t", r"doc\.ann:2: .*empty"),
        ("T1\tX 0\tAnn", "a label, a start and an end"),
        ("T1\tX 0 1.5\tAnn", "a label, a start and an end"),
        ("T1\tX 0 3\tAnn\nT1\tX 8 10\tBo", r"doc\.ann:2: The id T1 stands twice"),
        ("R1\tX Arg1:T1 Arg2:T2", r"doc\.ann:1: T1 is named here and is no span"),
        ("T1\tX 0 3\tAnn\nR1\tX Arg1:T1", "two arguments"),
        ("T1\tX 0 3\tAnn\nR1\tX T1 T1", "name:id was expected"),
        ("E1\t", "has no trigger"),
        ("E1\tX:T1", r"doc\.ann:1: E1 names T1"),
        ("hello", "is no annotation"),
    ],
)
def test_faults_name_file_and_line(tmp_path: Path, notes: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(save(tmp_path, notes))


def test_what_is_odd_is_noted(tmp_path: Path) -> None:
    ledger = Ledger()
    (found,) = read(save(tmp_path, "T1\tX 3 4\t \nT2\tY 0 3\tBo\nR1\tr Arg1:T1 Arg2:T2\nE1\tX:T1\n"), ledger=ledger)
    assert found.spans == (Span(0, 1, "Y"),) and ledger.counts == {
        "span that touches no word": 1,
        "span whose stated text is not what stands at its offsets": 1,
        "relation of a span that touches no word": 1,
    }


def test_words_that_splitting_does_not_give_back_are_noted(tmp_path: Path) -> None:
    ledger = Ledger()
    write([Document.from_words(["New York"], id="a", meta={"x": 1})], tmp_path / "out", kind="brat", ledger=ledger)
    assert set(ledger.counts) == {
        "words joined by blanks, written as if they were an original text",
        "words that plain splitting of the text doesn't give back; the text is kept",
        "extra 'x'",
    }
