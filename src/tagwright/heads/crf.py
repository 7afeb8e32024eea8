"""CrfHead: all tags of a document together. A linear-chain CRF with the scheme's constraints and true marginals.

Inside a document no illegal step has any probability. Its edges are free while training, because a window may
begin inside a span, and constrained when tags are chosen.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from tagwright.heads.config import HeadConfig
from tagwright.heads.head import TagHead
from tagwright.text.document import Document
from tagwright.text.labels import Labels
from tagwright.text.span import Span

NEVER = -1e4  # a finite "minus infinity": exp() of it is 0 in float32, and no gradient becomes NaN


class CrfHead(TagHead):
    """The likeliest tag sequence. A span's score is the marginal probability of its tags, begun and ended there."""

    may_follow: Tensor
    may_start: Tensor
    may_end: Tensor
    continues: Tensor

    def __init__(self, width: int, labels: Labels, config: HeadConfig) -> None:
        super().__init__(width, labels, config)
        tags = self.tags
        self.steps = nn.Parameter(torch.zeros(len(tags), len(tags)))
        self.starts = nn.Parameter(torch.zeros(len(tags)))
        self.ends = nn.Parameter(torch.zeros(len(tags)))
        follow = [[self.scheme.allows(before, after) for after in tags] for before in tags]
        joins = [[_is_joined(self.scheme.decode([before, after])) for after in tags] for before in tags]
        self.register_buffer("may_follow", torch.tensor(follow), persistent=False)
        self.register_buffer("may_start", torch.tensor([self.scheme.allows(None, t) for t in tags]), persistent=False)
        self.register_buffer("may_end", torch.tensor([self.scheme.allows(t, None) for t in tags]), persistent=False)
        self.register_buffer("continues", torch.tensor(joins), persistent=False)

    @property
    def _steps(self) -> Tensor:
        return self.steps.float().masked_fill(~self.may_follow, NEVER)

    def loss(self, states: Tensor, keep: Tensor, gold: Tensor) -> Tensor:
        with torch.autocast(states.device.type, enabled=False):
            emissions = self.emit(states.float())
            paths = self._score_path(emissions, keep, gold.clamp(min=0))
            alphas = self._run_forward(emissions, keep, self.starts.float())
            return (torch.logsumexp(alphas[:, -1] + self.ends.float(), -1) - paths).sum()

    def _score_path(self, emissions: Tensor, keep: Tensor, tags: Tensor) -> Tensor:
        """B: the unnormalised log score of one tag sequence for each row."""
        here = emissions.gather(-1, tags[..., None]).squeeze(-1)
        steps = self._steps[tags[:, :-1], tags[:, 1:]]
        last = tags.gather(1, keep.sum(1, keepdim=True) - 1).squeeze(1)
        inner = (here * keep).sum(1) + (steps * keep[:, 1:]).sum(1)
        return self.starts.float()[tags[:, 0]] + inner + self.ends.float()[last]

    def _run_forward(self, emissions: Tensor, keep: Tensor, starts: Tensor) -> Tensor:
        """B W T: log sums over all paths up to each word; padding carries the last one on."""
        steps = self._steps
        alphas = [starts + emissions[:, 0]]
        for word in range(1, emissions.shape[1]):
            reached = torch.logsumexp(alphas[-1][:, :, None] + steps, 1) + emissions[:, word]
            alphas.append(torch.where(keep[:, word, None], reached, alphas[-1]))
        return torch.stack(alphas, 1)

    def _run_backward(self, emissions: Tensor, keep: Tensor, ends: Tensor) -> Tensor:
        """B W T: log sums over all paths after each word."""
        steps = self._steps
        betas = [ends.expand(emissions.shape[0], -1)]
        for word in range(emissions.shape[1] - 1, 0, -1):
            left = torch.logsumexp(steps + (emissions[:, word] + betas[-1])[:, None, :], 2)
            betas.append(torch.where(keep[:, word, None], left, betas[-1]))
        return torch.stack(betas[::-1], 1)

    def _edges(self) -> tuple[Tensor, Tensor]:
        """Start and end scores with the scheme's constraints at a document's edges."""
        starts = self.starts.float().masked_fill(~self.may_start, NEVER)
        return starts, self.ends.float().masked_fill(~self.may_end, NEVER)

    def decode(self, states: Tensor, keep: Tensor, given: Sequence[Document]) -> list[Document]:
        with torch.autocast(states.device.type, enabled=False):
            emissions = self.emit(states.float())
        starts, ends = self._edges()
        rows = self._find_best(emissions, keep, starts, ends)
        spans = [self.read_spans(row[: len(document)]) for row, document in zip(rows, given, strict=True)]
        if any(spans):
            alphas = self._run_forward(emissions, keep, starts)
            betas = self._run_backward(emissions, keep, ends)
            for row, found in enumerate(spans):
                chain = _Chain(emissions[row], alphas[row], betas[row], rows[row], min(len(given[row]), len(rows[row])))
                spans[row] = [replace(span, score=self._find_marginal(chain, span)) for span in found]
        return [replace(document, spans=tuple(found)) for document, found in zip(given, spans, strict=True)]

    def _find_best(self, emissions: Tensor, keep: Tensor, starts: Tensor, ends: Tensor) -> list[list[int]]:
        """Viterbi: the likeliest tags of each row."""
        steps, best = self._steps, starts + emissions[:, 0]
        stay = torch.arange(len(self.tags), device=emissions.device).expand_as(best)
        back = []
        for word in range(1, emissions.shape[1]):
            scores, came = (best[:, :, None] + steps).max(1)
            on = keep[:, word, None]
            best = torch.where(on, scores + emissions[:, word], best)
            back.append(torch.where(on, came, stay))
        at = (best + ends).argmax(-1)
        path = [at]
        for came in reversed(back):
            at = came.gather(1, at[:, None]).squeeze(1)
            path.append(at)
        rows: list[list[int]] = torch.stack(path[::-1], 1).tolist()
        return rows

    def _find_marginal(self, chain: "_Chain", span: Span) -> float:
        """P(the span's tags, not continued on either side), summed over all tags of the other words."""
        steps, tags = self._steps, chain.tags
        first, last = tags[span.start], tags[span.end - 1]
        if span.start:
            before = chain.alphas[span.start - 1] + steps[:, first]
            into = torch.logsumexp(before.masked_fill(self.continues[:, first], NEVER), 0)
            total = into + chain.emissions[span.start, first]
        else:
            total = chain.alphas[0, first]
        for word in range(span.start + 1, span.end):
            total = total + steps[tags[word - 1], tags[word]] + chain.emissions[word, tags[word]]
        if span.end < chain.length:
            after = steps[last] + chain.emissions[span.end] + chain.betas[span.end]
            total = total + torch.logsumexp(after.masked_fill(self.continues[last], NEVER), 0)
        else:
            total = total + chain.betas[span.end - 1, last]
        whole = torch.logsumexp(chain.alphas[0] + chain.betas[0], 0)
        return float((total - whole).exp().clamp(max=1))


class _Chain:
    """One row of a decoded batch: W T scores, its tags and its number of words."""

    def __init__(self, emissions: Tensor, alphas: Tensor, betas: Tensor, tags: list[int], length: int) -> None:
        self.emissions, self.alphas, self.betas, self.tags, self.length = emissions, alphas, betas, tags, length


def _is_joined(spans: Sequence[Span]) -> bool:
    return any(len(span) == 2 for span in spans)
