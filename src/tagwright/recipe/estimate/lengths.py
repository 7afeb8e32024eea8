"""Lengths: how many tokens training documents become, cut as training will cut them. Makes no weight."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagwright.backbone.backbone import limit_windows
from tagwright.heads import HEADS
from tagwright.heads.head import note_beyond_spans
from tagwright.models.writing.writer import Writer
from tagwright.recipe.recipe import Recipe
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.tokens.align import WordTokenizer
from tagwright.tokens.batch import Cutter, Piece
from tagwright.training.trainer import encode


@dataclass(frozen=True)
class Answers:
    """What a writer writes. limit: the tokens that an answer may have. taught: the tokens of each target of training.

    dev, test: the tokens of gold's answers, one by one, as they are asked for when a part is scored.
    """

    limit: int
    taught: tuple[int, ...]
    dev: tuple[int, ...]
    test: tuple[int, ...]


@dataclass(frozen=True)
class Measured:
    """tokens: of each window, or of each source with its target. windowed: the documents of which there are several."""

    tokens: NDArray[np.int64]
    windowed: int
    notes: Ledger
    answers: Answers | None = None


def measure_for_tagger(
    recipe: Recipe, documents: Sequence[Document], *, tokenizer: WordTokenizer, most: int
) -> Measured:
    """The windows that a tagger reads; `most` is the longest input of its backbone."""
    ledger, cutter = Ledger(), Cutter(tokenizer, limit_windows(recipe.backbone, tokenizer, most=most))
    if HEADS[recipe.head.name].tags_words:
        note_beyond_spans(documents, ledger)
    pieces = cutter.cut([document.words for document in documents], ledger)
    counts = np.bincount([piece.document for piece in pieces]) if pieces else np.zeros(0)
    lengths = np.array([len(piece) for piece in pieces], dtype=np.int64)
    _note_silent(pieces, documents, ledger)
    return Measured(lengths, int((counts > 1).sum()), ledger)


def measure_for_writer(
    writer: Writer, documents: Sequence[Document], *, dev: Sequence[Document], test: Sequence[Document]
) -> Measured:
    """The sources and targets that a writer is taught, and what it has to write when it is scored."""
    ledger = Ledger()
    writer.note_unheld(documents, ledger)
    taught = encode(writer, documents, ledger=ledger)
    windowed = sum(bool(writer.sources.cut(document).windows) for document in documents)
    counts = tuple(piece.count for piece in taught.pieces)
    answers = Answers(writer.sources.room, counts, dev=_count_gold(writer, dev), test=_count_gold(writer, test))
    return Measured(taught.lengths, windowed, ledger, answers)


def _count_gold(writer: Writer, documents: Sequence[Document]) -> tuple[int, ...]:
    """The tokens of each answer, with its end."""
    sources = writer.sources
    windows = (window for document in documents for window in sources.cut(document).slices)
    return tuple(len(sources.encode(pair.target)) + 1 for window in windows for pair in writer.format.write(window))


def _note_silent(pieces: Sequence[Piece], documents: Sequence[Document], ledger: Ledger) -> None:
    """Note the words that the tokenizer gives no token: the model can't see them."""
    seen = sum(len(np.unique(piece.words[piece.words >= 0])) for piece in pieces)
    silent = sum(len(document) for document in documents) - seen
    if silent:
        ledger.note("word that the tokenizer gives no token", count=silent)
