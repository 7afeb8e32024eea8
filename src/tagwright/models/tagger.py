"""Tagger: a backbone, a fusion of its layers and a head. Knows nothing of recipes, files or training."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from tagwright.backbone.backbone import Backbone, load_backbone, restore_backbone
from tagwright.backbone.config import BackboneConfig
from tagwright.backbone.dropout import fast_dropout
from tagwright.backbone.fusion import FUSIONS, FusionConfig
from tagwright.backbone.fusion.fusion import Fusion, build_fusion
from tagwright.backbone.vocabulary import focused_vocabulary
from tagwright.errors import ModelError
from tagwright.heads import HEADS, HeadConfig
from tagwright.heads.head import Head
from tagwright.models.labeler import Labeler, OnBackbone, Plan
from tagwright.text.document import Document
from tagwright.text.labels import Labels
from tagwright.text.ledger import Ledger
from tagwright.text.schemes import SCHEMES
from tagwright.text.span import Span
from tagwright.tokens.batch import Batch, Counted, Cutter, OnLong, Piece, collate
from tagwright.tuning import TUNINGS, TuningConfig

SCORED = {"spans": "exact", "relations": "relations"}  # what a head predicts, and the scores of it


@dataclass(frozen=True)
class TaggerPlan(Plan):
    """All that is needed to build a tagger again, apart from its weights."""

    view = "tagger"

    labels: Labels
    backbone: BackboneConfig
    head: HeadConfig
    fusion: FusionConfig = FusionConfig()
    tuning: TuningConfig = TuningConfig()

    @property
    def known(self) -> Labels:
        return self.labels

    def to_dict(self) -> dict[str, Any]:
        return {"head": self.head.model_dump(), "fusion": self.fusion.model_dump()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, backbone: BackboneConfig, tuning: TuningConfig) -> Self:
        head = HeadConfig.model_validate(values["head"])
        fusion = FusionConfig.model_validate(values.get("fusion", {}))  # folders of before fusions lack it
        if head.name not in HEADS:
            raise ValueError(f"no tagger with the head {head.name} is known")
        if HEADS[head.name].tags_words and head.scheme not in SCHEMES:
            raise ValueError(f"no tagger with the head {head.name} and the scheme {head.scheme} is known")
        if fusion.name not in FUSIONS:
            raise ValueError(f"no fusion {fusion.name} is known")
        labels = Labels(tuple(values["labels"]), tuple(values.get("relations", ())))
        return cls(labels, backbone, head, fusion, tuning)

    def tell(self) -> str:
        return f"with the head {HEADS[self.head.name].describe(self.head)}, and the fusion {self.fusion.name}"

    def load(self, words: Iterable[str] = ()) -> Backbone:
        return load_backbone(self.backbone, words, four_bits=TUNINGS[self.tuning.name].needs_four_bits)

    def restore(self, folder: Path) -> Backbone:
        return restore_backbone(folder, self.backbone)

    def attach(self, backbone: Backbone) -> "Tagger":
        return attach_head(self, backbone)


class WordLabeler(Labeler):
    """States of words joined by a fusion, spans from a head; wherever the states come from."""

    view = "tagger"
    fusion: Fusion
    head: Head

    @property
    def labels(self) -> Labels:
        return self.head.labels

    @property
    def given(self) -> frozenset[str]:
        return self.head.given

    @property
    def predicts(self) -> frozenset[str]:
        return self.head.predicts

    @property
    def scored(self) -> tuple[str, ...]:
        return tuple(group for part, group in SCORED.items() if part in self.predicts)

    def note_unheld(self, documents: Sequence[Document], ledger: Ledger) -> None:
        self.head.note_unheld(documents, ledger)

    def learn_weights(self, targets: Sequence[Any]) -> None:
        self.head.learn_weights(targets)

    @abstractmethod
    def cut(self, documents: Sequence[Document], ledger: Ledger, *, on_long: OnLong = "window") -> list[Piece]:
        """Encode documents and cut them into pieces that fit the model."""

    @abstractmethod
    def collate(self, pieces: Sequence[Piece]) -> Any:
        """Pad pieces into one batch: a dataclass of tensors, of those that `forward` takes."""

    @abstractmethod
    def encode(self, batch: Any) -> Tensor:
        """B W H, float32: a state for every word of one batch."""

    def teach(self, documents: Sequence[Document], ledger: Ledger) -> tuple[list[Any], list[Any]]:
        pieces = self.cut(documents, ledger)
        return pieces, self.find_targets(pieces, documents, ledger=ledger)

    def find_targets(
        self, pieces: Sequence[Piece], documents: Sequence[Document], *, ledger: Ledger | None = None
    ) -> list[Any]:
        """What the loss needs of the gold documents, for every piece; notes what lies in no piece as a whole."""
        cut, whole = self.head.cut_target, [self.head.find_target(document) for document in documents]
        parts = [cut(whole[piece.document], first=piece.first, last=piece.first + piece.count) for piece in pieces]
        lost = sum(map(len, whole)) - sum(map(len, parts))
        if ledger is not None and lost:
            ledger.note("span or relation that no window shows whole: not taught", count=lost)
        return parts

    def stack(self, targets: Sequence[Any]) -> Tensor:
        """Targets of one batch, padded."""
        return self.head.stack(targets)

    def collate_gold(self, pieces: Sequence[Any], targets: Sequence[Any]) -> dict[str, Tensor]:
        batch = self.collate(pieces)
        tensors = {field.name: getattr(batch, field.name) for field in fields(batch)}
        return {name: each for name, each in tensors.items() if each is not None} | {"gold": self.stack(targets)}

    def loss(self, batch: Counted, gold: Tensor) -> Tensor:
        """The loss summed over the labelled words of one batch."""
        return self.head.loss(self.encode(batch), gold, keep=batch.keep)

    def lose_each(self, pieces: Sequence[Any], targets: Sequence[Any]) -> Tensor:
        device = next(self.parameters()).device
        batch = self.collate(pieces).to(device)
        states, losses = self.encode(batch), []
        for row, (piece, target) in enumerate(zip(pieces, targets, strict=True)):
            own, gold = slice(row, row + 1), self.stack([target]).to(device)
            losses.append(self.head.loss(states[own, : piece.count], gold, keep=batch.keep[own, : piece.count]))
        return torch.stack(losses)

    def decode(self, states: Tensor, given: Sequence[Document], *, keep: Tensor) -> list[Document]:
        """Word states of whole documents -> the documents with their predicted parts."""
        return self.head.decode(states, given, keep=keep)

    def list_candidates(
        self, states: Tensor, given: Sequence[Document], *, keep: Tensor, least: float
    ) -> list[list[Span]]:
        return self.head.list_candidates(states, given, keep=keep, least=least)


class Tagger(WordLabeler, OnBackbone):
    """A backbone, whose states are joined by the fusion and read by the head."""

    def __init__(self, backbone: Backbone, head: Head, *, fusion: Fusion) -> None:
        super().__init__()
        self.backbone, self.fusion, self.head = backbone, fusion, head

    def train(self, mode: bool = True) -> "Tagger":
        super().train(mode)
        if not any(weight.requires_grad for weight in self.backbone.parameters()):
            self.backbone.model.eval()  # a frozen backbone gives the same features every time: no dropout
        return self

    @property
    def plan(self) -> TaggerPlan:
        own = self.head.config, self.fusion.config, self.tuning.config
        return TaggerPlan(self.labels, self.backbone.config, *own)

    def cut(self, documents: Sequence[Document], ledger: Ledger, *, on_long: OnLong = "window") -> list[Piece]:
        cutter = Cutter(self.backbone.tokenizer, self.backbone.find_limits(on_long))
        names = [document.id or f"document {index + 1}" for index, document in enumerate(documents)]
        return cutter.cut([document.words for document in documents], ledger, names=names)

    def collate(self, pieces: Sequence[Piece]) -> Batch:
        return collate(pieces, self.backbone.tokenizer.pad_id)

    def forward(
        self, *, ids: Tensor, words: Tensor, counts: Tensor, gold: Tensor, attend: Tensor | None = None
    ) -> Tensor:
        """The summed loss, from plain tensors: what trainers call."""
        return self.loss(Batch(ids, attend, words, counts), gold)

    @contextmanager
    def focus(self, pieces: Sequence[Piece]) -> Iterator[None]:
        """Only the embedding rows of these pieces' tokens are trained, and dropout is drawn the quick way."""
        ids = np.concatenate([[self.backbone.tokenizer.pad_id], *(piece.ids for piece in pieces)])
        live = torch.from_numpy(ids.astype(np.int64))
        with focused_vocabulary(self.backbone.model, live), fast_dropout(self):
            yield

    def encode(self, batch: Batch) -> Tensor:
        states: Tensor = self.backbone(batch, self.fusion)
        return states.float()  # heads are small and always work in float32, whatever the backbone's precision


def build_tagger(plan: TaggerPlan, words: Iterable[str] = ()) -> Tagger:
    """Load the backbone and put a fresh fusion and head on it."""
    if not (plan.labels.names or plan.labels.relations):
        raise ModelError("No label to learn: the training documents have no labelled span. Check the tag column.")
    return attach_head(plan, plan.load(words))


def attach_head(plan: TaggerPlan, backbone: Backbone) -> Tagger:
    """A tagger from a backbone at hand and a fresh fusion and head, with the weights marked that its tuning moves."""
    fusion = build_fusion(plan.fusion, width=backbone.width, depth=backbone.depth)
    tagger = Tagger(backbone, HEADS[plan.head.name](fusion.width, plan.labels, config=plan.head), fusion=fusion)
    tagger.tune(TUNINGS[plan.tuning.name](plan.tuning))
    return tagger
