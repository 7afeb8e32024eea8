"""Chain: scores of tags and of the steps between them, and sums over all paths. Knows nothing of schemes or spans.

Sums are taken by matrix products of exp(score - largest): as exact as logsumexp wherever neighbouring scores are less
than some 300 apart, and many times as fast with many tags.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

NEVER = -1e4  # a finite "minus infinity": exp() of it is 0, and no gradient becomes NaN
TINY = 1e-300  # in place of the logarithm of 0


@dataclass
class Chain:
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
            reached = sum_steps(alphas[-1], weights) + self.emissions[:, word]
            alphas.append(torch.where(self.keep[:, word, None], reached, alphas[-1]))
        return torch.stack(alphas, 1)

    def run_backward(self) -> Tensor:
        """B W T: log sums over all paths after each word."""
        weights = self.steps.exp().T
        betas = [self.ends.expand_as(self.emissions[:, 0])]
        for word in range(self.emissions.shape[1] - 1, 0, -1):
            left = sum_steps(self.emissions[:, word] + betas[-1], weights)
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


def sum_steps(scores: Tensor, weights: Tensor) -> Tensor:
    """B T: log sums over all steps from B T scores."""
    largest = scores.detach().amax(-1, keepdim=True)
    return ((scores - largest).exp() @ weights).clamp(min=TINY).log() + largest


def widen(scores: Tensor) -> Tensor:
    return scores.float() if scores.device.type == "mps" else scores.double()  # which knows no float64
