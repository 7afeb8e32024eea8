"""Rows: a token file cut into rows of one length, in an order that only the seed decides. Knows no objective."""

from collections.abc import Iterator

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler

from tagwright.pretraining.corpus.tokenfile import TokenFile
from tagwright.pretraining.objectives.objective import Rows

Place = tuple[int, int]  # which batch of the run, which row


class PackedRows(Dataset[Place]):
    """Every token of a file stands in one row, but for the end that fills none. Rows may hold several documents."""

    def __init__(self, file: TokenFile, *, length: int) -> None:
        self.file, self.length = file, length
        self.count = len(file.tokens) // length

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, place: Place) -> Place:
        return place  # rows are taken together, by `take`

    def take(self, numbers: list[int]) -> Rows:
        """B rows: their tokens, and of each token the number of its document within the row."""
        places = np.asarray(numbers)[:, None] * self.length + np.arange(self.length)
        owner = np.searchsorted(self.file.bounds, places, side="right")
        packs = torch.from_numpy(owner - owner[:, :1])
        return Rows(torch.from_numpy(self.file.tokens[places].astype(np.int64)), packs)


class Order(Sampler[list[Place]]):
    """Batches of rows, shuffled anew for every pass; a pass leaves out the rows that fill no batch for every device."""

    def __init__(self, rows: int, *, batch: int, seed: int, devices: int = 1) -> None:
        self.rows, self.batch, self.seed, self.devices, self.epoch = rows, batch, seed, devices, 0
        self.batch_size, self.drop_last = batch, True  # accelerate asks for both

    def __len__(self) -> int:
        return self.rows // self.batch // self.devices * self.devices

    def __iter__(self) -> Iterator[list[Place]]:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(self.rows).tolist()
        first = self.epoch * len(self)
        for number in range(len(self)):
            yield [(first + number, row) for row in order[number * self.batch : (number + 1) * self.batch]]

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each pass."""
        self.epoch = epoch
