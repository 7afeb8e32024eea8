"""Importance: which entries of a module's weights count most for some documents. Knows nothing of optimizers.

The weights are scored a part at a time, so that of all scores only one part's are ever held; of a part only the
highest are kept. A dense gradient lives until it is squared into the scores.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate, pairwise
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import Parameter

from tagwright.errors import ModelError
from tagwright.tuning.sparse.choice.documents import Documents, Reduce, backpropagate_each, find_gradients_together
from tagwright.tuning.sparse.choice.selection import (
    Candidates,
    join_candidates,
    list_by_weight,
    pick_best,
    select_top,
    select_within,
)
from tagwright.tuning.sparse.chosen import Chosen, Sink
from tagwright.tuning.sparse.devices import add_up, share_out

Score = Literal["fisher", "gradient", "random"]
Gradients = Literal["one-by-one", "together"]
Within = Literal["matrix", "model"]


class Importance:
    """Scores by the squared gradients of documents (fisher), by their absolute ones (gradient), or at random.

    parts: in how many parts the weights are scored; each takes a pass over the documents.
    within: scores are compared within each matrix, which gives entries by its size, or within the whole model.
    budget: how many entries may ever be touched; once it is spent, only touched ones are chosen.
    Several devices share the documents and add up their scores, so each of them chooses the same entries.
    """

    def __init__(
        self,
        chosen: Chosen,
        *,
        score: Score = "fisher",
        reduce: Reduce = "mean",
        parts: int = 2,
        within: Within = "model",
        gradients: Gradients = "one-by-one",
        budget: int | None = None,
    ) -> None:
        self.chosen, self.score, self.reduce, self.gradients, self.budget = chosen, score, reduce, gradients, budget
        self.sizes = [weight.numel() for weight in chosen.weights]
        self.parts = split_evenly(self.sizes, parts)
        numbers = range(len(self.sizes))
        self.groups = [[at] for at in numbers] if within == "matrix" else [[*numbers]]

    def find(
        self, documents: Documents, ranked: Sequence[int], *, count: int, seed: Sequence[int] = (0,)
    ) -> list[Tensor]:
        """Sorted places for every weight: those of the `count` most important entries for these documents."""
        quotas = self._share(count)
        rooms = [None] * len(quotas) if self.budget is None else self._find_rooms(self.budget)
        found: list[list[Candidates]] = [[] for _ in quotas]
        for part in self.parts:
            self._select(self._score(documents, ranked, part=part, seed=seed), quotas, rooms, found=found)
        best = [
            pick_best(join_candidates(each), quota, budget=None if room is None else (self.chosen.touched, room))
            for each, quota, room in zip(found, quotas, rooms, strict=True)
        ]
        if not any(map(len, best)):
            raise ModelError("No weight has a gradient for any of these documents, so none can be chosen.")
        return list_by_weight(join_candidates(best), len(self.sizes))

    def _share(self, count: int) -> list[int]:
        """How many of `count` entries each group gives: by its size, and all together just so many."""
        sizes = [sum(self.sizes[at] for at in group) for group in self.groups]
        ends = [round(count * end / sum(sizes)) for end in accumulate(sizes, initial=0)]
        return [end - start for start, end in pairwise(ends)]

    def _find_rooms(self, budget: int) -> list[int | None]:
        """How many entries that were never touched each group may still give."""
        touched = [self.chosen.touched.count(group) for group in self.groups]
        return [max(own - spent, 0) for own, spent in zip(self._share(budget), touched, strict=True)]

    def _select(
        self,
        scores: Mapping[int, Tensor],
        quotas: Sequence[int],
        rooms: Sequence[int | None],
        *,
        found: list[list[Candidates]],
    ) -> None:
        """Add the best of each group among these; the scores aren't kept."""
        for group, quota, room, best in zip(self.groups, quotas, rooms, found, strict=True):
            if not (own := {at: scores[at] for at in group if at in scores}):
                continue
            if room is None:
                best.append(select_top(own, quota))
            else:
                best.append(select_within(own, quota, touched=self.chosen.touched, room=room))

    def _score(
        self, documents: Documents, ranked: Sequence[int], *, part: Sequence[int], seed: Sequence[int]
    ) -> dict[int, Tensor]:
        weights = {at: self.chosen.weights[at] for at in part}
        if self.score == "random":
            return {at: _draw(weight, (*seed, at)) for at, weight in weights.items()}
        scores = {at: torch.zeros(w.numel(), dtype=torch.float32, device=w.device) for at, w in weights.items()}

        def add(at: int, grad: Tensor) -> None:
            grad = grad.detach().float()
            scores[at].add_(grad.abs_()) if self.score == "gradient" else scores[at].addcmul_(grad, grad)

        with _others_frozen(documents.module, list(weights.values())), self.chosen.listen(add):
            self._run(documents, share_out(ranked), part=part, add=add)
        for at in part:
            add_up(scores[at])
        return scores

    def _run(self, documents: Documents, ranked: Sequence[int], *, part: Sequence[int], add: Sink) -> None:
        if self.gradients == "one-by-one":
            backpropagate_each(documents, ranked, reduce=self.reduce)
            return
        numbers = {self.chosen.names[at]: at for at in part}
        weights = {name: self.chosen.weights[at] for name, at in numbers.items()}
        for found in find_gradients_together(documents, ranked, weights=weights, reduce=self.reduce):
            for name, rows in found.items():
                for row in rows:
                    add(numbers[name], row.reshape(-1))


def split_evenly(sizes: Sequence[int], parts: int) -> list[list[int]]:
    """The numbers of the weights in at most so many parts of like size; each part in order."""
    split: list[list[int]] = [[] for _ in range(parts)]
    filled = [0] * parts
    for at in sorted(range(len(sizes)), key=lambda at: -sizes[at]):
        least = filled.index(min(filled))
        split[least].append(at)
        filled[least] += sizes[at]
    return [sorted(part) for part in split if part]


@contextmanager
def _others_frozen(module: nn.Module, weights: Sequence[Parameter]) -> Iterator[None]:
    """Within, only these weights of a module have gradients."""
    wanted = {id(weight) for weight in weights}
    before = [(weight, weight.requires_grad) for weight in module.parameters()]
    try:
        for weight, _ in before:
            weight.requires_grad_(id(weight) in wanted)
        yield
    finally:
        for weight, had_gradient in before:
            weight.requires_grad_(had_gradient)


def _draw(weight: Tensor, seed: Sequence[int]) -> Tensor:
    """A random score for every entry; drawn on the processor, so that every device draws the same."""
    drawn = np.random.default_rng(seed).random(weight.numel(), dtype=np.float32)
    return torch.from_numpy(drawn).to(weight.device)
