"""Tags of files: the scheme found or named, other letters, and spans that tags can't hold."""

import pytest

from tagwright.errors import DataError
from tagwright.io.shapes.tags import TagReader, check_lengths, write_tags
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.span import Span


def test_the_named_scheme_wins_over_the_look() -> None:
    tags = ["I-X", "B-X", "O"]
    found = TagReader.for_file([tags], ledger := Ledger(), scheme=None)
    assert found.found.scheme == "IOB1" and len(found.read(tags, str)) == 2 and not ledger
    named = TagReader.for_file([], ledger, scheme="iob2")
    assert len(named.read(tags, str)) == 2 and ledger.total == 1


@pytest.mark.parametrize("scheme", [None, "BILOU"])
def test_other_letters_are_understood(scheme: str | None) -> None:
    tags = ["B-X", "L-X", "U-Y"]
    reader = TagReader.for_file([tags], ledger := Ledger(), scheme=scheme)
    assert reader.read(tags, str) == (Span(0, 2, "X"), Span(2, 3, "Y")) and not ledger


def test_what_tags_cannot_hold_is_noted_with_its_text() -> None:
    spans = (Span(0, 1, "X"), Span(1, 2, "X"))
    document = Document.from_words(["a", "b"], spans=spans, id="d")
    assert write_tags(document, ledger := Ledger(), scheme=None) == ["B-X", "B-X"] and not ledger
    assert write_tags(document, ledger, scheme="IO") == ["I-X", "O"]
    assert list(ledger.lines()) == [
        "1 x span that one column of IO tags can't hold, because it overlaps or touches another: d 'b' X"
    ]


def test_lengths() -> None:
    check_lengths(["a"], ["O"])
    with pytest.raises(DataError, match="1 words and 0 tags"):
        check_lengths(["a"], [])
