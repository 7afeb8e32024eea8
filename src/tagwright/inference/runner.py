"""Runner: a labeler at work on texts, words or documents. Knows nothing of training, recipes or files to label."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from tagwright.errors import DataError, ModelError, RecipeError
from tagwright.evaluation.calibration.calibration import Calibration
from tagwright.evaluation.calibration.coverage import FLOOR, Proposal
from tagwright.formats.strings.faults import Faults
from tagwright.inference.interview import Interview
from tagwright.models.folder import Origin
from tagwright.models.tagger import Tagger, WordLabeler
from tagwright.models.writing.writers import Writers
from tagwright.text.document import Document
from tagwright.text.joined import join_labels
from tagwright.text.ledger import Ledger
from tagwright.text.span import Span
from tagwright.text.words import make_document
from tagwright.tokens.batch import OnLong, Piece

logger = logging.getLogger(__name__)
Input = str | Sequence[str] | Document
LACKING = "which this labeler is to be given: not asked, so nothing is found"
PADDING = 64  # tokens of a batch at most, on a CPU (docs/log.md has others); an accelerator had rather pad
FORMS = "Give a list of documents; each is a text, a list of words, or a Document."


@dataclass(frozen=True)
class RunnerConfig:
    """How to run: padded tokens per batch, how much is sorted by length at a time, what to do with long documents.

    constrained: a writer chooses from what its format allows; empty leaves it as it was trained to.
    beams: a writer's ways at a time: the most probable output they find is taken; 1 takes the best token each time.
    """

    tokens_per_batch: int = 2048
    documents_at_once: int = 2048
    words_at_once: int = 200_000
    on_long: OnLong = "window"
    constrained: bool | None = None
    beams: int = 1

    def __post_init__(self) -> None:
        if self.beams < 1:
            raise RecipeError(f"beams is {self.beams}; a writer goes at least one way.")


@dataclass(repr=False)
class Runner:
    """Runs a labeler over any number of documents.

    labeler("Text")              a list of span dicts: start, end, label, text, score (characters, end exclusive), and
                                 of a labeler that finds relations those that the span is the head of
    labeler(["Text", "Text"])    a list of such lists; a Document or a list of words may stand for a text
    labeler.predict(documents)   documents in, documents out; strings and lists of words are documents too
    labeler.stream(documents)    the same for any number of documents, in order
    labeler.choose("srl")        of a writer of several tasks: the labeler of that one alone; unless one is named, a
                                 document is asked for all that need no spans, and what is found is put together
    labeler.cover(documents)     with more spans, or for a person, so that the wanted share is covered (see `calibrate`)

    The same spans come out for any batch size, order and padding. With a calibration, scores are probabilities, and
    what lies below its thresholds is left out and counted in the ledger.
    `ledger` counts what could not be held or read; `faults` has the rates of what was wrong with a writer's outputs.
    """

    model: Any
    origin: Origin = field(default_factory=Origin)
    config: RunnerConfig = field(default_factory=RunnerConfig)
    ledger: Ledger = field(default_factory=Ledger)
    faults: Faults = field(default_factory=Faults)
    autocast: torch.dtype | None = None
    calibration: Calibration | None = None

    def __repr__(self) -> str:
        weights = sum(weight.numel() for weight in self.model.parameters()) / 1e6
        model, labels = self.model.backbone.config.model, len(self.model.labels)
        about = ", ".join((model, *self.model.tasks, f"{labels} labels", f"{weights:.1f} million weights"))
        return f"{type(self).__name__}({about}, on {self.device})"

    def __post_init__(self) -> None:
        self.model.eval()

    @property
    def tagger(self) -> Tagger:
        """The model of a labeler that has words read by a head; one that writes has none."""
        if not isinstance(self.model, Tagger):
            raise ModelError(f"This labeler is a {self.model.view}; what was asked of it is for taggers alone.")
        return self.model

    def choose(self, task: str) -> Self:
        """The labeler of one of its tasks, with the same weights, ledger and faults."""
        return replace(self, model=self.model.choose(task))

    def __call__(self, texts: str | Document | Iterable[Input]) -> list[Any]:
        """A text gives its span dicts; several texts give a list of those."""
        if isinstance(texts, str | Document):
            return self._describe(self.predict([texts])[0])
        return [self._describe(document) for document in self.stream(texts)]

    def _describe(self, document: Document) -> list[dict[str, Any]]:
        return describe_spans(document, with_relations="relations" in self.model.predicts)

    def predict(self, documents: Iterable[Input]) -> list[Document]:
        """Label documents; their order is kept, gold labels in them are never looked at."""
        return list(self.stream(documents))

    def stream(self, documents: Iterable[Input]) -> Iterator[Document]:
        """Label any number of documents; memory stays bounded."""
        return (self._calibrate(found) for chunk in self._scan(documents) for found in self._label(chunk))

    def cover(self, documents: Iterable[Input]) -> Iterator[tuple[Document, bool]]:
        """Label documents with more spans than usual: so many that, with the documents that are to be handed to a
        person, the share of gold spans is covered that the labeler was calibrated for.

        Gives each document, and whether it is to be handed over; the labeler's thresholds play no part.
        """
        if self.calibration is None or self.calibration.coverage is None:
            raise ModelError(
                "This labeler was not calibrated for a coverage. Run `tagwright calibrate MODEL DEV --coverage 0.9`."
            )
        calibration = self.calibration
        return (calibration.cover(proposal) for proposal in self.propose(documents))

    def propose(self, documents: Iterable[Input]) -> Iterator[Proposal]:
        """Label documents; beside each, what a coverage goes by: the spans that a head finds possible, or how unlikely
        a writer's answers were. No score is calibrated."""
        if len(tasks := self.model.tasks) > 1:
            raise ModelError(f'Of the tasks {", ".join(tasks)} take one: labeler.choose("{tasks[0]}").')
        return (proposal for chunk in self._scan(documents) for proposal in self._propose(chunk))

    def _propose(self, documents: list[Document]) -> Iterator[Proposal]:
        found, run = self._go(documents, least=FLOOR)
        return map(Proposal, found, run.candidates, run.doubts)

    def _scan(self, documents: Iterable[Input]) -> Iterator[list[Document]]:
        if isinstance(documents, str | bytes | Document | Mapping) or not isinstance(documents, Iterable):
            raise DataError(f"A {type(documents).__name__} is not a list of documents. {FORMS}")
        return self._cut_stream(documents)

    def _calibrate(self, found: Document) -> Document:
        if self.calibration is None:
            return found
        given = len(found.only(self.model.given).spans)  # a labeler puts them first
        return self.calibration.keep(self.calibration.apply(found, given=given), self.ledger, given=given)

    def _cut_stream(self, documents: Iterable[Input]) -> Iterator[list[Document]]:
        """Chunks of documents whose word states fit into memory together."""
        chunk: list[Document] = []
        words = 0
        for item in documents:
            if self.model.given and not isinstance(item, Document):
                given = " and ".join(self.model.given)
                plain = "a text" if isinstance(item, str) else "a list of words"
                raise DataError(
                    f"This labeler is to be given {given}, which {plain} has not. "
                    f"Give Documents with {given}, or a file that has them."
                )
            chunk.append(_as_document(item))
            words += len(chunk[-1])
            if len(chunk) == self.config.documents_at_once or words >= self.config.words_at_once:
                yield chunk
                chunk, words = [], 0
        if chunk:
            yield chunk

    @property
    def device(self) -> torch.device:
        device: torch.device = next(self.model.parameters()).device
        return device

    @property
    def is_exact(self) -> bool:
        """It runs in float32: scores are the same for any batches, to 1e-4."""
        return self.autocast is None and all(weight.dtype == torch.float32 for weight in self.model.parameters())

    def _label(self, documents: list[Document]) -> list[Document]:
        return self._label_for_all(documents) if isinstance(self.model, Writers) else self._go(documents)[0]

    def _go(
        self, documents: list[Document], *, least: float | None = None
    ) -> tuple[list[Document], "_Run | Interview"]:
        """The labelled documents, and the run that found them: with candidates where a least score is given."""
        given = [document.only(self.model.given) for document in documents]
        self._note_lacking(given)
        run = self._begin(given, least=least)
        with torch.inference_mode(), self._precision():
            for pieces in run.rounds():
                self._work(sorted(pieces, key=len, reverse=True), run.label)
        return [_restore(found, document) for found, document in zip(run.found, documents, strict=True)], run

    def _note_lacking(self, given: list[Document]) -> None:
        for document in given:
            for part in self.model.given:
                if not (document.turns if part == "turns" else document.spans):
                    self.ledger.note(f"document without {part}, {LACKING}", document.id)

    def _label_for_all(self, documents: list[Document]) -> list[Document]:
        """The documents with what is found of every task that they may be asked for."""
        suiting = [self.model.list_suiting(document) for document in documents]
        labellings: list[list[Document]] = [[] for _ in documents]
        for task in self.model.tasks:
            own, asked = self.choose(task), [at for at, tasks in enumerate(suiting) if task in tasks]
            if idle := len(documents) - len(asked):
                given = " and ".join(own.model.given)
                reason = f"document not asked for {task!r}, which must be given {given}: to be asked it must be named"
                self.ledger.note(reason, count=idle)
            for at, found in zip(asked, own._label([documents[at] for at in asked]), strict=True):
                labellings[at].append(found)
        return [join_labels(document, found) for document, found in zip(documents, labellings, strict=True)]

    def _begin(self, given: list[Document], *, least: float | None) -> "_Run | Interview":
        if isinstance(self.model, WordLabeler):
            return _Run(self, given, least=least)
        constrained = self.model.settings.constrained if self.config.constrained is None else self.config.constrained
        return Interview(
            self.model,
            given,
            ledger=self.ledger,
            faults=self.faults,
            on_long=self.config.on_long,
            constrained=constrained,
            beams=self.config.beams,
        )

    def _work(self, pieces: list[Any], label: Callable[[list[Any]], None]) -> None:
        """Batch by batch, the largest first: what does not fit shows at once."""
        while pieces:
            batch = self._take_batch(pieces)
            try:
                label(batch)
                del pieces[: len(batch)]
            except (torch.OutOfMemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                self._back_off(batch, error)

    def _take_batch(self, pieces: Sequence[Any]) -> list[Any]:
        """The first pieces, sorted by length, as many as the budget of padded tokens holds and padding is cheap for."""
        longest = len(pieces[0])
        batch = list(pieces[: max(1, self.config.tokens_per_batch // longest)])
        if self.device.type == "cpu" and isinstance(self.model, WordLabeler):
            padding = accumulate(longest - len(piece) for piece in batch)
            batch = batch[: sum(total <= PADDING for total in padding)]
        return batch

    def _back_off(self, batch: Sequence[Any], error: Exception) -> None:
        """Halve the budget after a batch that did not fit, for all that is still to come."""
        if len(batch) == 1:
            raise ModelError(
                f"Out of memory with a single window of {len(batch[0])} tokens. Load the labeler with "
                'dtype="bfloat16", use a machine with more memory, or train with a smaller backbone.max_tokens.'
            ) from error
        tokens = len(batch[0]) * (len(batch) // 2)
        logger.warning(
            "Out of memory with %d documents in a batch: going on with %d tokens at most.", len(batch), tokens
        )
        self.config = replace(self.config, tokens_per_batch=tokens)

    def _precision(self) -> Any:
        if self.autocast is None:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.autocast)


class _Run:
    """One chunk of documents on its way: decodes whole documents at once, gathers the windows of long ones."""

    def __init__(self, runner: Runner, given: list[Document], *, least: float | None) -> None:
        self.least, self.candidates = least, [list[Span]() for _ in given]
        self.doubts = [0.0] * len(given)  # a head says what else is possible instead
        self.tagger, self.device, self.given = runner.model, runner.device, given
        self.found = list(given)  # a document without words stays as it is
        self._pieces: list[Piece] = self.tagger.cut(given, runner.ledger, on_long=runner.config.on_long)
        self._open: dict[int, dict[int, Tensor]] = {}
        self._left = np.bincount([piece.document for piece in self._pieces], minlength=len(given))

    def rounds(self) -> Iterator[list[Piece]]:
        yield self._pieces

    def label(self, pieces: list[Piece]) -> None:
        batch = self.tagger.collate(pieces).to(self.device)
        states = self.tagger.encode(batch)
        if all(piece.count == len(self.given[piece.document]) for piece in pieces):
            self._decode(states, batch.keep, [piece.document for piece in pieces])
            return
        for row, piece in enumerate(pieces):
            # a copy: a view would keep the states of the whole batch in memory
            self._open.setdefault(piece.document, {})[piece.first] = states[row, : piece.count].clone()
        self._decode_complete({piece.document for piece in pieces})

    def _decode_complete(self, indices: Collection[int]) -> None:
        """Decode documents whose windows are all there. Parts are dropped last: out of memory may repeat this."""
        complete = [index for index in sorted(indices) if len(self._open[index]) == self._left[index]]
        for index in complete:
            parts = self._open[index]
            self._decode(*_pad([torch.cat([parts[first] for first in sorted(parts)])]), [index])
        for index in complete:
            del self._open[index]

    def _decode(self, states: Tensor, keep: Tensor, indices: list[int]) -> None:
        whole = [self.given[index] for index in indices]
        for index, document in zip(indices, self.tagger.decode(states, whole, keep=keep), strict=True):
            self.found[index] = document
        if self.least is None:
            return
        found = self.tagger.list_candidates(states, whole, keep=keep, least=self.least)
        for index, spans in zip(indices, found, strict=True):
            self.candidates[index] = spans


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
    raise DataError(f"Can't label a {type(item).__name__}. {FORMS}")


def _restore(found: Document, document: Document) -> Document:
    """Give a labelled document back what the model was not shown and does not predict."""
    return replace(document, spans=found.spans, relations=found.relations, fields=found.fields)


def is_out_of_memory(error: BaseException) -> bool:
    told = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in told or "out of memory" in told


def describe_spans(document: Document, *, with_relations: bool = False) -> list[dict[str, Any]]:
    """A document's spans as plain dicts with character offsets, in the document's order; with the relations that each
    is the head of, whose tails are places in this list."""
    found: list[dict[str, Any]] = []
    for span in document.spans:
        start, end = document.find_chars(span)
        row = {"start": start, "end": end, "label": span.label, "text": document.cut(span), "score": span.score}
        found.append(row | {"relations": []} if with_relations else row)
    for edge in document.relations if with_relations else ():
        row = {"label": edge.label, "tail": edge.tail, "text": found[edge.tail]["text"], "score": edge.score}
        found[edge.head]["relations"].append(row)
    return found
