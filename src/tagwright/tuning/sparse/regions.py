"""Regions: the weights of a backbone that entries are chosen of, and where these stand in the saved model.

While training, an embedding may hold the rows of some tokens only; places are saved as those of the whole table.
Knows nothing of choosing or training.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import Parameter

from tagwright.backbone.vocabulary import FocusedEmbedding
from tagwright.tuning.weights import digest_tensors

PRETRAINED = "backbone.model."


@dataclass(frozen=True)
class Region:
    """One weight; `name` and `size` are those in the saved model."""

    name: str
    weight: Parameter
    size: int
    focus: FocusedEmbedding | None = None

    def find_saved(self, places: Tensor) -> Tensor:
        """Int32: places in this weight as places in the saved one."""
        if self.focus is None:
            return places
        width = self.weight.shape[1]
        live = (self.focus.slots >= 0).nonzero()[:, 0]
        return (live[places.long() // width] * width + places % width).to(torch.int32)

    def find_own(self, places: Tensor) -> Tensor:
        """Int64: places in the saved weight as places in this one."""
        if self.focus is None:
            return places.long()
        width = self.weight.shape[1]
        return self.focus.slots[places.long() // width] * width + places % width


def list_regions(module: nn.Module, *, dense: Sequence[str] = ()) -> list[Region]:
    """The pretrained weights of a module, tied ones once, but for those that train whole (see `trains_whole`)."""
    focused = {f"{name}.rows": part for name, part in module.named_modules() if isinstance(part, FocusedEmbedding)}
    regions = []
    for name, weight in module.named_parameters():
        if not name.startswith(PRETRAINED) or trains_whole(name, dense):
            continue
        focus = focused.get(name)
        if focus is None:
            regions.append(Region(name, weight, weight.numel()))
        else:
            regions.append(Region(name.removesuffix("rows") + "weight", weight, focus.table.numel(), focus))
    return regions


def trains_whole(name: str, dense: Sequence[str]) -> bool:
    """Whether a weight is of the dense part: all that is fresh, and what the recipe names."""
    return not name.startswith(PRETRAINED) or any(mark in name for mark in dense)


def find_digest(module: nn.Module) -> str:
    """Of all pretrained weights of a module that has not been trained yet: names, precisions, shapes and numbers."""
    regions = list_regions(module)
    return digest_tensors({each.name: each.weight if each.focus is None else each.focus.table for each in regions})
