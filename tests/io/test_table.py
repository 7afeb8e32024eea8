"""CSV and TSV: words in rows, texts in rows, quotes, columns that are named, and what cells can't hold."""

from pathlib import Path

import pytest

from tagwright.errors import DataError
from tagwright.io.files import read, write
from tagwright.io.kind import FileOptions
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Relation
from tagwright.text.span import Span
from tagwright.text.words import make_document


def save(tmp_path: Path, text: str, name: str = "x.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_a_sentence_column_filled_on_the_first_row(tmp_path: Path) -> None:
    text = 'Sentence #,Word,POS,Tag\r\nSentence: 1,"1,000",CD,O\r\n,Rome,NNP,B-geo\r\nSentence: 2,"""",``,O\r\n'
    first, second = documents = read(save(tmp_path, text))
    assert first.words == ("1,000", "Rome") and first.spans == (Span(1, 2, "geo"),)
    assert (first.id, second.id, second.words) == ("Sentence: 1", "Sentence: 2", ('"',))
    assert first.meta == {"columns": {"POS": ["CD", "NNP"]}}
    for name in ("y.csv", "y.tsv", "y.csv.gz"):
        write(documents, tmp_path / name)
        assert read(tmp_path / name) == documents


def test_documents_are_parted_by_ids_or_blank_lines(tmp_path: Path) -> None:
    by_id = read(save(tmp_path, "sentence_id,token,label\n1,a,O\n1,b,B-X\n2,c,O\n"))
    assert [document.words for document in by_id] == [("a", "b"), ("c",)]
    blank = read(save(tmp_path, "word\ttag\na\tO\n\nb\tB-X\nc\t\n", "x.tsv"))
    assert [document.words for document in blank] == [("a",), ("b", "c")] and blank[1].id == "x:2"
    ledger = Ledger()
    write([Document.from_words(["a"], id="7"), Document.from_words(["b"], id="7")], tmp_path / "y.csv", ledger=ledger)
    assert [document.words for document in read(tmp_path / "y.csv", ledger=ledger)] == [("a",), ("b",)]
    assert list(ledger.counts) == ["document whose id another one has, too"]


@pytest.mark.parametrize(
    "cell",
    [
        '"[{""start"": 3, ""end"": 7, ""label"": ""LOC""}]"',
        "\"[{'start': 3, 'end': 7, 'label': 'LOC'}]\"",
        "\"[(3, 7, 'LOC')]\"",
        '"[[3, 7, ""LOC""]]"',
    ],
)
def test_spans_in_a_cell(tmp_path: Path, cell: str) -> None:
    (found,) = read(save(tmp_path, f"id,text,spans,source\n4,in Rome,{cell},web\n"))
    assert found.spans == (Span(1, 2, "LOC"),) and found.id == "4" and found.meta == {"source": "web"}
    assert read(save(tmp_path, "id,text\n4,in Rome\n"))[0].words == ("in", "Rome")


def test_texts_come_back_with_all_they_have(tmp_path: Path) -> None:
    spans = (Span(0, 1, "X", 0.5), Span(0, 2, "Y"), Span(1, 2, "Z", fragments=((3, 4),)))
    documents = [
        make_document('in "Rome",\n so', spans=spans[:2], relations=(Relation(0, 1, "r"),), id="a", group="g"),
        make_document("in Rome", spans=(spans[2],), id="b", meta={"source": "web, shop"}),
    ]
    write(documents, tmp_path / "y.csv", ledger=(ledger := Ledger()))
    assert read(tmp_path / "y.csv") == documents and not ledger
    write(documents, tmp_path / "y.tsv", ledger=ledger)
    assert read(tmp_path / "y.tsv")[0].text == 'in "Rome",  so'
    assert list(ledger.counts) == ["tab or line end in a cell, written as a blank"]


def test_columns_are_named_or_the_error_names_those_there_are(tmp_path: Path) -> None:
    path = save(tmp_path, "a;b;c\nRome;B-LOC;x\n")
    (found,) = read(path, options=FileOptions(word_column="a", tag_column=1))
    assert found.spans == (Span(0, 1, "LOC"),)
    assert read(path, options=FileOptions(text_column="c"))[0].text == "x"
    with pytest.raises(
        DataError, match=r"x\.csv:1: No column of words or texts among 'a', 'b', 'c'. Expected one of word, "
    ):
        read(path)
    with pytest.raises(DataError, match="No column 'ner'. The file has 'a', 'b', 'c'"):
        read(path, options=FileOptions(word_column="a", tag_column="ner"))
    with pytest.raises(DataError, match="No column 9"):
        read(path, options=FileOptions(text_column=9))
    with pytest.raises(DataError, match="Two columns have one name"):
        read(save(tmp_path, "word,word\na,b\n"))


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("word,tag\na,O\nb\n", 3, "1 cells, and 2 as in the header"),
        ('word,tag\n"a,O\nb,O\n', 2, "Not CSV: unexpected end"),
        ("text,spans\na,[1\n", 2, "spans are neither JSON nor a list"),
        ('text,spans\na,"[[0, 9, ""X""]]"\n', 2, "the end of spans"),
    ],
)
def test_faults_name_file_and_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read(save(tmp_path, text))
    assert caught.value.line == line


def test_a_quote_in_a_tsv_is_a_word(tmp_path: Path) -> None:
    (found,) = read(save(tmp_path, 'word\ttag\n"\tO\n""""\tO\nsay\tB-X\n', "x.tsv"))
    assert found.words == ('"', '"', "say")


def test_a_cell_of_a_megabyte(tmp_path: Path) -> None:
    (found,) = read(save(tmp_path, "text\n" + "x" * 1_000_000 + "\n"))
    assert len(found.text) == 1_000_000


def test_illegal_tags_are_noted_with_their_lines(tmp_path: Path) -> None:
    ledger = Ledger()
    read(save(tmp_path, "word,tag\na,B-X\nb,I-X\n\nc,I-X\n"), ledger=ledger)
    assert "x.csv:5" in next(ledger.lines())


def test_what_cells_cannot_hold_is_noted(tmp_path: Path) -> None:
    words = Document.from_words(
        ["a"], spans=(Span(0, 1, "X"), Span(0, 1, "Y")), id="d", meta={"columns": {"tag": ["x"]}, "n": 1}
    )
    empty = Document.from_words([], id="e")
    ledger = Ledger()
    write([words, empty], tmp_path / "y.csv", ledger=ledger)
    assert ledger.total == 4 and {"extra 'tag'", "extra 'n'", "document without words"} < set(ledger.counts)
    ledger = Ledger()
    write([make_document("a", meta={"n": 1}, id="d")], tmp_path / "y.csv", ledger=ledger)
    assert list(ledger.counts) == ["extra that is no text, written as one"]


def test_a_fault_after_cells_of_several_lines_names_the_row_of_a_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('text,spans\n"one\ntwo\nthree",[]\nfour,broken\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"x.csv:5: \(Row 3 in a spreadsheet.\) 'spans' is 'broken'"):
        read(path)
    path.write_text('text,spans\n"one",[]\nfour,broken\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"x.csv:3: 'spans' is 'broken'"):
        read(path)
