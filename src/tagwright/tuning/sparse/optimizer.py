"""SparseOptimizer: steps the chosen entries of a model and, beside them, whole parameters; SparseAdam does it as AdamW.

Knows nothing of how entries are chosen, nor of a trainer.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer

from tagwright.tuning.sparse.chosen import Chosen
from tagwright.tuning.sparse.devices import add_up, count_devices


class SparseOptimizer(Optimizer):
    """The first group is the chosen entries, the others are whole parameters. Saved with places, values and state.

    keeps_state: whether, when the choice changes, entries that stay keep their state; newcomers always begin afresh.
    """

    def __init__(
        self, chosen: Chosen, dense: Sequence[dict[str, Any]] = (), *, keeps_state: bool = True, **defaults: Any
    ) -> None:
        self.chosen, self.keeps_state, self._is_reduced = chosen, keeps_state, False
        # decay would pull chosen entries to zero and not to where they come from
        super().__init__([{"params": [chosen.values], "weight_decay": 0.0}, *dense], defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        self.reduce()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._update(weight, group)
        self.chosen.scatter()
        return loss

    def list_weights(self) -> list[Parameter]:
        """All that is stepped: the values of the chosen entries, and whole parameters."""
        return [weight for group in self.param_groups for weight in group["params"]]

    @torch.no_grad()
    def reduce(self) -> None:
        """Average the chosen entries' gradients over all devices, once a step; before they are clipped, if they are."""
        grad = self.chosen.values.grad
        if grad is not None and not self._is_reduced:
            add_up(grad).div_(count_devices())
            self._is_reduced = True

    def zero_grad(self, set_to_none: bool = True) -> None:
        super().zero_grad(set_to_none)
        self._is_reduced = False

    @abstractmethod
    def _update(self, weight: Parameter, group: Mapping[str, Any]) -> None:
        """One step of the chosen entries' values, or of one whole parameter."""

    def choose(self, places: Sequence[Tensor]) -> int:
        """Let other entries move, sorted places for every weight; state follows the rule of this optimizer.

        Gives how many of them moved before too.
        """
        here, there = self.chosen.choose(places)
        state = self.state[self.chosen.values]
        for name, old in list(state.items()):
            if self._is_by_entry(name):
                state[name] = torch.zeros_like(self.chosen.values.data)
                if self.keeps_state:
                    state[name][here] = old[there]
            elif not self.keeps_state:
                del state[name]
        return len(here)

    def _is_by_entry(self, name: str) -> bool:
        """Whether this part of the state holds one number for each chosen entry."""
        return True

    def state_dict(self) -> dict[str, Any]:
        return super().state_dict() | {"chosen": self.chosen.state_dict()}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take up saved state bit for bit; torch's own way would round it to the precision of the weights."""
        self.chosen.load_state_dict(state_dict["chosen"])
        super().load_state_dict({"state": {}, "param_groups": state_dict["param_groups"]})
        weights = self.list_weights()
        for at, state in state_dict["state"].items():
            weight = weights[at]
            self.state[weight] = {name: tensor.to(weight.device, copy=True) for name, tensor in state.items()}


class SparseAdam(SparseOptimizer):
    """AdamW in which every entry has its own count of steps: one chosen late is corrected as any at its beginning.

    mean, square: the moments. mean_weight, square_weight: the sums of the weights that their averages have so far,
    by which both are corrected; AdamW's 1 - beta ** steps.
    """

    def __init__(
        self,
        chosen: Chosen,
        dense: Sequence[dict[str, Any]] = (),
        *,
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        keeps_state: bool = True,
    ) -> None:
        super().__init__(chosen, dense, keeps_state=keeps_state, lr=lr, betas=betas, eps=eps, weight_decay=0.0)

    def _update(self, weight: Parameter, group: Mapping[str, Any]) -> None:
        state, grad = self.state[weight], weight.grad.float()  # type: ignore[union-attr]
        if not state:
            one = grad if weight is self.chosen.values else grad.new_zeros(())  # a whole parameter has one count
            state |= {name: torch.zeros_like(grad) for name in ("mean", "square")}
            state |= {name: torch.zeros_like(one) for name in ("mean_weight", "square_weight")}
        first, second = group["betas"]
        # plain products and sums, one after the other: the same bits wherever an entry stands in its tensor
        state["mean"].mul_(first).add_(grad * (1 - first))
        state["square"].mul_(second).add_((grad * grad).mul_(1 - second))
        state["mean_weight"].mul_(first).add_(1 - first)
        state["square_weight"].mul_(second).add_(1 - second)
        size = (state["square"] / state["square_weight"]).sqrt_().add_(group["eps"])
        step = (state["mean"] / state["mean_weight"]).div_(size).mul_(group["lr"])
        if group["weight_decay"]:
            weight.mul_(1 - group["lr"] * group["weight_decay"])
        weight.sub_(step)
