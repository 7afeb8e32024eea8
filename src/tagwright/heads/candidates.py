"""Candidates: all spans that tags of words might say, with the probability of each. Knows nothing of models.

A candidate's score is that of its tags, begun and ended there, over all tags of the other words.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from tagwright.heads.chain import NEVER, Chain, sum_steps
from tagwright.heads.head import TagHead
from tagwright.text.span import Span


def find_joins(head: TagHead) -> Tensor:
    """T T: the second tag carries on the span of the first."""
    joins = [[_is_joined(head.scheme.decode([before, after])) for after in head.tags] for before in head.tags]
    return torch.tensor(joins)


def _is_joined(spans: Sequence[Span]) -> bool:
    return any(len(span) == 2 for span in spans)


@dataclass(frozen=True)
class _Tags:
    """Tag numbers of a label: of a span of one word, and of the first, the inner and the last word of longer ones."""

    single: int
    longer: tuple[int, int, int] | None

    @classmethod
    def find(cls, head: TagHead, label: str) -> "_Tags":
        single, longer = (_encode(head, Span(0, length, label)) for length in (1, 3))
        return cls(single[0] if single else 0, (longer[0], longer[1], longer[2]) if longer else None)


def _encode(head: TagHead, span: Span) -> list[int]:
    """The tags of a document that is one span; none where the scheme can't hold it."""
    if head.scheme.find_unheld([span]):
        return []
    return [head.tags.index(tag) for tag in head.scheme.encode([span], len(span))]


class _Sums:
    """Log sums over all paths that begin or end a span at a word with a tag: `into` and `out`, each B W T."""

    def __init__(self, chain: Chain, continues: Tensor, *, least: float) -> None:
        self.chain, self.least = chain, least
        alphas, self.betas = chain.run_forward(), chain.run_backward()
        whole = torch.logsumexp(alphas[:, 0] + self.betas[:, 0], -1)[:, None, None]
        self.likely = ((alphas + self.betas - whole).exp() >= least) & chain.keep[..., None]
        apart, emissions, keep = chain.steps.masked_fill(continues, NEVER).exp(), chain.emissions, chain.keep
        into = sum_steps(alphas[:, :-1], apart) + emissions[:, 1:]
        out = sum_steps(emissions[:, 1:] + self.betas[:, 1:], apart.T)
        self.into = torch.cat((alphas[:, :1], into), 1) - whole
        self.out = torch.cat((torch.where(keep[:, 1:, None], out, self.betas[:, :-1]), self.betas[:, -1:]), 1)

    def list_single(self, tag: int) -> Iterator[tuple[Tensor, ...]]:
        row, at = self.likely[..., tag].nonzero(as_tuple=True)
        yield row, at, at + 1, self.into[row, at, tag] + self.out[row, at, tag]

    def list_longer(self, tags: tuple[int, int, int]) -> Iterator[tuple[Tensor, ...]]:
        """Spans of two words, then of three, and so on, until none is likely enough to go on."""
        first, inner, last = tags
        emissions, steps, lengths = self.chain.emissions, self.chain.steps, self.chain.lengths
        row, start = self.likely[..., first].nonzero(as_tuple=True)
        total, end, before = self.into[row, start, first], start + 1, first
        while len(row):
            on = end < lengths[row]
            row, start, end, total = row[on], start[on], end[on], total[on]
            closed = total + steps[before, last] + emissions[row, end, last] + self.out[row, end, last]
            yield row, start, end + 1, closed
            total = total + steps[before, inner] + emissions[row, end, inner]
            on = (total + self.betas[row, end, inner]).exp() >= self.least
            row, start, end, total, before = row[on], start[on], end[on] + 1, total[on], inner


def find_candidates(chain: Chain, head: TagHead, *, continues: Tensor, least: float) -> list[list[Span]]:
    """For each document the spans, of any label, that score at least `least`."""
    sums = _Sums(chain, continues, least=least)
    found: list[list[Span]] = [[] for _ in range(len(chain.keep))]
    for label in head.labels:
        tags = _Tags.find(head, label)
        parts = [*(sums.list_single(tags.single) if tags.single else ())]
        parts += sums.list_longer(tags.longer) if tags.longer else ()
        for row, start, end, score in parts:
            chance = score.exp().clamp(max=1)
            columns = (column[chance >= least].tolist() for column in (row, start, end, chance))
            for at, first, last, said in zip(*columns, strict=True):
                found[at].append(Span(first, last, label, said))
    return found
