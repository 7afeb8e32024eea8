"""CrfHead: all tags of a document together. A linear-chain CRF with the scheme's constraints and true marginals.

Inside a document no illegal step has any probability. Its edges are free while training, because a window may
begin inside a span, and constrained when tags are chosen.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from tagwright.heads.candidates import find_candidates, find_joins
from tagwright.heads.chain import NEVER, Chain, widen
from tagwright.heads.config import HeadConfig
from tagwright.heads.head import TagHead
from tagwright.text.document import Document
from tagwright.text.labels import Labels
from tagwright.text.span import Span


class CrfHead(TagHead):
    """The likeliest tag sequence. A span's score is the marginal probability of its tags, begun and ended there.

    Sums over paths are taken in float64.
    """

    may_follow: Tensor
    may_start: Tensor
    may_end: Tensor
    continues: Tensor

    def __init__(self, width: int, labels: Labels, *, config: HeadConfig) -> None:
        super().__init__(width, labels, config=config)
        tags = self.tags
        self.steps = nn.Parameter(torch.zeros(len(tags), len(tags)))
        self.starts = nn.Parameter(torch.zeros(len(tags)))
        self.ends = nn.Parameter(torch.zeros(len(tags)))
        follow = [[self.scheme.allows(before, after) for after in tags] for before in tags]
        self.register_buffer("may_follow", torch.tensor(follow), persistent=False)
        self.register_buffer("may_start", torch.tensor([self.scheme.allows(None, t) for t in tags]), persistent=False)
        self.register_buffer("may_end", torch.tensor([self.scheme.allows(t, None) for t in tags]), persistent=False)
        self.register_buffer("continues", find_joins(self), persistent=False)

    def loss(self, states: Tensor, gold: Tensor, *, keep: Tensor) -> Tensor:
        with torch.autocast(states.device.type, enabled=False):
            chain = self._make_chain(states, keep)
            whole = torch.logsumexp(chain.run_forward()[:, -1] + chain.ends, -1)
            return (whole - chain.score_path(gold.clamp(min=0))).sum().float()

    def _make_chain(self, states: Tensor, keep: Tensor) -> "Chain":
        emissions = widen(self.emit(states))
        steps = widen(self.steps).masked_fill(~self.may_follow, NEVER)
        return Chain(emissions, keep, steps, widen(self.starts), widen(self.ends))

    def _make_whole(self, states: Tensor, keep: Tensor) -> Chain:
        """A chain with the edges of whole documents."""
        chain = self._make_chain(states, keep)
        chain.starts = chain.starts.masked_fill(~self.may_start, NEVER)
        chain.ends = chain.ends.masked_fill(~self.may_end, NEVER)
        return chain

    def decode(self, states: Tensor, given: Sequence[Document], *, keep: Tensor) -> list[Document]:
        with torch.autocast(states.device.type, enabled=False):
            chain = self._make_whole(states, keep)
            tags = chain.find_best()
            spans = [
                self.read_spans(row[:length]) for row, length in zip(tags.tolist(), chain.lengths.tolist(), strict=True)
            ]
            places = [(row, span.start, span.end) for row, found in enumerate(spans) for span in found]
            scores = iter(chain.find_marginals(tags, places, continues=self.continues) if places else ())
        return [
            replace(document, spans=tuple(replace(span, score=next(scores)) for span in found))
            for document, found in zip(given, spans, strict=True)
        ]

    def list_candidates(
        self, states: Tensor, given: Sequence[Document], *, keep: Tensor, least: float
    ) -> list[list[Span]]:
        with torch.autocast(states.device.type, enabled=False):
            return find_candidates(self._make_whole(states, keep), self, continues=self.continues, least=least)
