"""Data sets on disk: class names, parts, shapes, and what is said without the library or without a connection."""

import sys
import warnings
from pathlib import Path

import pytest

from tagwright.errors import DataError
from tagwright.io.files import detect_kind, read, write
from tagwright.io.kind import FileOptions
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Relation
from tagwright.text.span import Span
from tagwright.text.words import make_document

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    datasets = pytest.importorskip("datasets", reason="the extra [hub] is not installed")


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Two parts of words with class numbers, as the hub has them."""
    features = datasets.Features(
        {
            "id": datasets.Value("string"),
            "tokens": datasets.Sequence(datasets.Value("string")),
            "ner_tags": datasets.Sequence(datasets.ClassLabel(names=["O", "B-LOC", "I-LOC"])),
        }
    )
    rows = {"id": ["7", "8"], "tokens": [["in", "New", "York"], ["x"]], "ner_tags": [[0, 1, 2], [0]]}
    parts = {
        "train": datasets.Dataset.from_dict(rows, features),
        "test": datasets.Dataset.from_dict(rows, features).select([0]),
    }
    datasets.DatasetDict(parts).save_to_disk(str(tmp_path / "data"))
    return tmp_path / "data"


def test_class_numbers_become_their_names(saved: Path) -> None:
    assert detect_kind(saved).kind == "datasets"
    first, second = read(f"hub:{saved}:train")
    assert first.words == ("in", "New", "York") and first.spans == (Span(1, 3, "LOC"),)
    assert (first.id, second.id, second.spans) == ("7", "8", ())
    (only,) = read(saved / "test")
    assert only == first
    with pytest.raises(DataError, match="No key 'ner' "):
        read(saved / "test", options=FileOptions(tag_column="ner"))


def test_a_part_must_be_named_where_there_are_several(saved: Path) -> None:
    with pytest.raises(DataError, match=f"No part None in it. Say which of 'train', 'test': hub:{saved}:train."):
        read(saved)
    with pytest.raises(DataError, match="No part 'dev'"):
        read(f"hub:{saved}:dev")


def test_documents_come_back(tmp_path: Path) -> None:
    documents = [
        make_document(
            "Ann wed Bo", spans=(Span(0, 1, "P", 0.5), Span(2, 3, "P")), relations=(Relation(0, 1, "wed"),), id="a"
        ),
        make_document("x", id="b", group="g", meta={"source": "web"}),
    ]
    assert write(documents, tmp_path / "out", kind="datasets", ledger=(ledger := Ledger())) == 2
    assert read(tmp_path / "out") == documents and not ledger


def test_what_arrow_cannot_hold_is_an_error(tmp_path: Path) -> None:
    documents = [make_document("a", meta={"k": 1}), make_document("b", meta={"k": "x"})]
    with pytest.raises(DataError, match=r"out: Can't be written: Arrow"):
        write(documents, tmp_path / "out", kind="datasets")
    with pytest.raises(DataError, match="read from the hub, not written"):
        write(documents, "hub:a/b", kind="datasets")


def test_no_connection_and_no_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ConnectionError("offline")

    monkeypatch.setattr(datasets, "load_dataset", fail)
    with pytest.raises(DataError, match="hub:a/b: Can't be loaded: ConnectionError: offline. Check"):
        read("hub:a/b")
    with pytest.raises(DataError, match="Can't be loaded: "):
        read(tmp_path, kind="datasets")
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError, match=r"pip install 'tagwright\[hub\]'"):
        read("hub:a/b")
