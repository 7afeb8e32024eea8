"""CrfHead: all tags of a document together. A linear-chain CRF with the scheme's constraints and true marginals.

Inside a document no illegal step has any probability. Its edges are free while training, because a window may
begin inside a span, and constrained when tags are chosen.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from tagwright.heads.config import HeadConfig
from tagwright.heads.head import TagHead
from tagwright.text.document import Document
from tagwright.text.labels import Labels
from tagwright.text.span import Span

NEVER = -1e4  # a finite "minus infinity": exp() of it is 0, and no gradient becomes NaN
TINY = 1e-300  # in place of the logarithm of 0


class CrfHead(TagHead):
    """The likeliest tag sequence. A span's score is the marginal probability of its tags, begun and ended there.

    Sums over paths are taken in float64, by matrix products of exp(score - largest): as exact as logsumexp
    wherever neighbouring scores are less than some 300 apart, and many times as fast with many tags.
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
        joins = [[_is_joined(self.scheme.decode([before, after])) for after in tags] for before in tags]
        self.register_buffer("may_follow", torch.tensor(follow), persistent=False)
        self.register_buffer("may_start", torch.tensor([self.scheme.allows(None, t) for t in tags]), persistent=False)
        self.register_buffer("may_end", torch.tensor([self.scheme.allows(t, None) for t in tags]), persistent=False)
        self.register_buffer("continues", torch.tensor(joins), persistent=False)

    def loss(self, states: Tensor, gold: Tensor, *, keep: Tensor) -> Tensor:
        with torch.autocast(states.device.type, enabled=False):
            chain = self._make_chain(states, keep)
            whole = torch.logsumexp(chain.run_forward()[:, -1] + chain.ends, -1)
            return (whole - chain.score_path(gold.clamp(min=0))).sum().float()

    def _make_chain(self, states: Tensor, keep: Tensor) -> "_Chain":
        emissions = _widen(self.emit(states))
        steps = _widen(self.steps).masked_fill(~self.may_follow, NEVER)
        return _Chain(emissions, keep, steps, _widen(self.starts), _widen(self.ends))

    def decode(self, states: Tensor, given: Sequence[Document], *, keep: Tensor) -> list[Document]:
        with torch.autocast(states.device.type, enabled=False):
            chain = self._make_chain(states, keep)
            chain.starts = chain.starts.masked_fill(~self.may_start, NEVER)
            chain.ends = chain.ends.masked_fill(~self.may_end, NEVER)
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


@dataclass
class _Chain:
    """The scores of one batch: `emissions` B W T, `keep` B W, `steps` T T, `starts` T, `ends` T."""

    emissions: Tensor
    keep: Tensor
    steps: Tensor
    starts: Tensor
    ends: Tensor

    @property
    def lengths(self) -> Tensor:
        return self.keep.sum(1)

    def _add_steps(self, tags: Tensor) -> Tensor:
        """B W: the score of each word's tag, with that of the step to it."""
        here = self.emissions.gather(-1, tags[..., None]).squeeze(-1)
        return torch.cat((here[:, :1], here[:, 1:] + self.steps[tags[:, :-1], tags[:, 1:]]), 1)

    def score_path(self, tags: Tensor) -> Tensor:
        """B: the unnormalised log score of one tag sequence for each row."""
        last = tags.gather(1, self.lengths[:, None] - 1).squeeze(1)
        return self.starts[tags[:, 0]] + (self._add_steps(tags) * self.keep).sum(1) + self.ends[last]

    def run_forward(self) -> Tensor:
        """B W T: log sums over all paths up to each word; padding carries the last one on."""
        weights = self.steps.exp()
        alphas = [self.starts + self.emissions[:, 0]]
        for word in range(1, self.emissions.shape[1]):
            reached = _sum_steps(alphas[-1], weights) + self.emissions[:, word]
            alphas.append(torch.where(self.keep[:, word, None], reached, alphas[-1]))
        return torch.stack(alphas, 1)

    def run_backward(self) -> Tensor:
        """B W T: log sums over all paths after each word."""
        weights = self.steps.exp().T
        betas = [self.ends.expand_as(self.emissions[:, 0])]
        for word in range(self.emissions.shape[1] - 1, 0, -1):
            left = _sum_steps(self.emissions[:, word] + betas[-1], weights)
            betas.append(torch.where(self.keep[:, word, None], left, betas[-1]))
        return torch.stack(betas[::-1], 1)

    def find_best(self) -> Tensor:
        """B W: the likeliest tags of each row (Viterbi)."""
        best = [self.starts + self.emissions[:, 0]]
        for word in range(1, self.emissions.shape[1]):
            reached = (best[-1][:, :, None] + self.steps).amax(1) + self.emissions[:, word]
            best.append(torch.where(self.keep[:, word, None], reached, best[-1]))
        path = [(best[-1] + self.ends).argmax(-1)]
        for word in range(len(best) - 1, 0, -1):  # where each came from is asked of the tags on the path only
            came = (best[word - 1] + self.steps.T[path[-1]]).argmax(-1)
            path.append(torch.where(self.keep[:, word], came, path[-1]))
        return torch.stack(path[::-1], 1)

    def find_marginals(self, tags: Tensor, places: Sequence[tuple[int, int, int]], *, continues: Tensor) -> list[float]:
        """P(a span's tags, not carried on at either side), summed over all tags of the other words, for each place."""
        alphas, betas = self.run_forward(), self.run_backward()
        row, start, end = torch.tensor(places, device=tags.device).T
        first, last = tags[row, start], tags[row, end - 1]
        apart = self.steps.masked_fill(continues, NEVER)
        into = torch.logsumexp(alphas[row, start - 1] + apart[:, first].T, -1) + self.emissions[row, start, first]
        into = torch.where(start > 0, into, alphas[row, 0, first])
        path = self._add_steps(tags).cumsum(1)
        after = end.clamp(max=tags.shape[1] - 1)
        out = torch.logsumexp(apart[last] + self.emissions[row, after] + betas[row, after], -1)
        out = torch.where(end < self.lengths[row], out, betas[row, end - 1, last])
        whole = torch.logsumexp(alphas[:, 0] + betas[:, 0], -1)[row]
        log = into + path[row, end - 1] - path[row, start] + out - whole
        scores: list[float] = log.exp().clamp(max=1).tolist()
        return scores


def _sum_steps(scores: Tensor, weights: Tensor) -> Tensor:
    """B T: log sums over all steps from B T scores."""
    largest = scores.detach().amax(-1, keepdim=True)
    return ((scores - largest).exp() @ weights).clamp(min=TINY).log() + largest


def _widen(scores: Tensor) -> Tensor:
    return scores.float() if scores.device.type == "mps" else scores.double()  # which knows no float64


def _is_joined(spans: Sequence[Span]) -> bool:
    return any(len(span) == 2 for span in spans)
