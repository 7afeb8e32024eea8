"""LearnGates: the gates of a learned sight, which learn beside the weights, whatever optimizer those have.

Knows nothing of backbones.
"""

from typing import Any

from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from tagwright.backbone.sight.learned import Gates


class LearnGates(TrainerCallback):  # type: ignore[misc]
    """A step of the gates for every step of the optimizer."""

    def __init__(self, gates: Gates) -> None:
        self.gates = gates

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.gates.begin(state.max_steps)

    def on_pre_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self.gates.step()


def list_gates(module: nn.Module) -> list[TrainerCallback]:
    """A callback for the gates within a module, if there are any."""
    return [LearnGates(part) for part in module.modules() if isinstance(part, Gates)]
