"""Weights by name: counted, summed up, and put back into a module with what doesn't fit told. Knows no file formats."""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
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


def digest_tensors(tensors: Mapping[str, Tensor]) -> str:
    """Of names, precisions, shapes and numbers."""
    state = hashlib.blake2b(digest_size=16)
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        state.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        state.update(tensor.flatten().view(torch.uint8).numpy().data)
    return state.hexdigest()


def digest_model(model: nn.Module, *, four_bits: bool) -> str:
    """Of a pretrained model's weights; without those of its matrices where these are kept in four bits."""
    left_out = {id(part.weight) for _, part in list_matrices(model)} if four_bits else set()
    return digest_tensors({name: weight for name, weight in model.named_parameters() if id(weight) not in left_out})


def list_matrices(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """The weight matrices of a model that words go through, by name; embeddings are none, of the output neither.

    The output's may be those of the input: what is put beside them would change both once it is merged.
    """
    output = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None  # type: ignore[operator]
    for name, part in model.named_modules():
        weight = getattr(part, "weight", None)
        is_matrix = weight is not None and weight.ndim == 2 and not isinstance(part, nn.Embedding)
        if is_matrix and part is not output:
            yield name, part


def count_weights(module: nn.Module) -> int:
    """All weights of a module; of those in four bits two lie in one place."""
    return sum(_count(weight) for weight in module.parameters())


def tell_share(moved: int, of: int) -> str:
    """How many weights move, for people."""
    return f"{moved:,} of {of:,} weights move ({moved / max(of, 1):.2%})"


def _count(weight: Any) -> int:
    packed = getattr(weight, "quant_state", None)
    return int(weight.numel() if packed is None else packed.shape.numel())
