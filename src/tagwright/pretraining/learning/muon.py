"""Muon in float32: torch's makes its products in bfloat16, which a machine that has it in software is very slow in.

Knows which weights it is given, and nothing of the model around them.
"""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

MOMENTUM, STEPS, EPS = 0.95, 5, 1e-7
FIRST, THIRD, FIFTH = 3.4445, -4.7750, 2.0315  # coefficients of the polynomial, those of torch.optim.Muon


class MuonInFloat32(torch.optim.Optimizer):
    """torch.optim.Muon with Nesterov momentum and rates that match AdamW's, but for the precision of its products."""

    def __init__(self, weights: Iterable[nn.Parameter], *, lr: float, weight_decay: float) -> None:
        super().__init__(weights, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["momentum_buffer"] = torch.zeros_like(weight.grad)
                state["momentum_buffer"].lerp_(weight.grad, 1 - MOMENTUM)
                update = orthogonalise(weight.grad.lerp(state["momentum_buffer"], MOMENTUM))
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(update, alpha=-group["lr"] * 0.2 * max(weight.shape) ** 0.5)


def orthogonalise(matrix: Tensor) -> Tensor:
    """The matrix with all singular values near 1, by Newton-Schulz steps."""
    if matrix.shape[0] > matrix.shape[1]:
        return orthogonalise(matrix.T).T
    matrix = matrix / matrix.norm().clamp(min=EPS)
    for _ in range(STEPS):
        gram = matrix @ matrix.T
        gram = torch.addmm(gram, gram, gram, beta=THIRD, alpha=FIFTH)
        matrix = torch.addmm(matrix, gram, matrix, beta=FIRST)
    return matrix
