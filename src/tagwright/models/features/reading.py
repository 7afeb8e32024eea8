"""Reading: pieces through a backbone once, in batches of like length; what it said of their words goes with them.

Knows nothing of disks or training.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from tagwright.backbone.backbone import Backbone
from tagwright.backbone.fusion import FusionConfig
from tagwright.backbone.fusion.fusion import Fusion
from tagwright.errors import ModelError
from tagwright.tokens.batch import Piece, collate, group

TOKENS = 2048  # padded, in a batch


@dataclass(frozen=True, slots=True)
class ReadPiece(Piece):
    """A piece whose words were read: theirs are the rows of `states` from `row` on.

    states: W L H, of the words of all pieces that were read together; layers in rising order, the last one last.
    """

    states: Tensor
    row: int


class Gather(Fusion):
    """All layers that a fusion reads, and the last one, as they are: B W H each -> B W L H."""

    def __init__(self, fusion: Fusion) -> None:
        super().__init__(fusion.width, fusion.depth, config=FusionConfig())
        self.layers = tuple(sorted({*fusion.layers, fusion.depth}))

    def fold(self, carry: list[Tensor] | None, state: Tensor, *, at: int) -> list[Tensor]:
        return [*(carry or []), state]

    def finish(self, carry: list[Tensor], last: Tensor, *, keep: Tensor) -> Tensor:
        return torch.stack(carry, dim=2)


def order_pieces(pieces: Sequence[Piece]) -> list[int]:
    """The order in which pieces are read and kept: the longest first, so that what doesn't fit shows at once."""
    return sorted(range(len(pieces)), key=lambda at: -len(pieces[at]))


def read_words(
    backbone: Backbone, pieces: Sequence[Piece], *, gather: Gather, dtype: torch.dtype, autocast: torch.dtype | None
) -> Iterator[Tensor]:
    """The states of the words of all pieces, W L H at a time, in the order of `order_pieces`."""
    ordered = [pieces[at] for at in order_pieces(pieces)]
    device = next(backbone.parameters()).device
    cast = torch.autocast(device.type, dtype=autocast, enabled=autocast is not None)
    backbone.eval()
    for rows in group(np.array([len(piece) for piece in ordered]), tokens=TOKENS):
        batch = collate([ordered[row] for row in rows], backbone.tokenizer.pad_id).to(device)
        with torch.inference_mode(), cast:
            states = backbone(batch, gather)[batch.keep]
        yield _round(states, dtype).cpu()


def _round(states: Tensor, dtype: torch.dtype) -> Tensor:
    rounded = states.to(dtype)
    if not torch.equal(rounded.isfinite(), states.isfinite()):
        raise ModelError(f'States are too large for {dtype}. Set tuning.features = "bfloat16" or "auto".')
    return rounded


def join_states(pieces: Sequence[Piece], states: Tensor) -> list[ReadPiece]:
    """Each piece with its place in what `read_words` gave."""
    found: dict[int, ReadPiece] = {}
    row = 0
    for at in order_pieces(pieces):
        plain = {field.name: getattr(pieces[at], field.name) for field in fields(Piece)}
        found[at] = ReadPiece(**plain, states=states, row=row)
        row += pieces[at].count
    return [found[at] for at in range(len(pieces))]
