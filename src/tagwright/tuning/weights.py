"""Weights by name: put back into a module that has them, with what doesn't fit told. Knows no files' formats."""

from collections.abc import Collection, Mapping
from pathlib import Path

from torch import Tensor, nn

from tagwright.errors import ModelError


def fill(module: nn.Module, tensors: Mapping[str, Tensor], *, names: Collection[str], source: Path) -> None:
    """Put tensors into a module. They are to be those of `names`, apart from tied ones; `source` is where they lay."""
    own = module.state_dict()
    wrong = [name for name in tensors if name not in own or own[name].shape != tensors[name].shape]
    if wrong:
        raise ModelError(
            f"{len(wrong)} of {len(tensors)} weights in {source} don't fit the labels and the architecture they are "
            f"meant for, the first is {wrong[0]}. Put back the files that were saved together."
        )
    module.load_state_dict(tensors, strict=False)
    tied = {own[name].data_ptr() for name in tensors}
    if untied := sorted(name for name in set(names) - set(tensors) if own[name].data_ptr() not in tied):
        raise ModelError(f"{source} lacks {len(untied)} weights, the first is {untied[0]}. Copy or train it again.")
