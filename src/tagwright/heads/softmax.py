"""SoftmaxHead: every word's tag on its own. Cross-entropy, with class weights and a focal form on request."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from tagwright.heads.config import HeadConfig
from tagwright.heads.head import IGNORED, TagHead
from tagwright.text.document import Document
from tagwright.text.labels import Labels


class SoftmaxHead(TagHead):
    """The likeliest tag of every word; tags that fit no scheme are read by conlleval's rules.

    A span's score is the product of its words' tag probabilities: the probability of just these tags,
    were words independent.
    """

    weights: Tensor

    def __init__(self, width: int, labels: Labels, config: HeadConfig) -> None:
        super().__init__(width, labels, config)
        self.register_buffer("weights", torch.ones(len(self.tags)))

    def loss(self, states: Tensor, keep: Tensor, gold: Tensor) -> Tensor:
        scores = self.emit(states)[keep]
        wanted = gold[keep]
        each = F.cross_entropy(scores, wanted, weight=self.weights, reduction="none", ignore_index=IGNORED)
        if self.config.focal:
            sure = scores.softmax(-1).gather(-1, wanted[:, None]).squeeze(-1)
            each = each * (1 - sure) ** self.config.focal
        return each.sum()

    def decode(self, states: Tensor, keep: Tensor, given: Sequence[Document]) -> list[Document]:
        best, tags = self.emit(states).log_softmax(-1).max(-1)
        chosen = tags.tolist()
        sums = np.pad(np.cumsum(best.double().cpu().numpy(), axis=1), ((0, 0), (1, 0)))
        found = []
        for row, document in enumerate(given):
            spans = self.read_spans(chosen[row][: len(document)])
            scored = (replace(s, score=float(np.exp(sums[row, s.end] - sums[row, s.start]))) for s in spans)
            found.append(replace(document, spans=tuple(scored)))
        return found
