"""EdgeScorer: how likely two spans have any relation, cheaply for all pairs, and by label for the few that survive.

All pairs are never there at once: they are ranked a block of heads at a time. Knows nothing of documents.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from tagwright.heads.structure.beam import Places, keep_best
from tagwright.heads.structure.spans import BUCKETS, RANK, SCALE, SIZE, Sums, bucket

SELDOM = -2.0  # the score all pairs begin with
BLOCK = 64  # heads that are ranked at a time


@dataclass
class Ends:
    """What spans say as ends of relations; N is the number of spans in the batch."""

    places: Places
    vectors: Tensor  # N D
    asks: Tensor  # N R, of heads
    answers: Tensor  # N R, of tails


class EdgeScorer(nn.Module):
    """Two scores: of having a relation at all, and on top of it one for each label."""

    def __init__(self, width: int, labels: int, *, dropout: float) -> None:
        super().__init__()
        self.sort = nn.Linear(SIZE, 2 * RANK)
        self.rank_by_distance = nn.Parameter(torch.full((2 * BUCKETS,), SELDOM))
        self.head, self.tail = nn.Linear(SIZE, SIZE), nn.Linear(SIZE, SIZE, bias=False)
        self.between = nn.Linear(width, SIZE, bias=False)
        self.by_distance = nn.Embedding(2 * BUCKETS, SIZE)
        self.dropout = nn.Dropout(dropout)
        self.score = nn.Linear(SIZE, labels)
        nn.init.zeros_(self.score.weight)
        nn.init.zeros_(self.score.bias)

    def look(self, places: Places, vectors: Tensor) -> Ends:
        asks, answers = self.sort(vectors).chunk(2, -1)
        return Ends(places, vectors, asks, answers)

    @torch.no_grad()
    def select(self, ends: Ends, *, heads: Tensor, tails: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        """The likeliest pairs of each row, as many as `counts` (B) say; `heads` and `tails` are masks of the spans."""
        batch = len(counts)
        askers, answerers = _line_up(ends.places.row, heads, batch), _line_up(ends.places.row, tails, batch)
        best, pairs = ends.asks.new_empty(batch, 0), askers.new_empty(batch, 0, 2)
        for start in range(0, askers.shape[1], BLOCK):
            block = askers[:, start : start + BLOCK]
            scores = self._rank_block(ends, block, answerers)
            joined = torch.stack((block[:, :, None].expand_as(scores), answerers[:, None].expand_as(scores)), -1)
            scores = torch.cat((best, scores.flatten(1)), 1)
            best, at = scores.topk(min(int(counts.max()), scores.shape[1]))
            pairs = torch.cat((pairs, joined.flatten(1, 2)), 1).gather(1, at[..., None].expand(-1, -1, 2))
        found = pairs[keep_best(best, counts)]
        return found[:, 0], found[:, 1]

    def _rank_block(self, ends: Ends, heads: Tensor, tails: Tensor) -> Tensor:
        """B H, B T (spans, -1 for none) -> B H T: scores; -inf where a pair is none, or a span with itself."""
        scores = ends.asks[heads] @ ends.answers[tails].transpose(1, 2) * SCALE
        heads, tails = heads[:, :, None], tails[:, None]
        by_distance: Tensor = self.rank_by_distance[_measure(ends.places, heads, tails)]
        return (scores + by_distance).masked_fill((heads < 0) | (tails < 0) | (heads == tails), -torch.inf)

    def rank_at(self, ends: Ends, *, heads: Tensor, tails: Tensor) -> Tensor:
        """P: the score of having a relation at all, of some pairs."""
        by_distance: Tensor = self.rank_by_distance[_measure(ends.places, heads, tails)]
        return (ends.asks[heads] * ends.answers[tails]).sum(-1) * SCALE + by_distance

    def classify(self, ends: Ends, *, heads: Tensor, tails: Tensor, states: Tensor) -> tuple[Tensor, Tensor]:
        """P -> P and P R: the score of having a relation at all, and of each label."""
        places, ranks = ends.places, self.rank_at(ends, heads=heads, tails=tails)
        start = torch.minimum(places.end[heads], places.end[tails])
        end = torch.maximum(places.start[heads], places.start[tails])
        between = Sums(self.between(self.dropout(states))).average((places.row[heads], start, end))
        known = self.head(ends.vectors)[heads] + self.tail(ends.vectors)[tails] + between
        known = self.dropout(F.gelu(known + self.by_distance(_measure(places, heads, tails))))
        return ranks, self.score(known) + ranks[:, None]


def _line_up(row: Tensor, chosen: Tensor, batch: int) -> Tensor:
    """B M: the chosen spans of each row, padded with -1."""
    places = chosen.nonzero().squeeze(1)
    counts = torch.bincount(row[places], minlength=batch).tolist()
    return pad_sequence(list(torch.split(places, counts)), batch_first=True, padding_value=-1)


def _measure(places: Places, heads: Tensor, tails: Tensor) -> Tensor:
    """The bucket of the words from each head to its tail: those to the right first, then those to the left."""
    right = places.start[tails] - places.end[heads] + 1
    left = places.start[heads] - places.end[tails] + 1
    far = bucket(torch.maximum(right, left))  # 0 where the two share a word
    return torch.where(left > right, far + BUCKETS, far)
