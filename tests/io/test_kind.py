"""What all kinds of file share: names, places of errors, and the notes of what a file can't hold."""

from pathlib import Path

import pytest

from tagwright.errors import DataError
from tagwright.io.kind import PARTS, find_stem, is_automatic, located, note_losses
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Field, Relation, Turn
from tagwright.text.span import Span
from tagwright.text.words import make_document

FULL = make_document(
    "in Rome",
    spans=(Span(0, 1, "X", 0.5), Span(0, 2, "Y", fragments=((0, 2), (4, 5))), Span(1, 2, "Z", fragments=((3, 5),))),
    relations=(Relation(0, 1, "r", 0.5),),
    turns=(Turn("a", 0, 2),),
    fields=(Field("f", ("v",), 0, 0.5),),
    id="d",
    group="g",
    meta={"k": 1},
)


@pytest.mark.parametrize(
    ("name", "stem"), [("a/train.conll", "train"), ("train.jsonl.gz", "train"), ("v1.2.csv", "v1.2")]
)
def test_stems(name: str, stem: str) -> None:
    assert find_stem(Path(name)) == stem


def test_automatic_ids() -> None:
    assert is_automatic("train:3", 3) and is_automatic("", 3)
    assert not is_automatic("train:4", 3) and not is_automatic("3", 3)


def test_errors_get_their_place_once() -> None:
    with pytest.raises(DataError, match=r"^a:3: bad$") as caught, located(Path("a"), 3):
        raise DataError("bad")
    assert caught.value.line == 3
    with pytest.raises(DataError, match=r"^b:1: bad$"), located(Path("a"), 3):
        raise DataError("bad", path="b", line=1)


def test_nothing_is_lost_where_all_is_held() -> None:
    note_losses(FULL, ledger := Ledger(), holds=PARTS - {"joined"})
    assert not ledger


def test_every_part_that_is_not_held_is_noted() -> None:
    note_losses(FULL, ledger := Ledger(), holds=frozenset(("joined", "words")))
    assert ledger.counts == {
        "span": 3,
        "relation": 1,
        "score": 3,
        "turn of a dialogue": 1,
        "field of a dialogue state": 1,
        "original text; its words are kept": 1,
        "group of a document": 1,
        "extra 'k'": 1,
    }
    note_losses(FULL, ledger := Ledger(), holds=PARTS - {"fragments", "gaps"})
    assert ledger.total == 2
    note_losses(Document.from_words(["New York"]), ledger := Ledger(), holds=PARTS - {"joined", "words"})
    assert ledger.total == 2
