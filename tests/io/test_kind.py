"""What all kinds of file share: names, places of errors, and the notes of what a file can't hold."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tagwright.errors import DataError
from tagwright.io.kind import (
    MOST_FAULTS,
    PARTS,
    find_stem,
    is_automatic,
    join_faults,
    located,
    note_losses,
    read_rows,
)
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


def read_row(row: str, name: str, where: str) -> Document:
    if row.startswith("bad"):
        raise DataError(f"{row} at {where}.")
    return Document.from_words([row], id=name)


def test_faults_of_rows_are_told_together_after_the_documents_before_them() -> None:
    rows = [(2, "a"), (3, "bad"), (5, "b"), (6, "bad too")]
    documents = read_rows(Path("x.csv"), rows, read=read_row)
    assert next(documents).id == "x:1"
    with pytest.raises(DataError) as caught:
        next(documents)
    assert str(caught.value) == "x.csv:3: bad at x.csv:3.\nFurther faults:\n  line 6: bad too at x.csv:6."
    assert (caught.value.path, caught.value.line) == (Path("x.csv"), 3)


def test_a_fault_that_many_rows_share_is_told_once() -> None:
    reasons = ["Numbers.", "Numbers.", "No words.", "Numbers.", "No words."]
    faults = [DataError(reason, path="x.jsonl", line=line) for line, reason in enumerate(reasons, 1)]
    told = "x.jsonl:1: Numbers.\nFurther faults:\n  lines 2, 4: the same\n  lines 3, 5: No words."
    assert str(join_faults(faults)) == told


def test_rows_that_end_in_an_error_of_their_own_still_tell_the_faults_before_it() -> None:
    def scan() -> Iterator[tuple[int, str]]:
        yield 1, "bad"
        raise DataError("Not CSV.", path="x.csv", line=2)

    with pytest.raises(DataError, match=r"x.csv:1: bad at x.csv:1.\nFurther faults:\n  line 2: Not CSV."):
        list(read_rows(Path("x.csv"), scan(), read=read_row))


def test_no_more_than_the_first_faults_are_looked_for() -> None:
    rows = ((line, "bad") for line in range(1, 10_000))
    with pytest.raises(DataError, match=r"Further faults \(the first ones\):") as caught:
        list(read_rows(Path("x.csv"), rows, read=read_row))
    assert str(caught.value).count("\n") == MOST_FAULTS
    assert next(rows)[0] == MOST_FAULTS + 1
