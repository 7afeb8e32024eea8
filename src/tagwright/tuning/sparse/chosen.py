"""Chosen: the entries of some weights that move, while every other entry stays.

Their float32 values are one flat parameter, which any optimizer can step; gradients are gathered into it as each
weight's gradient appears, and the dense gradient is freed at once. Knows nothing of how entries are chosen.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from tagwright.errors import ModelError
from tagwright.tuning.sparse.touched import Touched

Sink = Callable[[int, Tensor], None]  # number of a weight, its gradient laid flat


class Chosen:
    """Entries of `weights`, in the order of the weights and of their places within each.

    places: K, int32: where in its weight, laid flat, an entry stands.
    edges: the entries of weight i are those from `edges[i]` to `edges[i + 1]`.
    values: K, float32, a parameter: the entries' values and, as its gradient, their gradients.
    touched: all entries that were ever chosen.
    history: what whoever chooses notes of each choice; kept with the entries, so that a resumed run has it all.
    """

    def __init__(self, weights: Mapping[str, Parameter]) -> None:
        for name, weight in weights.items():
            refuse_unfit(name, weight)
        self.names, self.weights = list(weights), list(weights.values())
        device = self.weights[0].device
        self.places = torch.empty(0, dtype=torch.int32, device=device)
        self.edges = [0] * (len(self.weights) + 1)
        self.values = Parameter(torch.empty(0, device=device))
        self.touched = Touched(self.weights)
        self.history: list[dict[str, Any]] = []
        self._sink: Sink = self._gather
        self._hooks = [self._watch(at) for at in range(len(self.weights))]

    def __len__(self) -> int:
        return self.edges[-1]

    def detach(self) -> None:
        """Leave the weights: from now on their gradients are dense again."""
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()

    @contextmanager
    def listen(self, sink: Sink) -> Iterator[None]:
        """Within, gradients go elsewhere."""
        self._sink = sink
        try:
            yield
        finally:
            self._sink = self._gather

    def choose(self, places: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Let other entries move: sorted places for every weight.

        Gives, for those that moved before too, their positions among the new entries and among the old. Survivors
        keep their float32 values, which in a low-precision weight are finer than the weight's own.
        """
        before, old = self._number(), self.values.data
        self._lay(places)
        after = self._number()
        spot = torch.searchsorted(before, after).clamp(max=max(len(before) - 1, 0))
        here = (before[spot] == after).nonzero()[:, 0] if len(before) else spot[:0]
        there = spot[here]
        fresh = [w.detach().view(-1).index_select(0, p).float() for w, p in self._parts()]
        values = torch.cat(fresh)
        values[here] = old[there]
        self.values.data, self.values.grad = values, None
        for at, (weight, part) in enumerate(self._parts()):
            self.touched.add(at, part, weight=weight)
        return here, there

    @torch.no_grad()
    def scatter(self) -> None:
        """Put the values into the weights."""
        for at, (weight, places) in enumerate(self._parts()):
            values = self.values[self.edges[at] : self.edges[at + 1]]
            weight.view(-1)[places.long()] = values.to(weight.dtype)

    def state_dict(self) -> dict[str, Any]:
        values = self.values.detach().clone()
        return {
            "places": self.places,
            "edges": list(self.edges),
            "values": values,
            "touched": self.touched.state_dict(),
            "history": self.history,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        device = self.values.device
        if len(state["edges"]) != len(self.edges) or len(state["places"]) != state["edges"][-1]:
            raise ModelError(
                f"The saved entries are those of {len(state['edges']) - 1} weights; this model has "
                f"{len(self.weights)} to choose from. Resume with the model and the settings of the first run."
            )
        self.places, self.edges = state["places"].to(device), list(state["edges"])
        self.values.data, self.values.grad = state["values"].to(device, copy=True), None
        self.touched.load_state_dict(state["touched"])
        self.history = list(state["history"])

    def _parts(self) -> Iterator[tuple[Parameter, Tensor]]:
        for at, weight in enumerate(self.weights):
            yield weight, self.places[self.edges[at] : self.edges[at + 1]]

    def _lay(self, places: Sequence[Tensor]) -> None:
        self.places = torch.cat([part.to(torch.int32) for part in places])
        self.edges = [0]
        for part in places:
            self.edges.append(self.edges[-1] + len(part))

    def _number(self) -> Tensor:
        """K, int64: every entry's number among all entries of all weights."""
        parts, first = [], 0
        for weight, places in self._parts():
            parts.append(places.long() + first)
            first += weight.numel()
        return torch.cat(parts)

    def _watch(self, at: int) -> Any:
        """Take every gradient of a weight as soon as it is there; gives the handle of the hook."""

        def take(weight: Tensor) -> None:
            grad, weight.grad = weight.grad, None
            if grad is not None:
                self._sink(at, grad.reshape(-1))

        weight = self.weights[at].requires_grad_(True)
        weight.grad = None
        return weight.register_post_accumulate_grad_hook(take)  # type: ignore[no-untyped-call]

    def _gather(self, at: int, grad: Tensor) -> None:
        start, end = self.edges[at], self.edges[at + 1]
        if start == end:
            return
        if self.values.grad is None:
            self.values.grad = torch.zeros_like(self.values)
        self.values.grad[start:end] += grad.index_select(0, self.places[start:end]).float()


def refuse_unfit(name: str, weight: Parameter) -> None:
    """Only numbers that can take a small step can move alone."""
    if not weight.is_floating_point() or hasattr(weight, "quant_state"):
        raise ModelError(
            f"{name} is quantised ({weight.dtype}): single entries of it can't move. "
            "Use the tuning qlora, or load the model in bfloat16."
        )
    if weight.numel() >= 2**31 or not weight.is_contiguous():
        raise ModelError(f"{name} ({tuple(weight.shape)}) is too large or not contiguous. Use the tuning lora.")
