"""Importance: which entries of a module's weights count most for some documents. Knows nothing of optimizers.

The weights are scored a part at a time, so that of all scores only one part's are ever held; of a part only the
highest are kept. A dense gradient lives until it is squared into the scores.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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


class Importance:
    """Scores by the squared gradients of documents (fisher), by their absolute ones (gradient), or at random.

    parts: in how many parts the weights are scored; each takes a pass over the documents.
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
        gradients: Gradients = "one-by-one",
        budget: int | None = None,
    ) -> None:
        self.chosen, self.score, self.reduce, self.gradients, self.budget = chosen, score, reduce, gradients, budget
        self.parts = split_evenly([weight.numel() for weight in chosen.weights], parts)

    def find(
        self, documents: Documents, ranked: Sequence[int], *, count: int, seed: Sequence[int] = (0,)
    ) -> list[Tensor]:
        """Sorted places for every weight: those of the `count` most important entries for these documents."""
        touched = self.chosen.touched
        room = None if self.budget is None else max(self.budget - touched.count(), 0)
        found: list[Candidates] = []
        for part in self.parts:
            scores = self._score(documents, ranked, part=part, seed=seed)
            if room is None:
                found.append(select_top(scores, count))
            else:
                found.append(select_within(scores, count, touched=touched, room=room))
            del scores  # before the next part has its own
        if not any(map(len, found)):
            raise ModelError("No weight has a gradient for any of these documents, so none can be chosen.")
        best = pick_best(join_candidates(found), count, budget=None if room is None else (touched, room))
        return list_by_weight(best, len(self.chosen.weights))

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
