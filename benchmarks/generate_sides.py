"""The sides of benchmarks/generate.py: ours and transformers', each writing on all of the same sources.

Knows nothing of training, rounds or aims.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

import tagwright
from tagwright.backbone.writing import Memory, Writing
from tagwright.formats.format import Answer
from tagwright.formats.grammar.grammar import Grammar
from tagwright.formats.grammar.lexicon import Lexicon
from tagwright.formats.strings.faults import Faults
from tagwright.inference.generate import Prompt, generate
from tagwright.models.writing.writer import Question, Writer
from tagwright.text.document import Document

BATCH = 16
LOOKUPS = (5, 10, 20)  # proposals of prompt lookup that are tried
TRIED = 10  # documents, about, on which they are
Ids = tuple[int, ...]


@dataclass(frozen=True)
class Scene:
    """A writer, documents, and what each one asks. most: the tokens of an output, the same for all sides."""

    writer: Writer
    documents: list[Document]
    questions: list[Question]
    most: int
    left_out: int

    @classmethod
    def open(cls, writer: Writer, documents: Sequence[Document]) -> "Scene":
        """Sorted by length, for the good of all sides. Documents that don't fit are left out."""
        kept = []
        for document in documents:
            ((source, part),) = writer.format.ask(document.only(()))
            ids = writer.sources.encode_source(source)
            if len(ids) <= writer.sources.most:
                kept.append((document, part, ids))
        kept.sort(key=lambda row: -len(row[2]))
        questions = [Question(at, part, ids) for at, (_, part, ids) in enumerate(kept)]
        writing = make_writing(writer)
        most = min((writing.find_room(ids, writer.sources.room) for _, _, ids in kept), default=0)
        return cls(writer, [row[0] for row in kept], questions, most, len(documents) - len(kept))

    def read(self, outputs: Sequence[Ids]) -> list[Document]:
        """Documents with the spans that were written."""
        found, faults = [], Faults()
        for document, question, ids in zip(self.documents, self.questions, outputs, strict=True):
            answer = Answer(question.part, self.writer.sources.lexicon.read(ids).text)
            found.append(self.writer.format.read(document.only(()), [answer], faults=faults))
        return found

    def score(self, outputs: Sequence[Ids]) -> float:
        return 100 * tagwright.evaluate(self.documents, self.read(outputs), cases=0).score("exact.f1")


# --- the sides -------------------------------------------------------------------------------------------------------


class Counting(Writing):
    """Counts the tokens that are proposed, and how often a row is read on."""

    proposed = reads = 0

    def read(self, memory: Memory, tokens: Sequence[Sequence[int]], **how: Tensor | None) -> Tensor:
        self.proposed += sum(len(row) - 1 for row in tokens)
        self.reads += len(tokens)
        return super().read(memory, tokens, **how)


def make_writing(writer: Writer) -> Counting:
    backbone = writer.backbone
    return Counting(backbone.model, pad=backbone.pad, start=backbone.start)


@dataclass
class Side:
    """One way to write on all sources: `run` gives the outputs, without the end."""

    name: str
    batch: int
    run: Callable[[], list[Ids]]
    seconds: list[float] = field(default_factory=list)
    outputs: list[Ids] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


def write(
    scene: Scene, *, batch: int, ahead: int | None, is_bound: bool = True, counts: dict[str, Any] | None = None
) -> list[Ids]:
    """What ours writes; `counts` is told how many tokens were proposed, and how many of them were right."""
    writer, writing = scene.writer, make_writing(scene.writer)
    lexicon = Lexicon(writer.backbone.tokenizer.tokenizer, end=writer.backbone.end)
    prompts = []
    for question, document in zip(scene.questions, scene.documents, strict=True):
        ids = question.ids.tolist()
        language = writer.format.describe(document.only(()), question.part) if is_bound else None
        prompts.append(Prompt(ids, copy=ids) if language is None else Prompt(ids, Grammar(language, lexicon)))
    written = generate(writing, prompts, end=writer.backbone.end, batch=batch, most=scene.most, ahead=ahead)
    if counts is not None:
        chosen = sum(len(each.ids) + each.is_whole for each in written)  # each time a row is read, one isn't proposed
        counts |= {"proposed": writing.proposed, "kept": chosen - writing.reads}
    return [each.ids for each in written]


def generate_theirs(scene: Scene, *, batch: int, step: int = 1, **how: Any) -> list[Ids]:
    """What transformers' generate writes, on each `step`-th source."""
    backbone, found = scene.writer.backbone, list[Ids]()
    how |= {"max_new_tokens": scene.most, "do_sample": False, "num_beams": 1, "use_cache": True}
    how |= {"eos_token_id": backbone.end, "pad_token_id": backbone.pad}
    how |= {"decoder_start_token_id": backbone.start} if backbone.is_pair else {}
    questions = scene.questions[::step]
    for first in range(0, len(questions), batch):
        rows = [question.ids.tolist() for question in questions[first : first + batch]]
        width = max(map(len, rows))
        ids = torch.full((len(rows), width), backbone.pad)
        attend = torch.zeros_like(ids)
        for at, row in enumerate(rows):
            place = slice(len(row)) if backbone.is_pair else slice(width - len(row), None)
            ids[at, place], attend[at, place] = torch.tensor(row), 1
        with torch.inference_mode():
            outputs = backbone.model.generate(input_ids=ids, attention_mask=attend, **how).tolist()
        found += [cut(output[1 if backbone.is_pair else width :], backbone.end) for output in outputs]
    return found


def cut(ids: Sequence[int], end: int) -> Ids:
    """What stands before the end."""
    return tuple(ids[: ids.index(end)] if end in ids else ids)


def list_sides(scene: Scene, clock: Callable[[], float]) -> list[Side]:
    best = find_lookup(scene, clock)
    lookup = Side("lookup", 1, partial(generate_theirs, scene, batch=1, prompt_lookup_num_tokens=best))
    lookup.facts["setting"] = f"{best} proposals"
    sides = [lookup, Side("greedy", BATCH, partial(generate_theirs, scene, batch=BATCH))]
    ways = [("ours", BATCH, None, True), ("ours, 1", 1, None, True), ("plain", BATCH, 0, True)]
    for name, batch, ahead, is_bound in [*ways, ("free", BATCH, None, False), ("free, 1", 1, None, False)]:
        side = Side(name, batch, list)
        side.run = partial(write, scene, batch=batch, ahead=ahead, is_bound=is_bound, counts=side.facts)
        sides.append(side)
    return sides


def find_lookup(scene: Scene, clock: Callable[[], float]) -> int:
    """The fastest number of proposals; the first one is tried twice, to warm up."""
    step, seconds = max(len(scene.questions) // TRIED, 1), dict[int, float]()
    for size in (LOOKUPS[0], *LOOKUPS):
        began = clock()
        generate_theirs(scene, batch=1, step=step, prompt_lookup_num_tokens=size)
        seconds[size] = clock() - began
    return min(seconds, key=seconds.__getitem__)


@contextmanager
def count_passes(scene: Scene, side: Side) -> Iterator[None]:
    """How often the model is called, and with how many rows in all; not its encoder alone. And the operations of all
    matrix products (`flops`)."""
    side.facts |= {"passes": 0, "rows": 0}

    def count(_: Any, args: Sequence[Any], given: Mapping[str, Any]) -> None:
        ids = given["decoder_input_ids" if scene.writer.backbone.is_pair else "input_ids"]
        side.facts["passes"] += 1
        side.facts["rows"] += len(ids)

    hook = scene.writer.backbone.model.register_forward_pre_hook(count, with_kwargs=True)
    try:
        with FlopCounterMode(display=False) as counter:
            yield
    finally:
        hook.remove()
    side.facts["flops"] = counter.get_total_flops()
