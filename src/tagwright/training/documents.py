"""LearnedDocuments: the training documents as a tuning asks for them: one by one, with their losses.

A window of a long document counts as a document. Knows no trainer.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from tagwright.models.labeler import Labeler
from tagwright.tokens.batch import group
from tagwright.training.batches import Collator, Pieces

TOKENS = 4096  # in a batch whose losses alone are wanted


class LearnedDocuments:
    """The pieces that a labeler is trained on. Losses are found where the labeler is, in the precision of training."""

    def __init__(self, labeler: Labeler, pieces: Pieces, *, precision: torch.dtype | None) -> None:
        self.module: Any = labeler
        self.precision = precision
        self.words = [piece.count for piece in pieces.pieces]
        self.tokens = [int(length) for length in pieces.lengths]
        self._pieces, self._collate = pieces, Collator(labeler)

    def collate(self, documents: Sequence[int]) -> dict[str, Tensor]:
        return {name: t.to(self._device) for name, t in self._collate([self._pieces[at] for at in documents]).items()}

    def loss(self, batch: dict[str, Tensor]) -> Tensor:
        with self._in_precision():
            loss: Tensor = self.module(**batch)
        return loss

    @torch.no_grad()
    def losses(self, documents: Sequence[int]) -> Tensor:
        found = torch.zeros(len(documents))
        for rows in self._split(documents):
            found[rows] = self._lose([documents[row] for row in rows])
        return found

    def _lose(self, documents: Sequence[int]) -> Tensor:
        """The loss of each document of one batch."""
        pieces, targets = zip(*(self._pieces[at] for at in documents), strict=True)
        with self._in_precision():
            losses: Tensor = self.module.lose_each(pieces, targets)
        return losses.float().cpu()

    def _split(self, documents: Sequence[int]) -> Iterator[list[int]]:
        """Rows of like length, so many tokens at a time."""
        lengths = self._pieces.lengths[list(documents)]
        order = lengths.argsort(kind="stable")
        for run in group(lengths[order], tokens=TOKENS, documents=None):
            yield [int(order[at]) for at in run]

    @property
    def _device(self) -> torch.device:
        device: torch.device = next(self.module.parameters()).device
        return device

    def _in_precision(self) -> torch.autocast:
        return torch.autocast(self._device.type, dtype=self.precision, enabled=self.precision is not None)
