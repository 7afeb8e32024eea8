"""Interview: documents on their way through a writer: asked, answered and read, pass after pass.

Knows nothing of training. What doesn't fit into the model is not asked, and that is noted.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from transformers import GenerationConfig

from tagwright.errors import DataError
from tagwright.formats.format import Answer
from tagwright.formats.strings.faults import CUT_OFF, MEANINGS, Faults
from tagwright.models.writer import Question, Writer, pad
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.tokens.batch import OnLong


class Interview:
    """One chunk of documents. A round is a pass: its questions depend on the answers of those before."""

    def __init__(
        self, writer: Writer, given: Sequence[Document], *, ledger: Ledger, faults: Faults, on_long: OnLong
    ) -> None:
        self.writer, self.ledger, self.faults, self.on_long = writer, ledger, faults, on_long
        self.found = list(given)
        self._written: dict[int, dict[Any, Written]] = defaultdict(dict)

    def rounds(self) -> Iterator[list[Question]]:
        for number in range(self.writer.format.passes):
            self._written.clear()
            yield [question for index in range(len(self.found)) for question in self._ask(index, number)]
            for index, written in self._written.items():
                self._read(index, written)

    def label(self, questions: list[Question]) -> None:
        """Answer some questions."""
        for question, written in zip(questions, write(self.writer, questions), strict=True):
            self._written[question.document][question.part] = written

    def _ask(self, index: int, number: int) -> Iterator[Question]:
        document = self.found[index]
        for source, part in self.writer.format.ask(document, number):
            ids = self.writer.encode_source(source)
            if len(ids) <= self.writer.most:
                yield Question(index, part, ids)
                continue
            name = document.id or f"document {index + 1}"
            if self.on_long == "error":
                raise DataError(
                    f"{name} asks with {len(ids)} tokens, {self.writer.most} fit. Use --on-long window to go on "
                    "without what doesn't fit, or train with a larger backbone.max_tokens."
                )
            self.ledger.note(f"source of more than {self.writer.most} tokens: not asked, so nothing is found", name)

    def _read(self, index: int, written: "dict[Any, Written]") -> None:
        document, faults = self.found[index], Faults()
        parts = [part for _, part in self.writer.format.ask(document, next(iter(written)).number) if part in written]
        answers = [Answer(part, written[part].text) for part in parts]
        self.found[index] = self.writer.format.read(document, answers, faults=faults)
        for each in written.values():
            if not each.is_whole:
                faults.having[CUT_OFF] += 1
                faults.cases[CUT_OFF] += 1
        self.faults.add(faults)
        for kind in faults.having:
            self.ledger.note(f"output that is {kind}: {MEANINGS[kind]}", document.id, count=faults.having[kind])


class Written(NamedTuple):
    """A text that was written; not whole: the longest that is allowed was reached."""

    text: str
    is_whole: bool


def write(writer: Writer, questions: Sequence[Question]) -> list[Written]:
    """What a writer answers, token by token the most probable."""
    backbone = writer.backbone
    rooms = [writer.find_room(question.ids) for question in questions]
    ids, attend = pad([question.ids for question in questions], backbone.pad, left=not backbone.is_pair)
    device = next(writer.parameters()).device
    plain = GenerationConfig(
        max_new_tokens=max(rooms),
        do_sample=False,
        eos_token_id=backbone.end,
        pad_token_id=backbone.pad,
        decoder_start_token_id=backbone.start,
    )
    rows: Any = backbone.model.generate(
        input_ids=ids.to(device), attention_mask=attend.long().to(device), generation_config=plain
    )
    first = 1 if backbone.is_pair else ids.shape[1]
    return [_end(writer, row[first:], room) for row, room in zip(rows, rooms, strict=True)]


def _end(writer: Writer, row: torch.Tensor, room: int) -> Written:
    ids = row[:room].tolist()
    is_whole = writer.backbone.end in ids
    return Written(writer.decode(ids[: ids.index(writer.backbone.end)] if is_whole else ids), is_whole)
