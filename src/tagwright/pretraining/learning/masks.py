"""Who sees whom in a row that holds several documents. Knows nothing of models or objectives."""

import torch
from torch import Tensor

from tagwright.pretraining.objectives.objective import Sight


def make_mask(asking: Tensor, asked: Tensor, *, sight: Sight, dtype: torch.dtype) -> Tensor:
    """B T, B S numbers of documents -> B 1 T S, to be added to attention scores: 0 = sees, lowest = doesn't.

    A token sees its own document alone. Padding sees itself, so that no row of scores is empty.
    """
    keep = asking[:, :, None] == asked[:, None, :]
    if sight == "left":
        keep = keep & torch.ones(keep.shape[1:], dtype=torch.bool, device=keep.device).tril()
    mask = torch.zeros(keep.shape, dtype=dtype, device=keep.device)
    return mask.masked_fill_(~keep, torch.finfo(dtype).min)[:, None]
