"""Tagger: a backbone, a fusion of its layers and a head. Knows nothing of recipes, files or training."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tagwright.backbone.backbone import Backbone, load_backbone
from tagwright.backbone.config import BackboneConfig
from tagwright.backbone.dropout import fast_dropout
from tagwright.backbone.fusion import FusionConfig
from tagwright.backbone.fusion.fusion import Fusion, build_fusion
from tagwright.backbone.vocabulary import focused_vocabulary
from tagwright.errors import ModelError
from tagwright.heads import HEADS, HeadConfig
from tagwright.heads.head import Head
from tagwright.models.labeler import Labeler
from tagwright.text.document import Document
from tagwright.text.labels import Labels
from tagwright.text.ledger import Ledger
from tagwright.text.span import Span
from tagwright.tokens.batch import Batch, Counted, Cutter, OnLong, Piece, collate
from tagwright.tuning import TUNINGS, TuningConfig
from tagwright.tuning.tuning import Tuning
from tagwright.tuning.weights import digest_model


@dataclass(frozen=True)
class TaggerPlan:
    """All that is needed to build a tagger again, apart from its weights."""

    labels: Labels
    backbone: BackboneConfig
    head: HeadConfig
    fusion: FusionConfig = FusionConfig()
    tuning: TuningConfig = TuningConfig()


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

    def find_targets(
        self, pieces: Sequence[Piece], documents: Sequence[Document], *, ledger: Ledger | None = None
    ) -> list[Any]:
        cut, whole = self.head.cut_target, [self.head.find_target(document) for document in documents]
        parts = [cut(whole[piece.document], first=piece.first, last=piece.first + piece.count) for piece in pieces]
        lost = sum(map(len, whole)) - sum(map(len, parts))
        if ledger is not None and lost:
            ledger.note("span or relation that no window shows whole: not taught", count=lost)
        return parts

    def stack(self, targets: Sequence[Any]) -> Tensor:
        return self.head.stack(targets)

    def loss(self, batch: Counted, gold: Tensor) -> Tensor:
        return self.head.loss(self.encode(batch), gold, keep=batch.keep)

    def decode(self, states: Tensor, given: Sequence[Document], *, keep: Tensor) -> list[Document]:
        return self.head.decode(states, given, keep=keep)

    def list_candidates(
        self, states: Tensor, given: Sequence[Document], *, keep: Tensor, least: float
    ) -> list[list[Span]]:
        return self.head.list_candidates(states, given, keep=keep, least=least)


class Tagger(WordLabeler):
    """A backbone, whose states are joined by the fusion and read by the head."""

    def __init__(self, backbone: Backbone, head: Head, *, fusion: Fusion) -> None:
        super().__init__()
        self.backbone, self.fusion, self.head = backbone, fusion, head

    def train(self, mode: bool = True) -> "Tagger":
        super().train(mode)
        if not any(weight.requires_grad for weight in self.backbone.parameters()):
            self.backbone.model.eval()  # a frozen backbone gives the same features every time: no dropout
        return self

    def tune(self, tuning: Tuning) -> None:
        model = self.backbone.model
        self.digest = None if tuning.is_whole else digest_model(model, four_bits=tuning.needs_four_bits)
        super().tune(tuning)

    def merge(self) -> None:
        """Become a plain tagger that says the same, all of whose weights are its own."""
        self.tuning.merge(self)
        self.tune(TUNINGS["full"](TuningConfig()))

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

    def settle(self) -> None:
        self.backbone.settle()

    def encode(self, batch: Batch) -> Tensor:
        states: Tensor = self.backbone(batch, self.fusion)
        return states.float()  # heads are small and always work in float32, whatever the backbone's precision


def build_tagger(plan: TaggerPlan, words: Iterable[str] = ()) -> Tagger:
    """Load the backbone and put a fresh fusion and head on it."""
    if not (plan.labels.names or plan.labels.relations):
        raise ModelError("No label to learn: the training documents have no labelled span. Check the tag column.")
    return attach_head(plan, load_backbone(plan.backbone, words, four_bits=TUNINGS[plan.tuning.name].needs_four_bits))


def attach_head(plan: TaggerPlan, backbone: Backbone) -> Tagger:
    """A tagger from a backbone at hand and a fresh fusion and head, with the weights marked that its tuning moves."""
    fusion = build_fusion(plan.fusion, width=backbone.width, depth=backbone.depth)
    tagger = Tagger(backbone, HEADS[plan.head.name](fusion.width, plan.labels, config=plan.head), fusion=fusion)
    tagger.tune(TUNINGS[plan.tuning.name](plan.tuning))
    return tagger
