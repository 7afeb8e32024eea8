"""Which documents belong together, and what is said when they don't."""

from collections.abc import Iterator

import pytest

from tagwright.errors import DataError
from tagwright.evaluation.pairs import pair_documents
from tagwright.text.document import Document


def make(*ids: str) -> list[Document]:
    return [Document.from_words(["a", id or "none"], id=id) for id in ids]


def pair(gold: list[Document], predicted: list[Document]) -> list[tuple[str, str]]:
    return [(a.id, b.id) for a, b in pair_documents(gold, predicted)]


def test_order_serves_while_ids_agree_even_if_they_repeat() -> None:
    assert pair(make("a", "a", "b"), make("a", "a", "b")) == [("a", "a"), ("a", "a"), ("b", "b")]


def test_no_id_agrees_with_any() -> None:
    nameless = [Document.from_words(["a", "x"]), Document.from_words(["a", "y"])]
    assert pair(make("x", "y"), nameless) == [("x", ""), ("y", "")]


def test_another_order_is_matched_by_id_in_the_order_of_gold() -> None:
    assert pair(make("a", "b", "c", "d"), make("a", "d", "b", "c")) == [(x, x) for x in "abcd"]


def test_pairs_are_streamed() -> None:
    def endless() -> Iterator[Document]:
        while True:
            yield from make("a")

    pairs = pair_documents(endless(), endless())
    assert [next(pairs)[0].id for _ in range(3)] == ["a", "a", "a"]


@pytest.mark.parametrize(
    ("gold", "predicted", "said"),
    [
        ("ab", "abc", "Gold has 2 documents, the prediction has 3: 'c' is among the predicted ones only"),
        ("abc", "ab", "Gold has 3 documents, the prediction has 2: 'c' is among the gold ones only"),
        ("ab", "ac", "'b' of gold is not among the predicted ones"),
        ("abb", "bab", "the gold id 'b' occurs twice"),
        ("aba", "aab", "the gold id 'a' occurs twice"),
    ],
)
def test_what_does_not_fit_is_named(gold: str, predicted: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        pair(make(*gold), make(*predicted))


def test_other_words_are_named_with_their_place() -> None:
    gold, said = Document.from_words(["New", "York"], id="n"), Document.from_words(["New", "york"], id="n")
    with pytest.raises(DataError, match=r"Document 'n': word 2 is 'York' in gold \(2 words\) and 'york'"):
        pair([gold], [said])
    with pytest.raises(
        DataError, match=r"Document 1: word 3 is missing in gold .* and 'x' in the prediction \(3 words\)"
    ):
        pair([Document.from_words(["a", "b"])], [Document.from_words(["a", "b", "x"])])


def test_other_blanks_between_the_same_words_are_no_difference() -> None:
    gold = Document("a  b", ((0, 1), (3, 4)), id="n")
    assert pair([gold], [Document.from_words(["a", "b"], id="n")]) == [("n", "n")]


def test_automatic_ids_of_two_files_agree_by_place() -> None:
    gold = [Document.from_words(["a"], id="gold:1"), Document.from_words(["b"], id="gold:2")]
    said = [Document.from_words(["a"], id="said:1"), Document.from_words(["b"], id="said:2")]
    assert list(pair_documents(gold, said)) == list(zip(gold, said, strict=True))
    with pytest.raises(DataError):
        list(pair_documents(gold, said[::-1]))
