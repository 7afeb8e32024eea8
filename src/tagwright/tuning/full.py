"""FullTuning: every weight moves."""

from torch import nn

from tagwright.tuning.tuning import Tuning


class FullTuning(Tuning):
    """Ordinary fine-tuning."""

    def prepare(self, module: nn.Module) -> None:
        module.requires_grad_(True)
