"""BitfitTuning: of the backbone only the biases move."""

from typing import Any, cast

from torch import nn

from tagwright.errors import ModelError
from tagwright.tuning.tuning import Tuning


class BitfitTuning(Tuning):
    """Nothing is added to the backbone: its own biases move."""

    steps = 20.0

    def prepare(self, module: nn.Module) -> None:
        biases = 0
        for name, weight in module.named_parameters():
            is_bias = name.endswith("bias")
            biases += is_bias and name.startswith("backbone.")
            weight.requires_grad_(is_bias or not name.startswith("backbone."))
        if not biases:
            kind = cast(Any, module).backbone.model.config.model_type
            raise ModelError(f"This {kind} has no biases for the tuning 'bitfit' to move. Use 'ia3' or 'lora'.")
