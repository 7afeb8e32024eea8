"""Focused vocabulary: while training, only the token rows that can occur have gradients and optimizer state.

The training tokens are known before the first step, and no other row of an embedding ever gets a gradient. Keeping
the others out of the optimizer changes no result and saves its time and memory for them: most of a large vocabulary.
Knows nothing of optimizers or data.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class FocusedEmbedding(nn.Module):
    """An embedding whose `rows` of live tokens are trained; all others are looked up in the frozen table."""

    table: Tensor
    slots: Tensor

    def __init__(self, full: nn.Embedding, live: Tensor) -> None:
        super().__init__()
        self.rows = nn.Parameter(full.weight.detach()[live].clone())
        slots = torch.full((full.num_embeddings,), -1, dtype=torch.long, device=full.weight.device)
        slots[live] = torch.arange(len(live), device=slots.device)
        self.register_buffer("table", full.weight.detach(), persistent=False)
        self.register_buffer("slots", slots, persistent=False)
        padding = full.padding_idx
        self._padding = None if padding is None or slots[padding] < 0 else int(slots[padding])

    def forward(self, ids: Tensor) -> Tensor:
        slots = self.slots[ids]
        if self.training:  # an unforeseen token has slot -1, which F.embedding refuses
            return F.embedding(slots, self.rows, self._padding)
        found = F.embedding(slots.clamp(min=0), self.rows)
        return torch.where((slots < 0)[..., None], F.embedding(ids, self.table), found)

    @torch.no_grad()
    def write_back(self, full: nn.Embedding) -> None:
        """Put the trained rows into the whole embedding."""
        full.weight.data[self.slots >= 0] = self.rows.data.to(full.weight.device)


@contextmanager
def focused_vocabulary(model: Any, ids: Tensor) -> Iterator[None]:
    """Within, the model trains only the embedding rows of `ids`; after it, it is an ordinary model again.

    An embedding that is frozen or of a kind of its own is left as it is.
    """
    full = model.get_input_embeddings()
    if type(full) is not nn.Embedding or not full.weight.requires_grad or full.max_norm is not None:
        yield
        return
    padding = [] if full.padding_idx is None else [full.padding_idx]
    live = torch.tensor(sorted({*ids.tolist(), *padding}))
    focused = FocusedEmbedding(full, live.to(full.weight.device))
    model.set_input_embeddings(focused)
    try:
        yield
    finally:
        focused.write_back(full)
        model.set_input_embeddings(full.to(focused.rows.device))
