"""SoftmaxHead: every word's tag on its own. Cross-entropy, with class weights and a focal form on request."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from tagwright.heads.candidates import find_candidates, find_joins
from tagwright.heads.chain import Chain, widen
from tagwright.heads.config import HeadConfig
from tagwright.heads.head import IGNORED, TagHead, Target
from tagwright.text.document import Document
from tagwright.text.labels import Labels
from tagwright.text.span import Span


class SoftmaxHead(TagHead):
    """The likeliest tag of every word; tags that fit no scheme are read by conlleval's rules.

    A span's score is the product of its words' tag probabilities: the probability of just these tags,
    were words independent.
    """

    weights: Tensor

    def __init__(self, width: int, labels: Labels, *, config: HeadConfig) -> None:
        super().__init__(width, labels, config=config)
        self.register_buffer("weights", torch.ones(len(self.tags)))

    def learn_weights(self, targets: Sequence[Target]) -> None:
        """`balanced`: the inverse frequency of a tag, 1 on average over the words; 1 for a tag that never comes."""
        if self.config.class_weights == "none":
            return
        counts = np.bincount(np.concatenate(targets), minlength=len(self.tags))
        seen = np.count_nonzero(counts)
        weights = np.where(counts > 0, counts.sum() / (seen * np.maximum(counts, 1)), 1.0)
        self.weights.copy_(torch.from_numpy(weights))

    def loss(self, states: Tensor, gold: Tensor, *, keep: Tensor) -> Tensor:
        scores = self.emit(states)[keep]
        wanted = gold[keep]
        each = F.cross_entropy(scores, wanted, weight=self.weights.float(), reduction="none", ignore_index=IGNORED)
        if self.config.focal:
            sure = scores.softmax(-1).gather(-1, wanted[:, None]).squeeze(-1)
            each = each * (1 - sure).clamp(min=1e-7) ** self.config.focal  # a root has no finite slope at 0
        return each.sum()

    def decode(self, states: Tensor, given: Sequence[Document], *, keep: Tensor) -> list[Document]:
        best, tags = self.emit(states).log_softmax(-1).max(-1)
        chosen = tags.tolist()
        sums = np.pad(np.cumsum(best.detach().cpu().double().numpy(), axis=1), ((0, 0), (1, 0)))
        lengths = keep.sum(1).tolist()
        found = []
        for row, document in enumerate(given):
            spans = self.read_spans(chosen[row][: lengths[row]])
            scored = (replace(s, score=float(np.exp(sums[row, s.end] - sums[row, s.start]))) for s in spans)
            found.append(replace(document, spans=tuple(scored)))
        return found

    def list_candidates(
        self, states: Tensor, given: Sequence[Document], *, keep: Tensor, least: float
    ) -> list[list[Span]]:
        """Scored as a CRF's are: of just these tags, begun and ended there."""
        with torch.autocast(states.device.type, enabled=False):
            emissions = widen(self.emit(states).log_softmax(-1))
            free = torch.zeros_like(emissions[0, 0])
            chain = Chain(emissions, keep, free.new_zeros(len(free), len(free)), free, free)
            return find_candidates(chain, self, continues=find_joins(self).to(states.device), least=least)
