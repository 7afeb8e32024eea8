"""FrozenTuning: the pretrained weights stay as they are, only the head moves."""

from torch import nn

from tagwright.tuning.tuning import Tuning


class FrozenTuning(Tuning):
    """The backbone gives features; it has no gradient and no dropout.

    Fresh weights alone move, so the rate is theirs: at that of a pretrained model they would hardly learn.
    """

    rate = 2e-3

    def prepare(self, module: nn.Module) -> None:
        for name, weight in module.named_parameters():
            weight.requires_grad_(not name.startswith("backbone."))
