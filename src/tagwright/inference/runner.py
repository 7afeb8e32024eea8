"""Runner: a labeler at work on texts, words or documents. Knows nothing of training, recipes or files to label."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from tagwright.errors import DataError
from tagwright.models.folder import Origin
from tagwright.models.tagger import Tagger
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.words import make_document
from tagwright.tokens.batch import OnLong, Piece, group

logger = logging.getLogger(__name__)
Input = str | Sequence[str] | Document


@dataclass(frozen=True)
class RunnerConfig:
    """How to run: padded tokens per batch, documents sorted by length at a time, what to do with long ones."""

    tokens_per_batch: int = 4096
    documents_at_once: int = 2048
    on_long: OnLong = "window"


@dataclass
class Runner:
    """Runs a labeler over any number of documents.

    labeler("Text")              a list of span dicts: start, end, label, text, score (characters, end exclusive)
    labeler(["Text", "Text"])    a list of such lists
    labeler.predict(documents)   documents in, documents out; strings and lists of words are documents too
    labeler.stream(documents)    the same for any number of documents, in order

    The same spans come out for any batch size, order and padding.
    """

    tagger: Tagger
    origin: Origin = field(default_factory=Origin)
    config: RunnerConfig = field(default_factory=RunnerConfig)
    ledger: Ledger = field(default_factory=Ledger)
    autocast: torch.dtype | None = None

    def __post_init__(self) -> None:
        self.tagger.eval()

    def __call__(self, texts: str | Iterable[str]) -> list[Any]:
        """A text gives its span dicts; several texts give a list of those."""
        if isinstance(texts, str):
            return describe_spans(self.predict([texts])[0])
        return [describe_spans(document) for document in self.stream(texts)]

    def predict(self, documents: Iterable[Input]) -> list[Document]:
        """Label documents; their order is kept, gold labels in them are never looked at."""
        return list(self.stream(documents))

    def stream(self, documents: Iterable[Input]) -> Iterator[Document]:
        """Label any number of documents; memory stays bounded."""
        inputs = (_as_document(item) for item in documents)
        while chunk := list(islice(inputs, self.config.documents_at_once)):
            yield from self._label(chunk)

    @property
    def device(self) -> torch.device:
        return next(self.tagger.parameters()).device

    def _label(self, documents: list[Document]) -> list[Document]:
        given = [document.only(self.tagger.given) for document in documents]
        pieces = self.tagger.cut(given, self.ledger, on_long=self.config.on_long)
        run = _Run(self, given, pieces)
        pieces.sort(key=len, reverse=True)  # the largest batch first: what does not fit shows at once
        lengths = np.array([len(piece) for piece in pieces], dtype=np.int64)
        pending = [[pieces[i] for i in batch] for batch in group(lengths, tokens=self.config.tokens_per_batch)]
        with torch.inference_mode(), self._precision():
            while pending:
                batch = pending.pop(0)
                try:
                    run.label(batch)
                except (torch.OutOfMemoryError, RuntimeError) as error:
                    if len(batch) == 1 or not _is_out_of_memory(error):
                        raise
                    logger.warning("Out of memory with %d documents in a batch: trying halves.", len(batch))
                    pending[:0] = [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
        return [_restore(found, document) for found, document in zip(run.found, documents, strict=True)]

    def _precision(self) -> Any:
        if self.autocast is None:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.autocast)


class _Run:
    """One chunk of documents on its way: decodes whole documents at once, gathers the windows of long ones."""

    def __init__(self, runner: Runner, given: list[Document], pieces: Sequence[Piece]) -> None:
        self.tagger, self.device, self.given = runner.tagger, runner.device, given
        self.found = list(given)  # a document without words stays as it is
        self._open: dict[int, dict[int, Tensor]] = {}
        self._left = np.bincount([piece.document for piece in pieces], minlength=len(given))

    def label(self, pieces: list[Piece]) -> None:
        batch = self.tagger.collate(pieces).to(self.device)
        states = self.tagger.encode(batch)
        if all(piece.count == len(self.given[piece.document]) for piece in pieces):
            self._decode(states, batch.keep, [piece.document for piece in pieces])
            return
        for row, piece in enumerate(pieces):
            self._open.setdefault(piece.document, {})[piece.first] = states[row, : piece.count]
        self._decode_complete(pieces)

    def _decode_complete(self, pieces: list[Piece]) -> None:
        for index in dict.fromkeys(piece.document for piece in pieces):
            parts = self._open[index]
            if len(parts) == self._left[index]:
                states = torch.cat([parts[first] for first in sorted(parts)])
                del self._open[index]
                self._decode(*_pad([states]), [index])

    def _decode(self, states: Tensor, keep: Tensor, indices: list[int]) -> None:
        whole = [self.given[index] for index in indices]
        for index, document in zip(indices, self.tagger.decode(states, keep, whole), strict=True):
            self.found[index] = document


def _pad(rows: list[Tensor]) -> tuple[Tensor, Tensor]:
    counts = torch.tensor([len(row) for row in rows], device=rows[0].device)
    return pad_sequence(rows, batch_first=True), torch.arange(int(counts.max()), device=counts.device) < counts[:, None]


def _as_document(item: Input) -> Document:
    if isinstance(item, Document):
        return item
    if isinstance(item, str):
        return make_document(item)
    if isinstance(item, Sequence) and all(isinstance(word, str) for word in item):
        return Document.from_words(item)
    raise DataError(f"Can't label a {type(item).__name__}. Give a text, a list of words, or a Document.")


def _restore(found: Document, document: Document) -> Document:
    """Give a labelled document back what the model was not shown and does not predict."""
    return replace(document, spans=found.spans, relations=found.relations, fields=found.fields)


def _is_out_of_memory(error: BaseException) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def describe_spans(document: Document) -> list[dict[str, Any]]:
    """A document's spans as plain dicts with character offsets, in the order of the text."""
    found = []
    for span in document.spans:
        start, end = document.find_chars(span)
        found.append({"start": start, "end": end, "label": span.label, "text": document.cut(span), "score": span.score})
    return found
