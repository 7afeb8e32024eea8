"""SparseAdafactor: Adafactor, stepping only the chosen entries, as it steps a dense gradient that is zero elsewhere.

Its state is factored into rows and columns of whole weights and so is small whatever is chosen.
Knows nothing of how entries are chosen, nor of a trainer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from tagwright.tuning.sparse.chosen import Chosen
from tagwright.tuning.sparse.optimizer import SparseOptimizer

TINY, LEAST_SCALE = 1e-30, 1e-3  # of Adafactor: added to squares; the least size of a weight that a rate is scaled by
DECAY = -0.8


@dataclass(frozen=True)
class Part:
    """Some entries of one weight: all of them where `places` is None."""

    name: str
    weight: Tensor
    grad: Tensor
    places: Tensor | None

    @property
    def is_factored(self) -> bool:
        return self.weight.ndim > 1

    def mean_rows(self, squares: Tensor) -> Tensor:
        """Mean of the squares in every row, entries that are not there counting as zero."""
        width = self.weight.shape[-1]
        if self.places is None:
            return squares.view(-1, width).mean(dim=-1)
        rows = squares.new_zeros(self.weight.numel() // width)
        return rows.index_add_(0, self.places // width, squares).div_(width)

    def mean_columns(self, squares: Tensor) -> Tensor:
        """The same for every column."""
        height, width = self.weight.shape[-2:]
        if self.places is None:
            return squares.view(-1, height, width).mean(dim=-2).view(-1)
        columns = squares.new_zeros(self.weight.numel() // height)
        return columns.index_add_(0, self._find_columns(self.places), squares).div_(height)

    def approximate(self, rows: Tensor, columns: Tensor) -> Tensor:
        """1 / root of the squares' running mean, at the entries, from its rows and columns."""
        height, width = self.weight.shape[-2:]
        stacked = rows.view(-1, height)
        row = (stacked / stacked.mean(dim=-1, keepdim=True)).rsqrt_().view(-1)
        column = columns.rsqrt()
        if self.places is None:
            return (row.view(-1, height, 1) * column.view(-1, 1, width)).view(-1)
        return row[self.places // width] * column[self._find_columns(self.places)]

    def _find_columns(self, places: Tensor) -> Tensor:
        height, width = self.weight.shape[-2:]
        return places // (height * width) * width + places % width


class SparseAdafactor(SparseOptimizer):
    """Adafactor without momentum, its rate scaled by the size of each weight, its step cut where it is too large.

    Both are those of whole weights: a step's size is its root mean square over all entries, most of which stay. So
    one entry in a hundred moves about ten times as far as it would in dense training at the same rate.
    A change of the choice leaves the state as it is, or drops it.
    """

    def __init__(
        self,
        chosen: Chosen,
        dense: Sequence[dict[str, Any]] = (),
        *,
        lr: float,
        clip_threshold: float = 1.0,
        keeps_state: bool = True,
    ) -> None:
        super().__init__(chosen, dense, keeps_state=keeps_state, lr=lr, clip_threshold=clip_threshold, weight_decay=0.0)

    def _is_by_entry(self, name: str) -> bool:
        return False

    def _update(self, weight: Parameter, group: Mapping[str, Any]) -> None:
        state = self.state[weight]
        if not state:
            state["steps"] = torch.zeros((), dtype=torch.int64)
        state["steps"] += 1
        decay = 1 - int(state["steps"]) ** DECAY
        if weight is self.chosen.values:
            steps = [self._find_step(part, state, group=group, decay=decay) for part in self._list_parts()]
            weight.sub_(torch.cat(steps))
            return
        whole = Part("", weight.detach(), weight.grad.float().reshape(-1), None)  # type: ignore[union-attr]
        step = self._find_step(whole, state, group=group, decay=decay).view_as(weight)
        if group["weight_decay"]:
            weight.mul_(1 - group["weight_decay"] * group["lr"] * _scale(weight))
        weight.sub_(step)

    def _list_parts(self) -> Iterator[Part]:
        chosen = self.chosen
        grads = chosen.values.grad
        for at, weight in enumerate(chosen.weights):
            start, end = chosen.edges[at], chosen.edges[at + 1]
            yield Part(chosen.names[at], weight.detach(), grads[start:end], chosen.places[start:end].long())  # type: ignore[index]

    def _find_step(self, part: Part, state: dict[str, Tensor], *, group: Mapping[str, Any], decay: float) -> Tensor:
        """How far each entry of the part moves."""
        squares = part.grad * part.grad
        if part.is_factored:
            rows = _average(state, f"rows {part.name}", mean=part.mean_rows(squares), decay=decay)
            columns = _average(state, f"columns {part.name}", mean=part.mean_columns(squares), decay=decay)
            update = part.approximate(rows, columns).mul_(part.grad)
        else:
            mean = squares if part.places is None else _spread(squares, part)
            average = _average(state, f"squares {part.name}", mean=mean, decay=decay)
            update = (average if part.places is None else average[part.places]).rsqrt().mul_(part.grad)
        size = torch.linalg.vector_norm(update) / sqrt(part.weight.numel())
        update.div_((size / group["clip_threshold"]).clamp_(min=1.0))
        rate: Tensor = group["lr"] * _scale(part.weight)
        return update.mul_(rate)


def _average(state: dict[str, Tensor], name: str, *, mean: Tensor, decay: float) -> Tensor:
    """Take a step's mean of squares into the running one, which begins with the first step."""
    if name not in state:
        state[name] = torch.zeros_like(mean)
    average = state[name]
    return average.mul_(decay).add_(mean + TINY, alpha=1 - decay)


def _spread(squares: Tensor, part: Part) -> Tensor:
    return squares.new_zeros(part.weight.numel()).index_copy_(0, part.places, squares)  # type: ignore[arg-type]


def _scale(weight: Tensor) -> Tensor:
    """The root mean square of a weight, at least LEAST_SCALE."""
    norm: Tensor = torch.linalg.vector_norm(weight, dtype=torch.float32)
    return (norm / sqrt(weight.numel())).clamp(min=LEAST_SCALE)
