"""The optimizers of pretraining: AdamW, or Muon for the matrices within and AdamW for the rest.

Weights in half precision get a copy in float32 that the updates go to: a step of 1e-3 of a weight would be lost
in bfloat16. Where the weights are in float32, so are all products. Knows nothing of models or of the loop around it.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn

from tagwright.errors import RecipeError
from tagwright.pretraining.learning.muon import MuonInFloat32

BETAS = (0.9, 0.98)
Kind = Callable[[list[nn.Parameter], float], torch.optim.Optimizer]  # weights, their decay


class Optimizers(torch.optim.Optimizer):
    """Several optimizers as one, over float32 copies of the weights."""

    def __init__(self, groups: Iterable[tuple[Kind, list[nn.Parameter], float]]) -> None:
        """Groups of (kind of optimizer, its weights, their weight decay)."""
        chosen = [(kind, weights, decay) for kind, weights, decay in groups if weights]
        self.weights = [weight for _, weights, _ in chosen for weight in weights]
        self.copies = [weight if weight.dtype == torch.float32 else _copy(weight) for weight in self.weights]
        place = {id(weight): copy for weight, copy in zip(self.weights, self.copies, strict=True)}
        self.inner = [kind([place[id(weight)] for weight in weights], decay) for kind, weights, decay in chosen]
        super().__init__([{"params": [weight]} for weight in self.weights], {})
        # the schedule writes rates into these groups, which are those of the inner optimizers themselves
        self.param_groups = [group for one in self.inner for group in one.param_groups]

    def zero_grad(self, set_to_none: bool = True) -> None:
        for weight in self.weights:
            weight.grad = None

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for weight, copy in zip(self.weights, self.copies, strict=True):
            if copy is not weight:
                copy.grad = None if weight.grad is None else weight.grad.float()
        for one in self.inner:
            one.step()
        for weight, copy in zip(self.weights, self.copies, strict=True):
            if copy is not weight:
                weight.copy_(copy)
                copy.grad = None

    def state_dict(self) -> dict[str, Any]:
        copies = [copy.detach() for weight, copy in zip(self.weights, self.copies, strict=True) if copy is not weight]
        return {"inner": [one.state_dict() for one in self.inner], "copies": copies}

    @torch.no_grad()
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        for one, state in zip(self.inner, state_dict["inner"], strict=True):
            one.load_state_dict(state)
        self.param_groups = [group for one in self.inner for group in one.param_groups]
        copied = [copy for weight, copy in zip(self.weights, self.copies, strict=True) if copy is not weight]
        for copy, saved in zip(copied, state_dict["copies"], strict=True):
            copy.copy_(saved)

    @torch.no_grad()
    def write_copies(self) -> None:
        """Put the float32 copies into the weights, which have become float32 themselves."""
        for weight, copy in zip(self.weights, self.copies, strict=True):
            weight.copy_(copy)


def _copy(weight: nn.Parameter) -> nn.Parameter:
    return nn.Parameter(weight.detach().float().clone())


def make_optimizer(model: Any, name: str, *, learning_rate: float, weight_decay: float) -> Optimizers:
    """`adamw` or `muon`. Embeddings, the output layer, norms and biases are not decayed, and are never Muon's."""
    head = model.get_output_embeddings()
    tables = {id(one.weight) for one in (*model.modules(), head) if isinstance(one, nn.Embedding) or one is head}
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    matrices = [weight for weight in weights if weight.ndim == 2 and id(weight) not in tables]
    rest = [weight for weight in weights if weight.ndim != 2 or id(weight) in tables]

    def adamw(chosen: list[nn.Parameter], decay: float) -> torch.optim.Optimizer:
        return torch.optim.AdamW(chosen, lr=learning_rate, betas=BETAS, weight_decay=decay, fused=True)

    def muon(chosen: list[nn.Parameter], decay: float) -> torch.optim.Optimizer:
        if weights[0].dtype == torch.float32:
            return MuonInFloat32(chosen, lr=learning_rate, weight_decay=decay)
        if not hasattr(torch.optim, "Muon"):
            raise RecipeError(f"torch {torch.__version__} has no Muon (2.9 has). Set training.optimizer = 'adamw'.")
        return torch.optim.Muon(chosen, lr=learning_rate, weight_decay=decay, adjust_lr_fn="match_rms_adamw")

    return Optimizers([(muon if name == "muon" else adamw, matrices, weight_decay), (adamw, rest, 0.0)])
