"""Pooling against a plain loop."""

from typing import get_args

import pytest
import torch

from tagwright.backbone.config import ReadAt
from tagwright.backbone.pooling import pool_words
from tagwright.tokens.batch import Batch

WORDS = torch.tensor([[-1, 0, 0, 0, 2, 2, -1], [-1, 0, 1, -1, -1, -1, -1], [-1, -1, -1, -1, -1, -1, -1]])
BATCH = Batch(torch.zeros_like(WORDS), None, WORDS, torch.tensor([3, 2, 1]))


def pool_plainly(hidden: torch.Tensor, read_at: ReadAt) -> torch.Tensor:
    pooled = torch.zeros(3, 3, hidden.shape[-1])
    for row in range(3):
        for word in range(3):
            states = [hidden[row, token] for token in range(7) if WORDS[row, token] == word]
            if states:
                pooled[row, word] = {"mean": sum(states) / len(states), "first": states[0], "last": states[-1]}[read_at]  # type: ignore[assignment]
    return pooled


@pytest.mark.parametrize("read_at", get_args(ReadAt))
def test_words_are_read_where_asked(read_at: ReadAt) -> None:
    hidden = torch.randn(3, 7, 4)
    torch.testing.assert_close(pool_words(hidden, BATCH, read_at=read_at), pool_plainly(hidden, read_at))


@pytest.mark.parametrize("read_at", get_args(ReadAt))
def test_a_word_without_tokens_is_zero_and_gets_no_gradient(read_at: ReadAt) -> None:
    hidden = torch.randn(3, 7, 4, requires_grad=True)
    pooled = pool_words(hidden, BATCH, read_at=read_at)
    assert not pooled[0, 1].any() and not pooled[2].any()
    pooled[2].sum().backward()
    assert hidden.grad is not None and not hidden.grad.any()


@pytest.mark.parametrize("read_at", get_args(ReadAt))
def test_half_precision_stays_half(read_at: ReadAt) -> None:
    assert pool_words(torch.randn(3, 7, 4).bfloat16(), BATCH, read_at=read_at).dtype == torch.bfloat16
