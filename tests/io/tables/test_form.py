"""Forms of tables: what a row is, by header and first rows; columns that can't be what they were named for."""

import re
from pathlib import Path

import pytest

from tagwright.errors import DataError
from tagwright.io.files import read
from tagwright.io.kind import FileOptions
from tagwright.text.ledger import Ledger
from tagwright.text.span import Span


def save(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "x.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("labels", ["B-PER I-PER  O O B-LOC", "\"['B-PER', 'I-PER', 'O', 'O', 'B-LOC']\""])
@pytest.mark.parametrize("header", ["text,labels", "Text,Tag", "sentence,ner"])
def test_a_tag_for_each_word_between_blanks(tmp_path: Path, labels: str, header: str) -> None:
    path = save(tmp_path, f"{header}\nAda  L. went to Rome,{labels}\nnothing here,\nno one,O O\n")
    first, second, third = read(path)
    assert first.text == "Ada  L. went to Rome" and first.words == ("Ada", "L.", "went", "to", "Rome")
    assert first.spans == (Span(0, 2, "PER"), Span(4, 5, "LOC")) and first.cut(first.spans[0]) == "Ada  L."
    assert not second.spans and not third.spans and second.words == ("nothing", "here")


@pytest.mark.parametrize("rows", ["a b,B-X O\nc d e,O O\n", "\na b,B-X O\nc,pos tive\n"])
def test_tags_that_are_not_as_many_as_the_words(tmp_path: Path, rows: str) -> None:
    with pytest.raises(DataError, match=r"x\.csv:\d: 'labels' has 2 tags \(.*\), and its row has [13] words"):
        read(save(tmp_path, "text,labels\n" + rows))


@pytest.mark.parametrize("name", ["labels", "tags", "ner", "entities", "spans", "label", "annotations"])
@pytest.mark.parametrize("cell", ["B-ORG O", "pos", "Initech:ORG; Ada:PER", "\"['B-ORG', 'O']\""])
def test_labels_that_cannot_be_read_are_an_error(tmp_path: Path, name: str, cell: str) -> None:
    path = save(tmp_path, f"text,{name}\nAda is at Initech,{cell}\n")
    with pytest.raises(
        DataError, match=rf"x\.csv:2: '{name}' is .*{re.escape(cell.strip(chr(34))[1:6])}.*JSON list of .* row per word"
    ) as caught:
        read(path)
    assert caught.value.line == 2


def test_one_plain_word_judges_the_text(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'label' is 'pos'"):
        read(save(tmp_path, "text,label\nGreat,pos\n"))


@pytest.mark.parametrize("name", ["annotations", "Labels", "tags"])
def test_spans_in_columns_of_other_names(tmp_path: Path, name: str) -> None:
    (found,) = read(save(tmp_path, f'text,{name},url\nin Rome,"[[3, 7, ""LOC""]]",\n'))
    assert found.spans == (Span(1, 2, "LOC"),) and not found.meta


@pytest.mark.parametrize("names", ["tokens,labels", "words,tags", "Tokens,ner_tags", "tokens,text,labels"])
@pytest.mark.parametrize("python", [True, False])
def test_lists_of_words_and_tags(tmp_path: Path, names: str, python: bool) -> None:
    words, tags, *rest = '"[""Ada"", ""L."", ""ran""]"', '"[""B-PER"", ""I-PER"", ""O""]"', "Ada L. ran"
    if python:
        words, tags = words.replace('""', "'"), tags.replace('""', "'")
    row = f"{words},{rest[0]},{tags}" if "text" in names else f"{words},{tags}"
    (found,) = read(save(tmp_path, f"id,{names}\n7,{row}\n"))
    assert (found.id, found.words, found.spans) == ("7", ("Ada", "L.", "ran"), (Span(0, 2, "PER"),))
    assert found.text_is_original == ("text" in names)


def test_lists_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"x\.csv:2: 'tags' has 1 tags .* 2 words"):
        read(save(tmp_path, "tokens,tags\n\"['a', 'b']\",\"['O']\"\n"))


def test_arrays_as_they_are_printed(tmp_path: Path) -> None:
    (found,) = read(save(tmp_path, "tokens,tags\n['Ada' 'ran'],['B-PER' 'O']\n"))
    assert found.words == ("Ada", "ran") and found.spans == (Span(0, 1, "PER"),)


@pytest.mark.parametrize(
    "name", ["doc", "DOC_ID", "Document", "sent", "Sent-Id", "sentence", "Sentence #", "id", "Line ID"]
)
def test_columns_that_tell_documents_apart(tmp_path: Path, name: str) -> None:
    found = read(save(tmp_path, f"{name},word,tag\n1,a,O\n1,b,B-X\n2,c,O\n"))
    assert [(document.id, document.words) for document in found] == [("1", ("a", "b")), ("2", ("c",))]


def test_an_id_that_numbers_the_rows_parts_nothing(tmp_path: Path) -> None:
    (found,) = read(save(tmp_path, "id,word,tag\n1,a,O\n2,b,B-X\n3,c,O\n"))
    assert found.words == ("a", "b", "c") and found.meta["columns"] == {"id": ["1", "2", "3"]}


def test_a_long_table_that_nothing_parts_is_noted(tmp_path: Path) -> None:
    rows = "a,O\n" * 201
    ledger = Ledger()
    read(save(tmp_path, "word,tag\n" + rows), ledger=ledger)
    (line,) = ledger.lines()
    assert "no column tells documents apart; name one of sentence #" in line and "201 words in one document" in line
    ledger = Ledger()
    read(save(tmp_path, "word,tag\n\n" + rows + "\n" + rows), ledger=ledger)
    read(save(tmp_path, "word,tag\n" + rows[:800]), ledger=ledger)
    assert not ledger


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"tag_column": "word"}, "'word' can't hold both words and tags"),
        ({"word_column": "tag", "tag_column": 2}, "'tag' can't hold both words and tags"),
        (
            {"word_column": "sent_id"},
            "'sent_id', named for the words, tells documents apart. Name another: 'word', 'tag'",
        ),
        ({"tag_column": 0}, "'sent_id', named for the tags"),
        ({"text_column": "word", "tag_column": "word"}, "'word' can't hold both texts and tags"),
    ],
)
def test_columns_that_make_no_sense_are_refused(tmp_path: Path, columns: dict[str, int | str], message: str) -> None:
    path = save(tmp_path, "sent_id,word,tag\n1,a,O\n")
    with pytest.raises(DataError, match=message):
        read(path, options=FileOptions(**columns))  # type: ignore[arg-type]
