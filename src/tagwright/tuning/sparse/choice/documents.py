"""Documents: what choosing entries asks of the training documents: their losses, and gradients one by one.

Knows nothing of labelers, files or trainers, who say what a batch and its loss are.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn import Parameter

from tagwright.errors import ModelError

Order = Literal["worst", "random"]
Reduce = Literal["mean", "sum"]
ROWS = 4  # documents whose gradients vmap holds at once


class Documents(Protocol):
    """Training documents in their order, and the module that learns them."""

    @property
    def module(self) -> nn.Module: ...

    @property
    def words(self) -> Sequence[int]:
        """How many words each document has."""

    @property
    def tokens(self) -> Sequence[int]:
        """How many tokens each document has."""

    def collate(self, documents: Sequence[int]) -> dict[str, Tensor]:
        """The tensors of one batch, by name, each with a row for every document; where the module is."""

    def loss(self, batch: dict[str, Tensor]) -> Tensor:
        """The loss summed over the words of a batch, in the precision of training."""

    def losses(self, documents: Sequence[int]) -> Tensor:
        """The loss of each of these documents, summed over its words; no gradients."""


@contextmanager
def ready_to_score(module: nn.Module, *, dropout: bool = False) -> Iterator[None]:
    """Within, the module is as it is for predicting (or, with dropout, for training); afterwards as it was."""
    was_training = module.training
    module.train(dropout)
    try:
        yield
    finally:
        module.train(was_training)


def rank_documents(
    documents: Documents, count: int | None, *, order: Order, pool: int | None, reduce: Reduce, seed: Sequence[int]
) -> list[int]:
    """Which documents say what matters: at random, or the worst learned of a random pool (of all, where it is empty).

    Equal losses go by the documents' order. No count means all documents.
    """
    total = len(documents.words)
    if count is None or count >= total:
        return list(range(total))
    drawn = np.random.default_rng(seed).permutation(total).tolist()
    if order == "random":
        return sorted(drawn[:count])
    looked_at = sorted(drawn[: max(pool, count)]) if pool is not None else list(range(total))
    losses = documents.losses(looked_at).double().cpu().numpy()
    if reduce == "mean":
        losses = losses / np.array([max(documents.words[at], 1) for at in looked_at])
    worst = np.argsort(-losses, kind="stable")[:count]
    return [looked_at[at] for at in worst]


def backpropagate_each(documents: Documents, chosen: Sequence[int], *, reduce: Reduce) -> None:
    """The gradient of each document's loss, one after the other; hooks of the weights take them up."""
    for at in chosen:
        loss = documents.loss(documents.collate([at]))
        if reduce == "mean":
            loss = loss / max(documents.words[at], 1)
        loss.backward()  # type: ignore[no-untyped-call]


def find_gradients_together(
    documents: Documents, chosen: Sequence[int], *, weights: dict[str, Parameter], reduce: Reduce
) -> Iterator[dict[str, Tensor]]:
    """The same gradients by vmap over documents of one length, a few at a time: {weight: documents x its shape}.

    Quicker where single documents don't fill a device; needs a model that vmap can see through, and as many dense
    gradients at once as documents are taken together.
    """
    module = _Loss(documents)
    values = {f"module.{name}": weight.detach() for name, weight in weights.items()}

    def find_loss(values: dict[str, Tensor], row: dict[str, Tensor], counts: dict[str, Tensor]) -> Tensor:
        loss: Tensor = functional_call(module, values, ({name: part[None] for name, part in row.items()} | counts,))
        return loss

    for rows in _group_alike(documents, chosen):
        batch = documents.collate(rows)
        # one number for each document and the same for all of them isn't mapped, since a shape may hang on it
        alike = [name for name, part in batch.items() if part.ndim == 1 and bool((part == part[0]).all())]
        counts = {name: batch.pop(name)[:1] for name in alike}
        try:
            found = vmap(grad(find_loss), in_dims=(None, 0, None))(values, batch, counts)
        except RuntimeError as error:
            raise ModelError(
                f"vmap can't go through {type(documents.module).__name__}: {error} "
                'Set tuning.gradients = "one-by-one", or backbone.attn_implementation = "eager".'
            ) from error
        if reduce == "mean":
            words = torch.tensor([max(documents.words[at], 1) for at in rows])
            found = {name: g / words.to(g).view(-1, *[1] * (g.ndim - 1)) for name, g in found.items()}
        yield {name.removeprefix("module."): each for name, each in found.items()}


class _Loss(nn.Module):
    """The loss of a batch as a module's output: functional_call puts other values into modules only."""

    def __init__(self, documents: Documents) -> None:
        super().__init__()
        self.module, self._documents = documents.module, documents

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        return self._documents.loss(batch)


def _group_alike(documents: Documents, chosen: Sequence[int]) -> Iterator[list[int]]:
    """Documents of one length in tokens and in words: a batch of them has no padding."""
    alike: dict[tuple[int, int], list[int]] = defaultdict(list)
    for at in chosen:
        alike[documents.tokens[at], documents.words[at]].append(at)
    for rows in alike.values():
        for start in range(0, len(rows), ROWS):
            yield rows[start : start + ROWS]
