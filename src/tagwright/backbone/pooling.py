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
    slots = torch.arange(batch.width, device=hidden.device)
    member = batch.words[:, None, :] == slots[:, None]  # B W T
    if read_at == "mean":
        weights = member.to(hidden.dtype)
        weights = weights / weights.sum(-1, keepdim=True).clamp(min=1)
    else:
        order = torch.arange(member.shape[-1], 0, -1, device=hidden.device)
        rank = member * (order if read_at == "first" else order.flip(0))
        best = rank.max(-1, keepdim=True).values
        weights = ((rank == best) & member).to(hidden.dtype)
    return weights @ hidden
