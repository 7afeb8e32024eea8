"""Head: what every head does, and what all heads that tag words share. Knows nothing of backbones or files.

A head turns word states into spans, some into relations too. It says beforehand what it can't hold.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from tagwright.errors import ModelError
from tagwright.heads.config import HeadConfig
from tagwright.text.document import Document
from tagwright.text.labels import Labels
from tagwright.text.ledger import Ledger
from tagwright.text.schemes import SCHEMES
from tagwright.text.span import BY_WORDS, Span, find_flat

Target = NDArray[np.int64]
IGNORED = -100


class Head(nn.Module, ABC):
    """states -> spans, and relations between them. Shapes: B pieces or documents, W words, H width of a state.

    given: the parts of a document that it must be shown (see Document.only). predicts: those that it finds.
    tags_words: it gives every word a tag of a scheme.
    """

    labels: Labels
    config: HeadConfig
    given: frozenset[str] = frozenset()
    tags_words: ClassVar[bool] = False

    @property
    def predicts(self) -> frozenset[str]:
        return frozenset(("spans",))

    @classmethod
    @abstractmethod
    def describe(cls, config: HeadConfig) -> str:
        """The head in a few words, for people."""

    @classmethod
    def list_labels(cls, documents: Sequence[Document], config: HeadConfig) -> Labels:
        """The labels that there are to learn in training documents."""
        return Labels.from_documents(documents)

    @abstractmethod
    def note_unheld(self, documents: Sequence[Document], ledger: Ledger) -> None:
        """Note every gold span that this head can't be taught or can't give back, before training."""

    @abstractmethod
    def find_target(self, document: Document) -> Target:
        """What the loss needs of a gold document: an array."""

    def cut_target(self, target: Target, *, first: int, last: int) -> Target:
        """What is left of a document's target in words [first, last)."""
        return target[first:last]

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
        """B W H, stacked targets, B W -> the loss summed over all kept words."""

    @abstractmethod
    def decode(self, states: Tensor, given: Sequence[Document], *, keep: Tensor) -> list[Document]:
        """B W H, B W, the documents with their given parts -> the documents with what is predicted, all with scores."""

    def list_candidates(
        self, states: Tensor, given: Sequence[Document], *, keep: Tensor, least: float
    ) -> list[list[Span]]:
        """For each document the spans that score at least `least`, whether or not `decode` would choose them."""
        raise ModelError(
            f"The head {self.config.name} lists no spans but those it predicts, so there is none to add for a coverage."
        )


class TagHead(Head):
    """A head that gives every word one tag of a scheme: a linear layer over word states."""

    tags_words: ClassVar[bool] = True

    def __init__(self, width: int, labels: Labels, *, config: HeadConfig) -> None:
        super().__init__()
        self.labels, self.config = labels, config
        self.scheme = SCHEMES[config.scheme]
        self.tags = self.scheme.make_tags(labels.names)
        self._index = {tag: index for index, tag in reversed(list(enumerate(self.tags)))}  # O is 0, whatever the labels
        self.dropout = nn.Dropout(config.dropout)
        self.score = nn.Linear(width, len(self.tags))

    @classmethod
    def describe(cls, config: HeadConfig) -> str:
        return f"{config.name}, scheme {config.scheme}"

    def note_unheld(self, documents: Sequence[Document], ledger: Ledger) -> None:
        note_beyond_spans(documents, ledger)
        for document in documents:
            for reason, span in self._list_faults(document):
                note_span(ledger, reason, document=document, span=span)

    def _list_faults(self, document: Document) -> Iterator[tuple[str, Span]]:
        for span in (span for span in document.spans if span.label not in self.labels):
            unknown = f"span with the label {span.label!r}, which training never saw"
            yield unknown if span.label else "span without a label, a tag needs one", span
        flat, overlapping = find_flat([span for span in document.spans if span.label in self.labels])
        for span in overlapping:
            yield "overlapping span, one tag for each word can't hold it", span
        for span in (span for span in flat if span.fragments):
            yield BY_WORDS, span
        for span in self.scheme.find_unheld(flat):
            yield f"span that the scheme {self.scheme.name} can't give back", span

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


def note_span(ledger: Ledger, reason: str, *, document: Document, span: Span) -> None:
    """Note something about a span, with its words and its label."""
    ledger.note(reason, f"{document.id} {document.cut(span)!r} {span.label}".rstrip())


def note_beyond_spans(documents: Sequence[Document], ledger: Ledger) -> None:
    """Note what a head that gives tags to words learns nothing of, and who does."""
    for document in documents:
        if document.relations:
            ledger.note("relation: tags can't hold one, head 'pairs' can", document.id, count=len(document.relations))
        if document.fields:
            ledger.note(
                "field of a dialogue: no tagger holds one, a writer does", document.id, count=len(document.fields)
            )
