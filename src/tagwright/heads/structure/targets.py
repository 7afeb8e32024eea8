"""Targets: the spans, given spans and edges of a gold document as rows of numbers, and what a batch of them says.

A row is (kind, start, end, start, end, label): an edge has two places, a span has one, twice. Knows nothing of models.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SPAN, GIVEN, EDGE, NOTHING = 0, 1, 2, -1
COLUMNS = 6
Rows = NDArray[np.int64]


def make_rows(rows: Sequence[tuple[int, ...]]) -> Rows:
    return np.array(rows, dtype=np.int64).reshape(-1, COLUMNS)


def cut_rows(rows: Rows, *, first: int, last: int) -> Rows:
    """The rows that lie wholly in words [first, last), counted from there."""
    places = rows[:, 1:5]
    inside = rows[((places >= first) & (places <= last)).all(1)].copy()
    inside[:, 1:5] -= first
    return inside


def stack_rows(targets: Sequence[Rows]) -> Tensor:
    """B N 6, padded with rows of nothing."""
    stacked = np.full((len(targets), max(1, *(len(target) for target in targets)), COLUMNS), NOTHING, dtype=np.int64)
    for row, target in enumerate(targets):
        stacked[row, : len(target)] = target
    return torch.from_numpy(stacked)


@dataclass(frozen=True)
class Gold:
    """One kind of rows in a batch, flat: the row in the batch, the place or the two places, the label."""

    row: Tensor
    bounds: Tensor  # N 4
    label: Tensor

    @classmethod
    def take(cls, gold: Tensor, kind: int) -> "Gold":
        row, at = (gold[..., 0] == kind).nonzero(as_tuple=True)
        found = gold[row, at]
        return cls(row, found[:, 1:5], found[:, 5])

    @property
    def first(self) -> tuple[Tensor, Tensor, Tensor]:
        """Row, start and end of a span, or of an edge's head."""
        return self.row, self.bounds[:, 0], self.bounds[:, 1]

    @property
    def second(self) -> tuple[Tensor, Tensor, Tensor]:
        """Row, start and end of an edge's tail."""
        return self.row, self.bounds[:, 2], self.bounds[:, 3]
