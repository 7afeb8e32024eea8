"""Writer: a language model that labels by writing: sources and targets as tokens, and the loss on targets.

Knows nothing of recipes, files or training, nor how outputs are generated.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from tagwright.backbone.config import BackboneConfig
from tagwright.backbone.dropout import fast_dropout
from tagwright.backbone.language.language import (
    IGNORED,
    LanguageModel,
    load_language,
    restore_language,
    sketch_language,
)
from tagwright.errors import ModelError
from tagwright.formats import FORMATS, TASKS
from tagwright.formats.demonstrations.demonstrations import Demonstration, Demonstrations
from tagwright.formats.format import Format
from tagwright.formats.grammar.lexicon import Lexicon, find_break
from tagwright.formats.grammar.reach import check_names, note_lost
from tagwright.formats.inventory import Inventory
from tagwright.formats.mention import Passage
from tagwright.formats.tasks.leftover import note_leftover
from tagwright.formats.tasks.task import Part
from tagwright.models.config import FROZEN, ROOM, SHOWN, STILL, WriterConfig
from tagwright.models.labeler import OnBackbone, Plan
from tagwright.text.document import Document
from tagwright.text.labels import Labels
from tagwright.text.ledger import Ledger
from tagwright.tokens.align import Ids
from tagwright.tokens.windowed import Windowed
from tagwright.tokens.windows import cut_windows
from tagwright.tuning import TUNINGS, TuningConfig

MARKS = {"\\": "backslash", "[": "open bracket", "]": "close bracket", "|": "bar", "=": "equals"}
ANSWER = "=>"  # between a prompt and its continuation; no word of a source is written so
SCORED = {"relation": ("relations",), "joint-er": ("exact", "relations"), "srl": ("roles",), "dst": ("joint",)}
SCORED |= {"events": ("exact", "roles")}  # all other tasks are of spans
NAMED = 40  # characters of a source, in place of a name
SHARE = 3  # a decoder's windows take one of so many parts of its places; targets that copy need more than sources


@dataclass(frozen=True)
class WriterPlan(Plan):
    """All that is needed to build a writer again, apart from its weights.

    longest: of the targets it was taught. prefix: begins its sources, where its model writes for other tasks too.
    shown: the pairs that one is shown which learns nothing.
    """

    view = "writer"

    inventory: Inventory
    backbone: BackboneConfig
    writer: WriterConfig
    tuning: TuningConfig = TuningConfig()
    longest: int = 0
    prefix: str = ""
    shown: Demonstrations | None = None

    @property
    def known(self) -> Labels:
        inventory = self.inventory
        return Labels((*inventory.spans.labels, *inventory.arguments.labels), tuple(inventory.relations.labels))

    def to_dict(self) -> dict[str, Any]:
        return {
            "writer": self.writer.model_dump(exclude_none=True),
            "inventory": self.inventory.to_dict(),
            "longest": self.longest,
            "prefix": self.prefix,
            **({} if self.shown is None else {"shown": self.shown.to_list()}),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, backbone: BackboneConfig, tuning: TuningConfig) -> Self:
        writer = WriterConfig.model_validate(values["writer"])
        if writer.task not in TASKS or writer.format not in FORMATS:
            raise ValueError(f"no writer with the task {writer.task} and the format {writer.format} is known")
        shown = Demonstrations.from_list(values["shown"]) if "shown" in values else None
        own = {"longest": values["longest"], "prefix": values["prefix"], "shown": shown}
        return cls(Inventory.from_dict(values["inventory"]), backbone, writer, tuning, **own)

    def tell(self) -> str:
        told = f"that writes the format {self.writer.format} for the task {self.writer.task}"
        if self.shown is None:
            return told
        return f"{told}, shown some of {len(self.shown.pairs)} training pairs before each question"

    @property
    def places(self) -> int:
        """The numbers that are to be tokens; with those, a source of words takes two tokens a word at least."""
        return self.backbone.max_tokens // 2 if self.writer.format == "sentinel" else 0

    def load(self, words: Iterable[str] = ()) -> LanguageModel:
        four_bits = TUNINGS[self.tuning.name].needs_four_bits
        return load_language(self.backbone, marks=MARKS, places=self.places, four_bits=four_bits)

    def sketch(self) -> "Writer":
        """A writer without a weight: to see what training would make of documents, before any is loaded."""
        backbone = sketch_language(self.backbone, marks=MARKS, places=self.places)
        self.check_labels()
        return Writer(backbone, self.make_format(), settings=self.writer)

    def check_labels(self) -> None:
        """Refuse to learn where there is nothing to learn."""
        if not any(getattr(self.inventory, names) for names in ("spans", "relations", "arguments", "slots")):
            raise ModelError(
                f"No label to learn: the training documents hold nothing that the task {self.writer.task!r} predicts. "
                "Check the task and the file."
            )

    def make_format(self) -> Format:
        return FORMATS[self.writer.format](TASKS[self.writer.task], self.inventory, prefix=self.prefix)

    def restore(self, folder: Path) -> LanguageModel:
        return restore_language(folder, self.backbone)

    def attach(self, backbone: LanguageModel) -> "Writer":
        return attach_format(self, backbone)


@dataclass(frozen=True, slots=True)
class Question:
    """What a document is asked, ready for a model. count: the tokens of its target, where that is known."""

    document: int
    part: Part
    ids: Ids
    count: int = 0

    def __len__(self) -> int:
        return len(self.ids) + self.count


class Writer(OnBackbone):
    """A language model and the format that it writes.

    shown: where it learns nothing, the pairs of its training documents. Those most like a question stand before it, a
    line for each, so the end of a line ends an answer.
    """

    view = "writer"
    backbone: LanguageModel

    def __init__(
        self,
        backbone: LanguageModel,
        format: Format,
        *,
        settings: WriterConfig,
        longest: int = 0,
        shown: Demonstrations | None = None,
    ) -> None:
        super().__init__()
        self.backbone, self.format, self.settings, self.longest = backbone, format, settings, longest
        self.shown = shown
        end = backbone.end if shown is None else find_break(backbone.tokenizer.tokenizer, instead=backbone.end)
        self.lexicon = Lexicon(backbone.tokenizer.tokenizer, end=end)
        check_names(format.inventory, self.lexicon, model=backbone.config.model)

    @property
    def plan(self) -> WriterPlan:
        own = self.backbone.config, self.settings, self.tuning.config
        prefix = self.format.prefix
        return WriterPlan(self.format.inventory, *own, longest=self.longest, prefix=prefix, shown=self.shown)

    @property
    def tasks(self) -> tuple[str, ...]:
        return (self.format.task.name,)

    @property
    def labels(self) -> Labels:
        return self.plan.known

    @property
    def given(self) -> frozenset[str]:
        return frozenset(self.format.task.given)

    @property
    def predicts(self) -> frozenset[str]:
        return self.format.task.predicts

    @property
    def scored(self) -> tuple[str, ...]:
        return SCORED.get(self.format.task.name, ("exact",))

    def note_unheld(self, documents: Sequence[Document], ledger: Ledger) -> None:
        self.format.note_unheld(documents, ledger)
        note_lost(documents, ledger, lexicon=self.lexicon)
        note_leftover(documents, ledger, task=self.format.task)
        if self.shown is not None and self.shown.pairs:
            self._note_unshown(documents, self.shown, ledger)

    # --- text and tokens ----------------------------------------------------------------------------------------------

    @property
    def most(self) -> int:
        """The tokens of the longest source: half of what a decoder takes, since what it writes has to fit too."""
        return self.backbone.most if self.backbone.is_pair else self.backbone.most // 2

    def cut(self, document: Document) -> Windowed:
        """A document whose source is too long in windows whose sources are not; whole where its task can't be cut."""
        if not self.format.task.can_be_cut or len(document) < 2 or self._count_source(document) <= self.most:
            return Windowed(document)
        written = [self.format.write_words(Passage((word,)), ()) for word in document.words]
        self.lexicon.learn((each.partition(" ")[0] for each in written), is_first=True)  # together, which is quicker
        # any word may begin a window, and has other tokens there: the more of both are counted, so what is cut fits
        sizes = np.array(
            [[len(self.lexicon.spell(each, is_first=first)) for first in (True, False)] for each in written]
        )
        starts = np.concatenate(([0], sizes.max(1).cumsum())).astype(np.int32)
        limit = self._find_limit(document.slice(0, 1), int(sizes[0].min()))
        if limit < 1:
            return Windowed(document)
        overlap = min(self.backbone.config.overlap, limit // 2)
        return Windowed(document, cut_windows(starts, limit=limit, overlap=overlap))

    def _find_limit(self, word: Document, size: int) -> int:
        """How many tokens the words of a window may have, by a document of one word that has so many."""
        beside = self._count_source(word) - size
        limit = (self.most if self.backbone.is_pair else self.backbone.most // SHARE) - beside
        may_write = self.settings.max_target_tokens or ROOM * self.longest  # 0 before it was taught
        copies = self.format.describe(word, Part()).copies
        return min(limit, may_write // ROOM) if may_write and copies else limit

    def _count_source(self, document: Document) -> int:
        ((source, _),) = self.format.ask(document)
        return len(self.encode_source(source))

    @property
    def room(self) -> int:
        """How many tokens may be written, before the end; a decoder's places may be fewer."""
        return self.settings.find_room(self.longest)

    @property
    def _bound(self) -> str:
        """What says how many tokens fit into the model."""
        is_chosen = self.backbone.config.max_tokens <= self.backbone.most
        return "backbone.max_tokens" if is_chosen else "the model takes no more"

    def encode_source(self, text: str) -> Ids:
        """With the special tokens around it; of a decoder, with what asks for the answer."""
        tokenizer = self.backbone.tokenizer
        if self.backbone.is_pair:
            return np.concatenate((tokenizer.before, self.encode(text), tokenizer.after))
        return np.concatenate((tokenizer.before, self.encode(f"{text} {ANSWER}")))

    def encode(self, text: str) -> Ids:
        """The tokens of a written text, without special ones."""
        return np.array(self.lexicon.encode(text), dtype=np.int32)

    # --- showing ------------------------------------------------------------------------------------------------------

    @property
    def demonstrations(self) -> int:
        """How many pairs are shown before a question, where they fit."""
        return 0 if self.shown is None else self.settings.demonstrations or SHOWN

    def show(self, question: Ids, source: str, *, part: Part, ledger: Ledger) -> Ids:
        """A question behind the pairs that are most like it, the likest last; those that don't fit are noted."""
        if self.shown is None:
            return question
        lines: list[Ids] = []
        left = self.backbone.most - len(question) - self.room
        for pair in self.shown.find(source, number=part.number, count=self.demonstrations):
            line = np.append(self.encode(f"{pair.source} {ANSWER} {pair.target}"), np.int32(self.lexicon.end))
            if len(line) > left:
                ledger.note(
                    f"demonstration that didn't fit into {self.backbone.most} tokens ({self._bound}) beside the "
                    f"question and an answer of up to {self.room}: not shown",
                    f"{pair.source[:NAMED]!r}",
                )
                continue
            lines.append(line)
            left -= len(line)
        before = self.backbone.tokenizer.before
        return np.concatenate((before, *reversed(lines), question[len(before) :]))

    def _note_unshown(self, documents: Sequence[Document], shown: Demonstrations, ledger: Ledger) -> None:
        """Note the demonstrations that the questions of gold documents have no place for, of how many."""
        unshown, wanted = Ledger(), 0
        for window in (window for document in documents for window in self.cut(document).slices):
            for source, _, part in self.format.write(window):
                if len(ids := self.encode_source(source)) <= self.most:  # else it isn't asked
                    self.show(ids, source, part=part, ledger=unshown)
                    wanted += len(shown.find(source, number=part.number, count=self.demonstrations))
        for reason, count in unshown.counts.items():
            ledger.note(f"{reason}, of {wanted} ({self.demonstrations} for each question at most)", count=count)

    # --- learning -----------------------------------------------------------------------------------------------------

    def teach(self, documents: Sequence[Document], ledger: Ledger) -> tuple[list[Any], list[Any]]:
        questions, targets, pairs, excess = [], [], [], []
        end = np.array([self.backbone.end], dtype=np.int32)
        for index, document in enumerate(documents):
            name = document.id or f"document {index + 1}"
            windows = self._cut_gold(document, name, ledger)
            written = ((at, pair) for at, each in enumerate(windows, 1) for pair in self.format.write(each))
            for at, (source, target, part) in written:
                ids, gold = self.encode_source(source), np.concatenate((self.encode(target), end))
                if reason := self._find_excess(ids, gold):
                    excess.append((reason, f"{name} window {at} of {len(windows)}" if len(windows) > 1 else name))
                    continue
                questions.append(Question(index, part, ids, len(gold)))
                targets.append(gold)
                pairs.append(Demonstration(source, target, part.number))
        for reason, place in excess:
            ledger.note(f"{reason}, of {len(pairs) + len(excess)} questions", place)
        self.shown = None if self.shown is None else Demonstrations(tuple(pairs))
        self.longest = max(map(len, targets), default=0)
        return questions, targets

    def _cut_gold(self, document: Document, name: str, ledger: Ledger) -> list[Document]:
        cut = self.cut(document)
        if cut.windows:
            ledger.note(f"source of more than {self.most} tokens: taught in windows that overlap", name)
        if split := cut.count_split(self.predicts):
            ledger.note("span or relation that no window shows whole: not taught", name, count=split)
        return cut.slices

    def _find_excess(self, source: Ids, target: Ids) -> str:
        """Why a pair can't be taught; nothing where it can."""
        if len(source) > self.most:
            return f"source of more than {self.most} tokens: not taught ({self._bound})"
        if (room := self.settings.max_target_tokens) is not None and len(target) > room:
            return f"target of more than {room} tokens: not taught (writer.max_target_tokens)"
        if not self.backbone.is_pair and len(source) + len(target) > (most := self.backbone.most):
            shorter = "; the format records has shorter targets" * (self.settings.format == "inline")
            return f"source and target of more than {most} tokens together: not taught ({self._bound}{shorter})"
        return ""

    def collate_gold(self, pieces: Sequence[Any], targets: Sequence[Any]) -> dict[str, Tensor]:
        sources, golds = [piece.ids for piece in pieces], list(targets)
        if not self.backbone.is_pair:
            ignored = [np.full(len(ids), IGNORED) for ids in sources]
            golds = [np.concatenate(pair) for pair in zip(ignored, golds, strict=True)]
            sources = [np.concatenate(pair) for pair in zip(sources, targets, strict=True)]
        ids, attend = _pad(sources, self.backbone.pad)
        counts = torch.tensor([len(target) for target in targets])
        tensors = {"ids": ids, "gold": _pad(golds, IGNORED)[0], "counts": counts}
        return tensors if attend.all() else tensors | {"attend": attend}

    def forward(self, *, ids: Tensor, gold: Tensor, counts: Tensor, attend: Tensor | None = None) -> Tensor:
        """The summed loss, from plain tensors: what trainers call."""
        return self.backbone.lose(ids, gold, attend=attend).sum()

    def lose_each(self, pieces: Sequence[Any], targets: Sequence[Any]) -> Tensor:
        device = next(self.parameters()).device
        batch = {name: tensor.to(device) for name, tensor in self.collate_gold(pieces, targets).items()}
        return self.backbone.lose(batch["ids"], batch["gold"], attend=batch.get("attend"))

    @contextmanager
    def focus(self, pieces: Sequence[Any]) -> Iterator[None]:
        """Dropout is drawn the quick way; embeddings that also write are trained whole."""
        with fast_dropout(self):
            yield


def _pad(rows: Sequence[Ids], filler: int) -> tuple[Tensor, Tensor]:
    """B T: rows of one length, and where they are real."""
    lengths = np.array([len(row) for row in rows])
    ids = np.full((len(rows), lengths.max()), filler, dtype=np.int64)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = row
    return torch.from_numpy(ids), torch.from_numpy(np.arange(ids.shape[1]) < lengths[:, None])


def attach_format(plan: WriterPlan, backbone: LanguageModel) -> Writer:
    """A writer on a language model at hand, with the weights marked that its tuning moves."""
    writer = build_writer(plan, backbone)
    writer.tune(TUNINGS[plan.tuning.name](plan.tuning))
    return writer


def build_writer(plan: WriterPlan, backbone: LanguageModel) -> Writer:
    """A writer on a language model at hand, none of whose weights are marked yet."""
    plan.check_labels()
    if reason := STILL.get(plan.tuning.name):
        raise ModelError(f"The tuning {plan.tuning.name!r} {reason}; a writer has none. Use 'lora' to move little.")
    if plan.tuning.name == FROZEN and backbone.is_pair:
        raise ModelError(
            f"The tuning {FROZEN!r} learns nothing and shows a writer its documents in the prompt; "
            f"{plan.backbone.model} is an encoder-decoder. Take a decoder, or use 'lora' to move little."
        )
    shown = Demonstrations() if plan.shown is None and plan.tuning.name == FROZEN else plan.shown
    return Writer(backbone, plan.make_format(), settings=plan.writer, longest=plan.longest, shown=shown)
