"""Pieces, batches and groups: what a model reads, and what a limit cuts off is counted."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tagwright.errors import DataError
from tagwright.text.ledger import Ledger
from tagwright.tokens.align import WordTokenizer
from tagwright.tokens.batch import Cutter, Limits, Piece, collate, group
from tiny_tokenizers import BUILDS, learn_bytes

WORDS = WordTokenizer(BUILDS["wordpiece"]())
LETTERS = [*"abcdefghij"]  # a token each


def cut(documents: list[list[str]], limits: Limits) -> tuple[list[Piece], Ledger]:
    ledger = Ledger()
    return Cutter(WORDS, limits).cut(documents, ledger, names=[f"d{at}" for at in range(len(documents))]), ledger


def test_a_short_document_is_one_piece() -> None:
    (piece,), ledger = cut([["a", "\u200b", "cat"]], Limits(tokens=16, overlap=4))
    tokens = len(WORDS.encode([["cat"]])[0].ids)
    assert piece.words.tolist() == [-1, 0, *[2] * tokens, -1]
    assert (piece.document, piece.first, piece.count, piece.ids[0], piece.ids[-1]) == (0, 0, 3, 1, 2)
    assert not ledger


def test_windows_answer_for_every_word_once_and_show_context() -> None:
    pieces, ledger = cut([LETTERS, ["a"]], Limits(tokens=6, overlap=2))
    assert all(len(piece) <= 6 for piece in pieces)
    answered = [piece.first + word for piece in pieces if piece.document == 0 for word in range(piece.count)]
    assert answered == list(range(10))
    middle = pieces[1]
    assert middle.words.tolist() == [-1, -1, 0, 1, -1, -1]  # context words have no place of their own
    assert middle.ids[1:-1].tolist() == WORDS.encode([LETTERS])[0].ids[2:6].tolist()
    assert pieces[-1].document == 1 and not ledger


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["a", "cat", "\u200b", "mat", "ta" * 10]), max_size=40), st.integers(4, 20), st.data())
def test_pieces_hold_the_tokens_of_their_words(words: list[str], limit: int, data: st.DataObject) -> None:
    limits = Limits(tokens=limit, overlap=data.draw(st.integers(0, limit - 3)))
    pieces, _ = cut([words], limits)
    encoded = WORDS.encode([words])[0]
    assert [piece.first + at for piece in pieces for at in range(piece.count)] == list(range(len(words)))
    for piece in pieces:
        assert len(piece) <= limit and piece.count > 0
        for word in range(piece.count):
            own = encoded.ids[encoded.starts[piece.first + word] : encoded.starts[piece.first + word + 1]]
            assert piece.ids[piece.words == word].tolist() == own[: limit - 2].tolist()


def test_an_error_on_request() -> None:
    with pytest.raises(DataError, match=r"d0 has 10 tokens, 4 fit.*--on-long window"):
        cut([LETTERS], Limits(tokens=6, overlap=2, on_long="error"))


def test_truncation_on_request_is_counted() -> None:
    (piece,), ledger = cut([LETTERS], Limits(tokens=6, overlap=2, on_long="truncate"))
    assert (piece.first, piece.count) == (0, 4)
    assert next(ledger.lines()) == "6 x words beyond the window were cut off (--on-long truncate): d0, ..."


@pytest.mark.parametrize("on_long", ["window", "truncate"])
def test_a_word_longer_than_a_window_is_cut_and_counted(on_long: str) -> None:
    pieces, ledger = cut([["ta" * 10, "a"]], Limits(tokens=6, overlap=2, on_long=on_long))  # type: ignore[arg-type]
    assert pieces[0].words.tolist() == [-1, 0, 0, 0, 0, -1]
    assert ledger.counts["a word has more tokens than a window; its end was cut off"] == 1


def test_documents_without_words_have_no_piece() -> None:
    pieces, _ = cut([[], ["a"], []], Limits(tokens=6, overlap=2))
    assert [piece.document for piece in pieces] == [1]


def test_a_document_whose_words_have_no_token_is_still_read() -> None:
    (piece,), _ = cut([["\u200b", "\u200d"]], Limits(tokens=6, overlap=2))
    assert piece.count == 2 and piece.words.tolist() == [-1, -1]
    bare = WordTokenizer(learn_bytes(prefix=True, around="$A"))
    (piece,) = Cutter(bare, Limits(tokens=6, overlap=2)).cut([["", ""]], Ledger())
    assert piece.count == 2 and piece.ids.tolist() == [bare.pad_id] and piece.words.tolist() == [-1]


@pytest.mark.parametrize("limits", [Limits(2, 0), Limits(8, 6), Limits(8, -1)])
def test_windows_without_room_are_refused(limits: Limits) -> None:
    with pytest.raises(DataError, match="leave no room beside 2 special tokens"):
        Cutter(WORDS, limits)


def test_a_batch_is_padded_on_the_right() -> None:
    pieces, _ = cut([["a", "b", "c"], ["d"]], Limits(tokens=8, overlap=2))
    batch = collate(pieces, pad_id=9)
    assert batch.ids[1].tolist() == [1, int(pieces[1].ids[1]), 2, 9, 9]
    assert batch.words.tolist() == [[-1, 0, 1, 2, -1], [-1, 0, -1, -1, -1]]
    assert batch.attend is not None and batch.attend.tolist() == [[True] * 5, [True] * 3 + [False] * 2]
    assert batch.width == 3 and batch.keep.tolist() == [[True] * 3, [True, False, False]]
    moved = batch.to("meta")
    assert {tensor.device.type for tensor in (moved.ids, moved.attend, moved.words, moved.counts)} == {"meta"}  # type: ignore[union-attr]


def test_a_batch_of_equal_lengths_needs_no_mask() -> None:
    pieces, _ = cut([["a", "b"], ["c", "d"]], Limits(tokens=8, overlap=2))
    assert collate(pieces, pad_id=0).attend is None
    assert collate(pieces, pad_id=0).ids.dtype == torch.int64


@given(st.lists(st.integers(1, 50), max_size=40), st.integers(1, 100))
def test_token_budgets_hold(lengths: list[int], budget: int) -> None:
    batches = group(np.array(lengths, dtype=np.int64), tokens=budget)
    assert sum(batches, []) == list(range(len(lengths)))
    costs = [len(batch) * max(lengths[at] for at in batch) for batch in batches]
    assert all(cost <= budget or len(batch) == 1 for cost, batch in zip(costs, batches, strict=True))
    for left, right in zip(batches, batches[1:], strict=False):  # and no batch could have taken the next document
        assert (len(left) + 1) * max(lengths[at] for at in [*left, right[0]]) > budget


@given(st.integers(0, 40), st.integers(1, 9))
def test_document_budgets_hold(count: int, size: int) -> None:
    batches = group(np.ones(count, dtype=np.int64), documents=size)
    assert sum(batches, []) == list(range(count))
    assert all(len(batch) == size for batch in batches[:-1])
