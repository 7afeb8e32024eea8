"""Pooling: token states to word states. Knows nothing of layers, labels or models."""

import torch
from torch import Tensor

from tagwright.backbone.config import ReadAt
from tagwright.tokens.batch import Batch


def pool_words(hidden: Tensor, batch: Batch, *, read_at: ReadAt) -> Tensor:
    """B T H -> B W H: the mean of each word's tokens, or its first or last one.

    A word without tokens gets zeros. Pooling is one matrix product, so its result and its gradient are the same
    in every run (scattered additions are not on every device).
    """
    return find_shares(batch, read_at=read_at, dtype=hidden.dtype) @ hidden


def find_shares(batch: Batch, *, read_at: ReadAt, dtype: torch.dtype) -> Tensor:
    """B W T: each token's share in each word's state; all zero for a word without tokens."""
    slots = torch.arange(batch.width, device=batch.words.device)
    member = batch.words[:, None, :] == slots[:, None]  # B W T
    if read_at == "mean":
        shares = member.to(dtype)
        return shares / shares.sum(-1, keepdim=True).clamp(min=1)
    order = torch.arange(member.shape[-1], 0, -1, device=slots.device)
    rank = member * (order if read_at == "first" else order.flip(0))
    best = rank.max(-1, keepdim=True).values
    return ((rank == best) & member).to(dtype)
