"""JSON rows as files: lines and lists, faults with their lines, and what JSON can say that a text can't."""

import json
from pathlib import Path

import pytest

from tagwright.errors import DataError
from tagwright.io.files import read, scan, write
from tagwright.io.jsonl import dump
from tagwright.io.kind import FileOptions
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.span import Span
from tagwright.text.words import make_document


def save(tmp_path: Path, text: str, name: str = "x.jsonl") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_lines_and_lists_are_read_alike(tmp_path: Path) -> None:
    rows = [{"text": "in Rome", "spans": [{"start": 3, "end": 7, "label": "LOC"}]}, {"text": "x"}]
    lines = "\n\n".join(map(json.dumps, rows))
    expected = read(save(tmp_path, lines))
    assert [document.id for document in expected] == ["x:1", "x:2"]
    for text in (
        json.dumps(rows),
        json.dumps(rows, indent=2),
        "\ufeff\n [" + ",\n".join(map(json.dumps, rows)) + "]\n",
    ):
        assert read(save(tmp_path, text, "x.json")) == expected


@pytest.mark.parametrize("name", ["y.json", "y.jsonl", "y.jsonl.gz", "y.json.gz"])
def test_what_is_written_is_read(tmp_path: Path, name: str) -> None:
    documents = [
        make_document("in Rome 😀", spans=(Span(1, 2, "LOC", 0.5),), id="a", group="g"),
        make_document("x", id="b"),
    ]
    assert write(documents, tmp_path / name) == 2
    back = read(tmp_path / name)
    assert back == documents and back[0].spans[0].score == 0.5


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('{"text": "a"}\n{"text": "b"', 2, "Not JSON: Expecting ',' delimiter"),
        ('{"text": "a"}\n["a"]', 2, "a list|\\['a'\\]"),
        ('[{"text": "a"},\n{"text": "b"}', 2, "not closed"),
        ('[{"text": "a"},\n{"text": "b"}\n] x', 3, "More follows"),
        ('[{"text": "a"},\n3]', 2, "A row is 3, and an object"),
        ('\n{"text": "a", "text": "b"}', 2, "'text' stands twice"),
        ('{"text": "a", "score": NaN}', 1, "NaN is no JSON value"),
        ('{"text": "a", "n": ' + "9" * 5000 + "}", 1, "Not JSON: Exceeds the limit"),
        ('{"text": "a", "n": ' + "[" * 100_000 + "}", 1, "nested too deeply"),
        ('{"words_": ["a"]}', 1, "No known form of row: it has 'words_'. Expected text and spans; tokens"),
        ('{"text": 3}', 1, "'text' is 3, and a string"),
        ('{"text": "a", "id": [1]}', 1, "'id' is \\[1\\]"),
        ('{"text": "a", "span_extras": 1}', 1, "keeps for itself"),
    ],
)
def test_faults_name_file_and_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read(save(tmp_path, text), kind="jsonl")
    assert caught.value.line == line and caught.value.path == tmp_path / "x.jsonl"


def test_half_characters_are_replaced_and_noted(tmp_path: Path) -> None:
    row = r'{"text": "a\ud83d b \ud83d\ude00", "spans": [[3, 4, "\udfff"]], "\ud800": ["\ud800"]}'
    ledger = Ledger()
    (found,) = read(save(tmp_path, row), ledger=ledger)
    assert found.text == "a\ufffd b 😀" and found.cut(found.spans[0]) == "b"
    assert found.spans[0].label == "\ufffd" and found.meta == {"\ufffd": ["\ufffd"]} and ledger.total == 4
    write([found], tmp_path / "y.jsonl")


def test_half_characters_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="utf-8 has no"):
        write([make_document("a \ud800")], tmp_path / "y.jsonl")
    assert not list(tmp_path.iterdir())


def test_what_is_no_json_is_not_written() -> None:
    for value in (float("nan"), {1, 2}, {"a": object()}):
        with pytest.raises(DataError, match="can't be written as JSON"):
            dump(value)


def test_extra_keys_come_back_at_the_top(tmp_path: Path) -> None:
    row = {"id": 17, "text": "a b", "label": "positive", "spans": [], "meta": {"n": [1.5, None]}, "group": 4}
    (found,) = documents = read(save(tmp_path, json.dumps(row)))
    assert found.id == "17" and found.meta == {"id": 17, "label": "positive", "meta": {"n": [1.5, None]}, "group": 4}
    write(documents, tmp_path / "y.jsonl")
    assert json.loads((tmp_path / "y.jsonl").read_text()) == row


def test_extras_with_a_name_of_ours_are_noted(tmp_path: Path) -> None:
    ledger = Ledger()
    write([make_document("a", meta={"text": 1, "spans": 2, "x": 3})], tmp_path / "y.jsonl", ledger=ledger)
    assert ledger.total == 2 and read(tmp_path / "y.jsonl")[0].meta == {"x": 3}


def test_equal_ids_are_noted(tmp_path: Path) -> None:
    ledger = Ledger()
    documents = read(save(tmp_path, '{"id": "a", "text": "x"}\n{"id": "a", "text": "y"}'), ledger=ledger)
    assert [document.id for document in documents] == ["a", "a"]
    assert list(ledger.lines()) == ["1 x document whose id another one has, too: x.jsonl: a"]


def test_keys_that_are_named_go_before_the_usual_ones(tmp_path: Path) -> None:
    path = save(tmp_path, '{"body": "in Rome", "text": "A title", "tokens_": 1}')
    assert read(path, options=FileOptions(text_column="body"), ledger=Ledger())[0].words == ("in", "Rome")
    path = save(tmp_path, '{"forms": ["in", "Rome"], "tokens": ["x"], "gold": ["O", "B-LOC"]}')
    named = FileOptions(word_column="forms", tag_column="gold")
    assert read(path, options=named, ledger=(ledger := Ledger()))[0].spans == (Span(1, 2, "LOC"),)
    assert ledger.counts == {"key 'tokens', since another was named for what it says": 1}
    with pytest.raises(DataError, match="No known form"):
        read(save(tmp_path, '{"body": "in Rome"}'))


def test_the_scheme_is_found_over_the_whole_file(tmp_path: Path) -> None:
    rows = [{"tokens": ["a", "b"], "ner_tags": tags} for tags in (["I-X", "I-X"], ["I-X", "B-X"])]
    first, second = read(save(tmp_path, "\n".join(map(json.dumps, rows))))
    assert first.spans == (Span(0, 2, "X"),) and second.spans == (Span(0, 1, "X"), Span(1, 2, "X"))


def test_documents_stream_in_order(tmp_path: Path) -> None:
    path = save(tmp_path, '{"text": "a"}\n{"text": "b"}\nbroken')
    documents = scan(path)
    assert [next(documents).text, next(documents).text] == ["a", "b"]
    with pytest.raises(DataError, match=r"x\.jsonl:3"):
        next(documents)


def test_a_line_of_a_megabyte(tmp_path: Path) -> None:
    text = "x" * 1_000_000 + " Rome"
    (found,) = read(save(tmp_path, json.dumps({"text": text, "spans": [[1_000_001, 1_000_005, "LOC"]]})))
    assert len(found) == 2 and found.cut(found.spans[0]) == "Rome"


def test_documents_of_words_keep_their_words(tmp_path: Path) -> None:
    documents = [Document.from_words(["New York", "", "\t"], id="a"), make_document("don't", id="b")]
    write(documents, tmp_path / "y.jsonl")
    assert read(tmp_path / "y.jsonl") == documents


@pytest.mark.parametrize("option", ["tag_column", "text_column", "word_column"])
def test_a_key_that_no_row_has_is_named(tmp_path: Path, option: str) -> None:
    path = save(tmp_path, '{"text": "Rome", "spans": []}')
    with pytest.raises(DataError, match=r":1: No key 'labl' .* Known: spans, text"):
        read(path, options=FileOptions(**{option: "labl"}))


def test_all_wrong_spans_of_a_row_are_told_together(tmp_path: Path) -> None:
    spans = [{"start": 0, "end": 9, "label": "A"}, {"start": 1, "end": 2}, {"begin": 0, "end": 1, "label": "B"}, [0, 1]]
    (tmp_path / "x.jsonl").write_text(json.dumps({"text": "a b", "spans": spans}), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read(tmp_path / "x.jsonl")
    for told in ("end of spans[0] is 9", "spans[1] has no label", "spans[2] has no start", "spans[3] has 2 values"):
        assert told in str(caught.value)
