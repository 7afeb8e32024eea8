"""Learned sight: a gate for each group of layers, by which a token attends to what stands to its right, or doesn't.

log(gate) is added to the attention's logits on the right (B 1 T T); 0 closes, 1 opens. Gates are learned with the
weights and annealed; in the last part of a training, and wherever nothing is trained, they are hard. Knows no trainers.
"""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn import functional as F
from transformers.masking_utils import bidirectional_mask_function

from tagwright.backbone.sight.masks import ASKS_POSITIONS, BOTH, LEFT, SightHooks, refuse_other_kinds
from tagwright.errors import ModelError

KERNELS = ("eager", "sdpa")  # the others take no mask that has gradients
SOFT, HARD = 1.0, 0.1  # temperatures at the beginning, and before the gates are made hard
SETTLED = 0.2  # of a training: its last part, in which the weights learn under the plan that was found
REACH = 10.0  # how far a gate's logit could go in one training, were all its steps alike
BETAS, EPSILON = (0.9, 0.999), 1e-8  # Adam's


class Gates(nn.Module):
    """A logit for each group of layers, and what Adam keeps of it: layer i belongs to group i * m // layers.

    All are buffers: a checkpoint holds them, and no tuning takes them for weights.
    """

    logits: Tensor
    mean: Tensor
    square: Tensor
    done: Tensor

    def __init__(self, groups: int) -> None:
        super().__init__()
        for name in ("logits", "mean", "square"):
            self.register_buffer(name, torch.zeros(groups))
        self.register_buffer("done", torch.zeros((), dtype=torch.long))
        self.soft_steps = 0

    @property
    def plan(self) -> str:
        """The gates made hard: one bit for each group, the leftmost nearest the input."""
        return "".join("1" if logit > 0 else "0" for logit in self.logits.tolist())

    def tell(self) -> dict[str, Any]:
        """How sure the gates are: of every one, which share of its way so far led towards open, and in how many steps.

        1: every step opened it, 0: every step closed it, 0.5: it was pulled to and fro.
        """
        steps = int(self.done)
        way = REACH * steps / self.soft_steps if steps else 1.0
        shares = (1 + (self.logits.detach() / way).clamp(-1, 1)) / 2
        return {"towards_open": [round(share, 4) for share in shares.tolist()], "steps": steps}

    @property
    def is_soft(self) -> bool:
        """In training, before the last part of it."""
        return self.training and int(self.done) < self.soft_steps

    @property
    def temperature(self) -> float:
        share = int(self.done) / self.soft_steps
        return float(SOFT * (HARD / SOFT) ** share)

    def begin(self, steps: int) -> None:
        """Learn from now on, or go on where a checkpoint stopped; `steps` are those of the whole training."""
        self.soft_steps = max(1, round(steps * (1 - SETTLED)))
        self.logits = self.logits.detach().requires_grad_()  # on its way to a device it has become no leaf

    def weigh(self, layer: int, *, layers: int) -> Tensor:
        """log(gate) of a layer."""
        logit = self.logits[layer * len(self.logits) // layers]
        if self.is_soft:
            return F.logsigmoid(logit / self.temperature)
        return torch.where(logit > 0, 0.0, -torch.inf)

    @torch.no_grad()
    def step(self) -> None:
        """Learn from the gradients of one optimizer step, and become harder."""
        if not self.is_soft:
            return
        if self.logits.grad is None:
            raise ModelError(
                "The gates of the sight got no gradient, so nothing can be learned of them. "
                "Leave backbone.gradient_checkpointing out."
            )
        grad, self.logits.grad = self.logits.grad, None
        if distributed.is_available() and distributed.is_initialized():
            distributed.all_reduce(grad)  # the sum will do: Adam goes by the sign and the spread
        self.done += 1
        if not grad.isfinite().all():  # with float16 the weights leave out such a step too
            return
        number = int(self.done)
        self.mean.lerp_(grad, 1 - BETAS[0])
        self.square.lerp_(grad * grad, 1 - BETAS[1])
        slope = self.mean / (1 - BETAS[0] ** number)
        size = (self.square / (1 - BETAS[1] ** number)).sqrt() + EPSILON
        self.logits -= REACH / self.soft_steps * slope / size


class GatedHooks(SightHooks):
    """Hooks through which every layer sees the right as far as its gate is open."""

    def __init__(self, model: nn.Module, *, native: bool, gates: Gates) -> None:
        super().__init__(model, native=native)
        try:
            kernel = self.reader.config._attn_implementation  # type: ignore[union-attr]
            if kernel not in KERNELS:
                raise ModelError(
                    f"A sight can't be learned with {kernel} attention: it takes no mask that has gradients. "
                    f"Set backbone.attn_implementation to one of {', '.join(KERNELS)}."
                )
            refuse_other_kinds(self.kinds, [True] * len(self.layers), name=type(self.stack).__name__)
        except ModelError:
            self.remove()
            raise
        self.gates, self.turned = gates, [True] * len(self.layers)

    def _make_mask(self, kind: str, given: Mapping[str, Any], lengths: Tensor | None) -> Any:
        """What a closed layer sees, and what only an open one does: two bool, B 1 T T."""
        padding, states = given.get("attention_mask"), given.get("inputs_embeds")
        source: Any = given.get("input_ids") if states is None else states
        like = torch.empty((*source.shape[:2], 0), device=source.device)
        config: Any = copy.copy(self.reader.config)
        config.is_causal = True  # or the causal mask of a bidirectional model would come out open
        more: dict[str, Any] = {"and_mask_function": bidirectional_mask_function}  # no shortcut of no mask at all
        opened = _as_bool(BOTH[kind](config, like, padding, **more))
        if ASKS_POSITIONS:
            more["cache_position"] = torch.arange(like.shape[1], device=source.device)
        closed = _as_bool(LEFT[kind](config, like, padding, past_key_values=None, **more))
        return closed, opened & ~closed

    def _swap(
        self, layer: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], *, number: int, place: int
    ) -> tuple[Any, Any]:
        args, kwargs = super()._swap(layer, args, kwargs, number=number, place=place)
        closed, gated = args[place] if place < len(args) else kwargs["attention_mask"]
        states = args[0] if args else kwargs["hidden_states"]
        mask = torch.where(gated, self.gates.weigh(number, layers=len(self.layers)), 0.0).to(states.dtype)
        mask = mask.masked_fill(~(closed | gated), torch.finfo(states.dtype).min)
        kwargs = kwargs | {"is_causal": False}  # the mask says all
        if place < len(args):
            return (*args[:place], mask, *args[place + 1 :]), kwargs
        return args, kwargs | {"attention_mask": mask}


def _as_bool(mask: Tensor) -> Tensor:
    return mask if mask.dtype == torch.bool else mask == 0
