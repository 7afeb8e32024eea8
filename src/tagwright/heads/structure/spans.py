"""How likely any stretch of words is a span: cheaply for all, and by label for the few that survive.

Nothing here is as large as all stretches of words times a width or times labels. Knows nothing of documents.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tagwright.heads.structure.beam import Found, Places

SIZE, RANK = 128, 32  # of what is known of a survivor, and of what sorts all candidates
SCALE: float = RANK**-0.5  # of products of so many numbers
RARE = -4.0  # the score all candidates begin with: one in fifty is a span
STEPS = (1, 2, 3, 4, 5, 8, 16, 32, 64, 128)  # where a bucket of lengths begins
BUCKETS = len(STEPS) + 1


def bucket(lengths: Tensor) -> Tensor:
    """The bucket of each length."""
    return torch.bucketize(lengths, torch.tensor(STEPS, device=lengths.device), right=True)


@dataclass
class Sums:
    """Means over any stretch of words, from running sums over all of them: B W D."""

    states: Tensor

    @cached_property
    def running(self) -> Tensor:
        return F.pad(self.states.cumsum(1), (0, 0, 1, 0))

    def average(self, wanted: Found) -> Tensor:
        """N D; zeros where there is no word."""
        row, start, end = wanted
        length = (end - start).clamp(min=1)[:, None]
        found = (self.running[row, end] - self.running[row, start]) / length
        return found.masked_fill((end <= start)[:, None], 0)


@dataclass
class Words:
    """What words say as the first of a span, as its last, and anywhere within; each B W D."""

    first: Tensor
    last: Tensor
    within: Sums


@dataclass
class Borders:
    """What words say of spans that begin and end with them; each B W R, of which the last is a score of its own."""

    opens: Tensor
    closes: Tensor


class SpanReader(nn.Module):
    """What is known of a stretch of words: from its first and its last word, the mean of all, and its length."""

    def __init__(self, width: int, *, dropout: float) -> None:
        super().__init__()
        self.read = nn.Linear(width, 3 * SIZE)
        self.by_length = nn.Embedding(BUCKETS, SIZE)
        self.dropout = nn.Dropout(dropout)

    def look(self, states: Tensor) -> Words:
        first, last, within = self.read(self.dropout(states)).chunk(3, -1)
        return Words(first, last, Sums(within))

    def embed(self, words: Words, places: Places) -> Tensor:
        """N D"""
        row, start, end = places.row, places.start, places.end
        known = words.first[row, start] + words.last[row, end - 1] + words.within.average((row, start, end))
        vectors: Tensor = self.dropout(F.gelu(known + self.by_length(bucket(places.length))))
        return vectors


class SpanScorer(nn.Module):
    """Two scores: of being a span at all, and on top of it one for each label."""

    def __init__(self, width: int, labels: int, *, longest: int, dropout: float) -> None:
        super().__init__()
        self.longest = longest
        self.sort = nn.Linear(width, 2 * (RANK + 1))
        self.rank_by_length = nn.Parameter(torch.full((longest,), RARE))
        self.dropout = nn.Dropout(dropout)
        self.score = nn.Linear(SIZE, labels)
        nn.init.zeros_(self.score.weight)
        nn.init.zeros_(self.score.bias)

    def look(self, states: Tensor) -> Borders:
        return Borders(*self.sort(self.dropout(states)).chunk(2, -1))

    def rank(self, borders: Borders, keep: Tensor) -> Tensor:
        """B W L: the score of each stretch of 1 to L words, by its first word; -inf where it leaves the document."""
        width = keep.shape[1]
        columns = []
        for beyond in range(min(self.longest, width)):  # one length at a time: no B W L R
            scores = _match(borders.opens[:, : width - beyond], borders.closes[:, beyond:])
            columns.append(F.pad(scores.masked_fill(~keep[:, beyond:], -torch.inf), (0, beyond), value=-torch.inf))
        return torch.stack(columns, -1) + self.rank_by_length[: len(columns)]

    def rank_at(self, borders: Borders, places: Places) -> Tensor:
        """N: the same, of some; of given ones too, which may be longer."""
        scores = _match(borders.opens[places.row, places.start], borders.closes[places.row, places.end - 1])
        by_length: Tensor = self.rank_by_length[places.length.clamp(max=self.longest) - 1]
        return scores + by_length

    def classify(self, vectors: Tensor, ranks: Tensor) -> Tensor:
        """N D, N -> N L: scores of labels, each of which may be right."""
        scores: Tensor = self.score(vectors) + ranks[:, None]
        return scores


def _match(one: Tensor, other: Tensor) -> Tensor:
    """The product of two parts, and a score from each alone."""
    return (one[..., :-1] * other[..., :-1]).sum(-1) * SCALE + one[..., -1] + other[..., -1]
