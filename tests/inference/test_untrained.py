"""What models that have learned nothing write under the constraint: well-formed, aligned and known, of every task."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch

from tagwright.formats import FORMATS, TASKS
from tagwright.formats.strings.faults import CUT_OFF, LOST_TAIL, REPEATED
from tagwright.inference.runner import Runner
from tagwright.models.writing.writer import Writer
from tagwright.text.document import Document
from tagwright.text.relation import Field, Turn
from tagwright.text.span import Span
from tagwright.text.synthetic import make_corpus
from tagwright.text.words import make_document
from taught_writers import make_writer, save_writer
from tiny_writers import make_tokenizer

DOCUMENTS, FEW = 1000, 4  # of each task, shared out among the formats; of each format in the quick tests
LONGEST, ROOM = 12, 600  # words of a document, tokens that may be written: an untrained model goes on and on
MOST_CUT = 0.2  # of the outputs: what was cut off says nothing
SEED = 3  # of weights with which no writer ends at once
HELD = [(task, kind) for task in TASKS for kind in FORMATS if TASKS[task].predicts <= FORMATS[kind].holds]
MODELS = {"inline": "llama", "records": "t5", "sentinel": "llama"}
QUICK = {("relation", "inline"), ("srl", "records"), ("dst", "records"), ("joint-er", "sentinel")}


def tag_words(document: Document) -> Document:
    """Every word has a label, as of parts of speech."""
    labels = ("PROPN" if word.istitle() else "NUM" if word.isdigit() else "NOUN" for word in document.words)
    return document.with_spans([Span(at, at + 1, label) for at, label in enumerate(labels)])


def keep_one_relation(document: Document) -> Document:
    """A relation and its spans, so that one thing is asked."""
    edge = document.relations[0]
    ends = sorted({edge.head, edge.tail})
    moved = replace(edge, head=ends.index(edge.head), tail=ends.index(edge.tail))
    return replace(document, spans=tuple(document.spans[at] for at in ends), relations=(moved,))


def talk(commands: tuple[Document, Document]) -> Document:
    """Two commands are a dialogue: the user says each, their slots are the state, and one value was never said."""
    said = [command.text for command in commands]
    document = make_document(f"{said[0]}\nAnything else?\n{said[1]}")
    starts = [0, document.text.index("\nAnything"), document.text.rindex("\n"), len(document.text)]
    places = [sum(first < start for first, _ in document.offsets) for start in starts]
    turns = tuple(Turn(who, places[at], places[at + 1]) for at, who in enumerate(("USER", "SYSTEM", "USER")))
    state, fields = {"polite": "no"}, list[Field]()
    for turn, command in zip((0, 2), commands, strict=True):
        state |= {span.label: command.cut(span) for span in command.spans}
        fields += [Field(name, (value,), turn) for name, value in state.items()]
    return replace(document, turns=turns, fields=tuple(fields))


def make_dialogues(count: int) -> list[Document]:
    commands = make_short("slots", 2 * count)
    return [talk((commands[2 * at], commands[2 * at + 1])) for at in range(count)]


def make_short(corpus: str, count: int) -> list[Document]:
    """Documents of few words: the longer they are, the longer an untrained model goes on."""
    drawn = make_corpus(corpus, documents=8 * count, seed=5)
    short = (each for each in drawn if len(each) <= LONGEST and (each.relations or corpus != "relations"))
    return list(islice(short, count))


MADE: dict[str, Callable[[int], list[Document]]] = {
    "pos": lambda count: [tag_words(document) for document in make_short("ner", count)],
    "slots": lambda count: make_short("slots", count),
    "joint-er": lambda count: make_short("relations", count),
    "relation": lambda count: [keep_one_relation(document) for document in make_short("relations", count)],
    "srl": lambda count: make_short("roles", count),
    "events": lambda count: make_short("events", count),
    "dst": make_dialogues,
}


def make_untrained(documents: Sequence[Document], place: Path, *, format: str, **settings: Any) -> Writer:
    """A writer whose weights are so random that what it writes varies."""
    model = save_writer(MODELS[format], place, tokenizer=make_tokenizer(), max_position_embeddings=1024)
    writer = make_writer(model, documents, backbone={"max_tokens": 1024}, format=format, **settings)
    torch.manual_seed(SEED)
    for weight in writer.parameters():
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.4)
    return writer


def check_written(task: str, format: str, count: int, place: Path) -> dict[str, float]:
    """Every whole output is read without a fault, but for what no grammar promises (see docs/writer.md)."""
    documents = MADE.get(task, partial(make_short, "ner"))(count)
    runner = Runner(make_untrained(documents, place, task=task, format=format, max_target_tokens=ROOM))
    given = [document.only(runner.model.given) for document in documents]
    found, faults = runner.predict(documents), runner.faults
    parts = [[*each.spans, *each.relations, *each.fields] for each in found]
    new = sum(map(len, parts)) - sum(len(each.spans) for each in given)
    assert [each.words for each in found] == [each.words for each in documents] and faults.outputs >= count
    assert set(faults.having) <= {CUT_OFF, LOST_TAIL, REPEATED}, list(faults.lines())
    assert faults.rate(CUT_OFF) <= MOST_CUT and new >= count / 4
    assert all(reason.startswith("output that is ") for reason in runner.ledger.counts), list(runner.ledger.lines())
    assert all(part.score is None or 0 <= part.score <= 1 for row in parts for part in row)
    return {"outputs": faults.outputs, "parts": new, **{kind: faults.rate(kind) for kind in faults.having}}


@pytest.mark.parametrize(("task", "format"), sorted(QUICK))
def test_an_untrained_model_writes_well_formed(task: str, format: str, tmp_path: Path) -> None:
    check_written(task, format, FEW, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("task", "format"), HELD)
def test_an_untrained_model_writes_a_thousand_documents_of_each_task_well_formed(
    task: str, format: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    formats = sum(task == other for other, _ in HELD)
    for key, value in check_written(task, format, -(-DOCUMENTS // formats), tmp_path).items():
        record_property(key, value)
