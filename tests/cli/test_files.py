"""Files for verbs: columns, ids that say nothing, counts along the way."""

import sys
from pathlib import Path

import pytest

from tagwright.cli.terminal.files import Watch, count_along, make_options, read_column, scan_predicted, write_json
from tagwright.errors import DataError
from tagwright.io.kind import FileOptions
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger


@pytest.mark.parametrize(("given", "read"), [("3", 3), ("-1", -1), ("ner", "ner"), ("-x", "-x"), (None, None)])
def test_a_column_is_a_place_or_a_name(given: str | None, read: int | str | None) -> None:
    assert read_column(given) == read


def test_options_left_out_are_those_of_the_reader() -> None:
    assert make_options() == FileOptions()
    assert make_options(label_names="O, B-PER").label_names == ("O", "B-PER")


def scan(path: Path, gold: Path, *, own: str | None = None, **options: int) -> list[Document]:
    how = FileOptions(**options)  # type: ignore[arg-type]
    return list(scan_predicted(path, gold, kind=None, options=how, tag_column=own, ledger=Ledger()))


def test_an_id_made_from_the_file_name_goes_and_a_given_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "said.conll"
    path.write_text("Ada\tO\n\n# id = mine\nBob\tO\n\n", encoding="utf-8")
    assert [document.id for document in scan(path, path)] == ["", "mine"]


def test_columns_of_gold_hold_for_files_of_its_kind_only(tmp_path: Path) -> None:
    gold, rows = tmp_path / "gold.conll", tmp_path / "said.csv"
    gold.write_text("Ada B-PER O\n\n", encoding="utf-8")
    rows.write_text("word,tag\nAda,B-PER\n", encoding="utf-8")
    assert scan(gold, gold, tag_column=1)[0].spans == scan(rows, gold, tag_column=0)[0].spans != ()
    rows.write_text("word,tag,guess\nAda,O,B-PER\n", encoding="utf-8")
    assert scan(rows, gold)[0].spans == () and scan(rows, gold, tag_column=1, own="guess")[0].spans != ()


def test_documents_pass_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [Document.from_words(["a", "b"]), Document.from_words(["c"])]
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    watch = Watch()
    assert list(watch.follow(count_along(documents, "reading"))) == documents
    assert str(watch).startswith("2 documents, 3 words in ")


def test_json_that_cannot_be_written_is_a_data_error(tmp_path: Path) -> None:
    write_json(None, {})
    with pytest.raises(DataError, match="Can't be written"):
        write_json(tmp_path / "gone" / "out.json", {})
