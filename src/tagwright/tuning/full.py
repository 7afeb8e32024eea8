"""FullTuning: every weight moves."""

from torch import Tensor, nn

from tagwright.tuning.tuning import Tuning


class FullTuning(Tuning):
    """Ordinary fine-tuning."""

    is_whole = True

    def prepare(self, module: nn.Module) -> None:
        module.requires_grad_(True)

    def collect(self, module: nn.Module, *, whole: bool = True) -> dict[str, Tensor]:
        return super().collect(module, whole=True)
