"""Learned sight: a gate for each group of layers, by which a token attends to what stands to its right, or doesn't.

log(gate) is added to the attention's logits on the right (B 1 T T); 0 closes, 1 opens. The gates are learned with
the weights and annealed until they are all but hard. Knows nothing of trainers.
"""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers.masking_utils import bidirectional_mask_function

from tagwright.backbone.sight.masks import ASKS_POSITIONS, BOTH, LEFT, SightHooks
from tagwright.errors import ModelError

KERNELS = ("eager", "sdpa")  # the others take no mask that has gradients
SOFT, HARD = 1.0, 0.1  # temperatures at the beginning and at the end
REACH = 10.0  # how far a gate's logit could go in one training, were all its steps alike


class Gates(SightHooks):
    """Hooks through which every layer sees the right as far as the gate of its group is open.

    Layer i belongs to group i * m // layers. The gates are no part of the model and are not saved with it.
    """

    def __init__(self, model: nn.Module, *, native: bool, groups: int, steps: int) -> None:
        super().__init__(model, native=native)
        kernel = self.reader.config._attn_implementation  # type: ignore[union-attr]
        if kernel not in KERNELS:
            raise ModelError(f"Gates can't be learned with {kernel} attention. Use one of {', '.join(KERNELS)}.")
        self.turned = [True] * len(self.layers)
        self._refuse_other_kinds(self.turned)
        self.logits = torch.zeros(groups, device=next(model.parameters()).device, requires_grad=True)
        self.temperature, self.steps, self.done = SOFT, steps, 0
        self.optimizer = torch.optim.Adam([self.logits], lr=REACH / steps)

    @property
    def plan(self) -> str:
        """The gates made hard: one bit for each group, the leftmost nearest the input."""
        return "".join("1" if logit > 0 else "0" for logit in self.logits.tolist())

    def step(self) -> None:
        """Learn from the gradients of one optimizer step, and become harder."""
        if self.logits.grad is None:
            raise ModelError(
                "The gates of the sight got no gradient, so nothing can be learned of them. "
                "Leave backbone.gradient_checkpointing out."
            )
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.done += 1
        self.temperature = SOFT * (HARD / SOFT) ** (self.done / self.steps)

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
        gate = F.logsigmoid(self.logits[number * len(self.logits) // len(self.layers)] / self.temperature)
        mask = torch.where(gated, gate, 0.0).to(states.dtype)
        mask = mask.masked_fill(~(closed | gated), torch.finfo(states.dtype).min)
        kwargs = kwargs | {"is_causal": False}  # the mask says all
        if place < len(args):
            return (*args[:place], mask, *args[place + 1 :]), kwargs
        return args, kwargs | {"attention_mask": mask}


def _as_bool(mask: Tensor) -> Tensor:
    return mask if mask.dtype == torch.bool else mask == 0
