"""Cross-entropy over a large vocabulary without ever holding all its logits. Knows nothing of models or objectives.

Logits, probabilities and both gradients are made for some places at a time, while they are still in the cache.
"""

from typing import Any

import torch
from torch import Tensor

CHUNK = {"cpu": 256}  # places at a time; the logits of so many stay in a core's cache
WIDE = 8192  # elsewhere
TINY = 1e-30


class _Fused(torch.autograd.Function):
    """Sum of -log p(target) over all places; the gradients are ready when the loss is."""

    @staticmethod
    def forward(ctx: Any, states: Tensor, weight: Tensor, targets: Tensor) -> Tensor:  # N H, V H, N -> scalar
        learning = any(ctx.needs_input_grad)
        of_states = torch.empty_like(states) if learning else None
        of_weight = torch.zeros_like(weight, dtype=torch.float32) if learning else None
        total = torch.zeros((), dtype=torch.float64, device=states.device)
        chunk = CHUNK.get(states.device.type, WIDE)
        for start in range(0, len(targets), chunk):
            part, wanted = states[start : start + chunk], targets[start : start + chunk, None]
            shares = torch.softmax(part @ weight.t(), -1, dtype=torch.float32)
            right = shares.gather(1, wanted)
            total -= right.clamp_min(TINY).log().sum(dtype=torch.float64)
            if of_states is not None and of_weight is not None:
                slope = shares.scatter_(1, wanted, right - 1).to(states.dtype)
                torch.mm(slope, weight, out=of_states[start : start + chunk])
                of_weight += slope.t() @ part
        if of_states is not None and of_weight is not None:
            ctx.save_for_backward(of_states, of_weight.to(weight.dtype))
        return total.float()

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor, Tensor, None]:
        of_states, of_weight = ctx.saved_tensors
        return of_states * slopes[0], of_weight * slopes[0], None


def sum_cross_entropy(states: Tensor, targets: Tensor, *, weight: Tensor) -> Tensor:
    """N H states and their N targets, V H output weights -> the sum of nats."""
    total: Tensor = _Fused.apply(states, weight, targets)  # type: ignore[no-untyped-call]
    return total
