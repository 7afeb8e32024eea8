"""Head: what every head does, and what all heads that tag words share. Knows nothing of backbones or files.

A head turns word states into spans. It says beforehand which spans it can't hold.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from tagwright.heads.config import HeadConfig
from tagwright.text.document import Document
from tagwright.text.labels import Labels
from tagwright.text.ledger import Ledger
from tagwright.text.schemes import SCHEMES
from tagwright.text.span import Span, find_flat

Target = NDArray[np.int64]
IGNORED = -100


class Head(nn.Module, ABC):
    """states -> spans. Shapes: B pieces or documents, W words, H width of a state."""

    labels: Labels

    @abstractmethod
    def note_unheld(self, documents: Sequence[Document], ledger: Ledger) -> None:
        """Note every gold span that this head can't be taught or can't give back, before training."""

    @abstractmethod
    def find_target(self, document: Document) -> Target:
        """What the loss needs of a gold document: an array whose first axis is its words."""

    def stack(self, targets: Sequence[Target]) -> Tensor:
        """Targets of a batch, padded on the right."""
        width = max(len(target) for target in targets)
        stacked = np.full((len(targets), width), IGNORED, dtype=np.int64)
        for row, target in enumerate(targets):
            stacked[row, : len(target)] = target
        return torch.from_numpy(stacked)

    def learn_weights(self, targets: Sequence[Target]) -> None:
        """Take the weights of tags from the training targets, where the config asks for it; before training."""

    @abstractmethod
    def loss(self, states: Tensor, gold: Tensor, *, keep: Tensor) -> Tensor:
        """B W H, B W, B W -> the loss summed over all kept words."""

    @abstractmethod
    def decode(self, states: Tensor, given: Sequence[Document], *, keep: Tensor) -> list[Document]:
        """B W H, B W, the documents with their given parts -> the documents with predicted spans, each with a score."""


class TagHead(Head):
    """A head that gives every word one tag of a scheme: a linear layer over word states."""

    def __init__(self, width: int, labels: Labels, *, config: HeadConfig) -> None:
        super().__init__()
        self.labels, self.config = labels, config
        self.scheme = SCHEMES[config.scheme]
        self.tags = self.scheme.make_tags(labels.names)
        self._index = {tag: index for index, tag in reversed(list(enumerate(self.tags)))}  # O is 0, whatever the labels
        self.dropout = nn.Dropout(config.dropout)
        self.score = nn.Linear(width, len(self.tags))

    def note_unheld(self, documents: Sequence[Document], ledger: Ledger) -> None:
        for document in documents:
            known = [span for span in document.spans if span.label in self.labels]
            for span in (span for span in document.spans if span.label not in self.labels):
                unknown = f"span with the label {span.label!r}, which training never saw"
                _note(ledger, unknown if span.label else "span without a label, a tag needs one", document, span)
            flat, overlapping = find_flat(known)
            for span in overlapping:
                _note(ledger, "overlapping span, one tag for each word can't hold it", document, span)
            for span in (span for span in flat if span.fragments):
                _note(ledger, "span with gaps or an edge within a word: taught as whole words", document, span)
            for span in self.scheme.find_unheld(flat):
                _note(ledger, f"span that the scheme {self.scheme.name} can't give back", document, span)

    def find_target(self, document: Document) -> Target:
        flat, _ = find_flat([span for span in document.spans if span.label in self.labels])
        unheld = set() if self.scheme.name == "IO" else set(self.scheme.find_unheld(flat))
        tags = self.scheme.encode([span for span in flat if span not in unheld], len(document))
        return np.array([self._index[tag] for tag in tags], dtype=np.int64)

    def emit(self, states: Tensor) -> Tensor:
        """B W H -> B W T: scores of tags, in float32 whatever the precision of states and weights."""
        with torch.autocast(states.device.type, enabled=False):
            return F.linear(self.dropout(states).float(), self.score.weight.float(), self.score.bias.float())

    def read_spans(self, tags: Sequence[int]) -> list[Span]:
        """The spans of one document's tag indices."""
        if not any(tags):  # nothing but O, the first tag
            return []
        return self.scheme.decode([self.tags[tag] for tag in tags])


def _note(ledger: Ledger, reason: str, document: Document, span: Span) -> None:
    ledger.note(reason, f"{document.id} {document.cut(span)!r} {span.label}".rstrip())
