"""Who sees whom in a row that holds several documents. Knows nothing of models but their windows, nor of objectives."""

from typing import Any

import torch
from torch import Tensor

from tagwright.backbone.sight.masks import find_windows
from tagwright.pretraining.objectives.objective import Sight


def make_masks(config: Any, packs: Tensor, *, sight: Sight, dtype: torch.dtype) -> Tensor | dict[str, Tensor]:
    """B T -> the mask that a model takes: one, or one for each kind of its layers. Layers keep their own windows."""
    masks = {
        kind: make_mask(packs, packs, sight=sight, dtype=dtype, window=window)
        for kind, window in find_windows(config).items()
    }
    return masks if len(masks) > 1 else next(iter(masks.values()))


def make_mask(asking: Tensor, asked: Tensor, *, sight: Sight, dtype: torch.dtype, window: int | None = None) -> Tensor:
    """B T, B S numbers of documents -> B 1 T S, to be added to attention scores: 0 = sees, lowest = doesn't.

    A token sees its own document alone. Padding sees itself, so that no row of scores is empty. A window is what
    transformers makes of it: so many tokens with the token itself to the left, or so many on each side.
    """
    keep = asking[:, :, None] == asked[:, None, :]
    whole = torch.ones(keep.shape[1:], dtype=torch.bool, device=keep.device)
    if window is not None:
        keep = keep & (whole.triu(1 - window) if sight == "left" else whole.triu(-window).tril(window))
    if sight == "left":
        keep = keep & whole.tril()
    mask = torch.zeros(keep.shape, dtype=dtype, device=keep.device)
    return mask.masked_fill_(~keep, torch.finfo(dtype).min)[:, None]
