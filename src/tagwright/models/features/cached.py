"""CachedTagger: the fusion and the head of a tagger whose backbone stays as it is, and has said all it has to say.

Trains and scores like the tagger itself, on words that were read beforehand. Knows nothing of disks.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tagwright.backbone.dropout import fast_dropout
from tagwright.errors import ModelError
from tagwright.models.features.reading import ReadPiece
from tagwright.models.tagger import Tagger, WordLabeler
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.tokens.batch import Counted, OnLong, Piece


@dataclass(frozen=True, slots=True)
class ReadBatch(Counted):
    """The states of words, B W L H, and how many words each piece answers for, B."""

    states: Tensor
    counts: Tensor

    def to(self, device: Any) -> "ReadBatch":
        return ReadBatch(self.states.to(device), self.counts.to(device))


class CachedTagger(WordLabeler):
    """Shares its fusion and head with the tagger, which is trained through it."""

    def __init__(self, tagger: Tagger) -> None:
        super().__init__()
        self.fusion, self.head, self.tuning = tagger.fusion, tagger.head, tagger.tuning
        self._read: dict[tuple[str, ...], list[ReadPiece]] = {}

    def know(self, documents: Sequence[Document], pieces: Sequence[ReadPiece]) -> None:
        """Remember the pieces that these documents were cut into: only these can be cut again."""
        found = defaultdict(list)
        for piece in pieces:
            found[piece.document].append(piece)
        self._read |= {document.words: found[index] for index, document in enumerate(documents)}

    def cut(self, documents: Sequence[Document], ledger: Ledger, *, on_long: OnLong = "window") -> list[Piece]:
        unread = next((document for document in documents if document.words not in self._read), None)
        if unread is not None or on_long != "window":
            name = "documents cut off" if unread is None else f"{unread.id or 'a document'}, which was not"
            raise ModelError(f"Only documents that were read beforehand can be labelled while training; not {name}.")
        return [
            replace(piece, document=index)
            for index, document in enumerate(documents)
            for piece in self._read[document.words]
        ]

    def collate(self, pieces: Sequence[Any]) -> ReadBatch:
        rows = np.array([piece.row for piece in pieces])
        counts = np.array([piece.count for piece in pieces])
        # beyond its words a piece repeats the last of them: nobody looks there, and to blank them would cost more
        places = rows[:, None] + np.minimum(np.arange(counts.max()), counts[:, None] - 1)
        states = pieces[0].states.index_select(0, torch.from_numpy(places.ravel()))
        return ReadBatch(states.unflatten(0, places.shape), torch.from_numpy(counts))

    def forward(self, *, states: Tensor, counts: Tensor, gold: Tensor) -> Tensor:
        """The summed loss, from plain tensors: what trainers call."""
        return self.loss(ReadBatch(states, counts), gold)

    @contextmanager
    def focus(self, pieces: Sequence[Piece]) -> Iterator[None]:
        with fast_dropout(self):
            yield

    def encode(self, batch: ReadBatch) -> Tensor:
        states = batch.states.float().unbind(2)  # L of B W H
        fused: Tensor = self.fusion(states[: len(self.fusion.layers)], states[-1], keep=batch.keep)
        return fused.float()
