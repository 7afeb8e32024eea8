"""Writer: a language model that labels by writing: what it learns from documents, and the loss on targets.

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
from tagwright.formats.grammar.reach import note_lost
from tagwright.formats.inventory import Inventory
from tagwright.formats.tasks.leftover import note_absent, note_leftover
from tagwright.formats.tasks.task import Part
from tagwright.models.config import FROZEN, STILL, WriterConfig
from tagwright.models.labeler import OnBackbone, Plan
from tagwright.models.writing.sources import Sources
from tagwright.text.document import Document
from tagwright.text.labels import Labels
from tagwright.text.ledger import Ledger
from tagwright.tokens.align import Ids
from tagwright.tuning import TUNINGS, TuningConfig

MARKS = {"\\": "backslash", "[": "open bracket", "]": "close bracket", "|": "bar", "=": "equals"}
SCORED = {"relation": ("relations",), "joint-er": ("exact", "relations"), "srl": ("roles",), "dst": ("joint",)}
SCORED |= {"events": ("exact", "roles")}  # all other tasks are of spans


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
            wanted = " and no ".join(sorted(TASKS[self.writer.task].predicts))
            raise ModelError(
                f"No label to learn: the training documents hold no {wanted}, which the task {self.writer.task!r} "
                "predicts. Check the task and the file; `tagwright inspect FILE` tells what a file holds."
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
    """A language model, the format that it writes, and the sources it writes about (see there)."""

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
        self.backbone, self.format, self.settings = backbone, format, settings
        self.sources = Sources(backbone, format, settings=settings, longest=longest, shown=shown)

    @property
    def plan(self) -> WriterPlan:
        own = self.backbone.config, self.settings, self.tuning.config
        prefix, longest, shown = self.format.prefix, self.sources.longest, self.sources.shown
        return WriterPlan(self.format.inventory, *own, longest=longest, prefix=prefix, shown=shown)

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
        note_lost(documents, ledger, lexicon=self.sources.lexicon)
        note_leftover(documents, ledger, task=self.format.task)
        self.sources.note_unshown(documents, ledger)

    # --- learning -----------------------------------------------------------------------------------------------------

    def teach(self, documents: Sequence[Document], ledger: Ledger) -> tuple[list[Any], list[Any]]:
        note_absent(documents, ledger, task=self.format.task)
        questions, targets, pairs, excess = [], [], [], []
        sources = self.sources
        end = np.array([self.backbone.end], dtype=np.int32)
        for index, document in enumerate(documents):
            name = document.id or f"document {index + 1}"
            windows = self._cut_gold(document, name, ledger)
            written = ((at, pair) for at, each in enumerate(windows, 1) for pair in self.format.write(each))
            for at, (source, target, part) in written:
                ids, gold = sources.encode_source(source), np.concatenate((sources.encode(target), end))
                if reason := self._find_excess(ids, gold):
                    excess.append((reason, f"{name} window {at} of {len(windows)}" if len(windows) > 1 else name))
                    continue
                questions.append(Question(index, part, ids, len(gold)))
                targets.append(gold)
                pairs.append(Demonstration(source, target, part.number))
        for reason, place in excess:
            ledger.note(f"{reason}, of {len(pairs) + len(excess)} questions", place)
        sources.shown = None if sources.shown is None else Demonstrations(tuple(pairs))
        sources.longest = max(map(len, targets), default=0)
        return questions, targets

    def _cut_gold(self, document: Document, name: str, ledger: Ledger) -> list[Document]:
        cut = self.sources.cut(document)
        if cut.windows:
            ledger.note(f"source of more than {self.sources.most} tokens: taught in windows that overlap", name)
        if split := cut.count_split(self.predicts):
            ledger.note("span or relation that no window shows whole: not taught", name, count=split)
        return cut.slices

    def _find_excess(self, source: Ids, target: Ids) -> str:
        """Why a pair can't be taught; nothing where it can."""
        sources = self.sources
        if len(source) > sources.most:
            return f"source of more than {sources.most} tokens: not taught ({sources.bound})"
        if (room := self.settings.max_target_tokens) is not None and len(target) > room:
            return f"target of more than {room} tokens: not taught (writer.max_target_tokens)"
        if not self.backbone.is_pair and len(source) + len(target) > (most := self.backbone.most):
            shorter = "; the format records has shorter targets" * (self.settings.format == "inline")
            return f"source and target of more than {most} tokens together: not taught ({sources.bound}{shorter})"
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
