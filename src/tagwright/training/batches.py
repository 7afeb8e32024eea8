"""Training batches: length buckets, shuffled anew every epoch, equally many for every device. Knows no trainer."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from tagwright.errors import DataError
from tagwright.models.labeler import Labeler
from tagwright.tokens.batch import group

POOL = 64  # batches whose documents are sorted by length together; order stays random beyond it


class Pieces(Dataset[tuple[Any, Any]]):
    """Pieces with their targets: encoded once, before training."""

    def __init__(self, pieces: Sequence[Any], targets: Sequence[Any]) -> None:
        self.pieces, self.targets = pieces, targets

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of every piece."""
        return np.array([len(piece) for piece in self.pieces], dtype=np.int64)

    def __len__(self) -> int:
        return len(self.pieces)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.pieces[index], self.targets[index]


class Collator:
    """Pieces with targets to the tensors that `Labeler.forward` takes."""

    def __init__(self, labeler: Labeler) -> None:
        self.labeler = labeler

    def __call__(self, rows: Sequence[tuple[Any, Any]]) -> dict[str, Tensor]:
        return self.labeler.collate_gold([piece for piece, _ in rows], [target for _, target in rows])


class Buckets(Sampler[list[int]]):
    """Batches of documents of like length. The order follows from (seed, epoch) alone.

    Every epoch has the same number of batches, a multiple of `devices`: the largest batches are halved until it is
    (where too few can be, the shortest are joined), so that no document is repeated and none is left out.
    With a token budget all documents are sorted together (those of one length in random order), because only then
    the number of batches can't change between epochs.
    """

    def __init__(
        self,
        lengths: NDArray[np.int64],
        *,
        tokens: int | None,
        documents: int | None,
        seed: int,
        devices: int = 1,
    ) -> None:
        if len(lengths) < devices:
            raise DataError(
                f"{len(lengths)} training documents can't be shared by {devices} devices. Use fewer devices."
            )
        self.lengths, self.tokens, self.documents = lengths, tokens, documents
        self.seed, self.devices, self.epoch = seed, devices, 0
        # accelerate asks for both; were a size named, it would drop every smaller batch that is not the last
        self.batch_size, self.drop_last = None, False
        self._count = len(self._make_batches(np.random.default_rng(seed)))

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[list[int]]:
        rng = np.random.default_rng((self.seed, self.epoch))
        batches = self._make_batches(rng)
        for at in rng.permutation(len(batches)):
            yield batches[at]

    def _draw(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """The documents of an epoch, in a random order."""
        return rng.permutation(len(self.lengths))

    def _make_batches(self, rng: np.random.Generator) -> list[list[int]]:
        order = self._draw(rng)
        pool = len(order) if self.documents is None else POOL * self.documents
        batches: list[list[int]] = []
        for start in range(0, len(order), pool):
            part = order[start : start + pool]
            part = part[np.argsort(self.lengths[part], kind="stable")]
            runs = group(self.lengths[part], tokens=self.tokens, documents=self.documents)
            batches += [[int(part[i]) for i in run] for run in runs]
        self._even_out(batches)
        return batches

    def _even_out(self, batches: list[list[int]]) -> None:
        """Make the number of batches a multiple of the devices."""
        beyond = len(batches) % self.devices
        if beyond == 0:
            return
        more = len(batches) + self.devices - beyond
        self._reach(batches, more if more <= sum(map(len, batches)) else len(batches) - beyond)

    def _reach(self, batches: list[list[int]], count: int) -> None:
        """Make this number of batches of them."""
        while len(batches) < count:
            batches.sort(key=len)
            largest = batches.pop()
            batches += [largest[: len(largest) // 2], largest[len(largest) // 2 :]]
        while len(batches) > count:
            batches.sort(key=lambda batch: int(self.lengths[batch].sum()), reverse=True)
            batches.append(batches.pop() + batches.pop())
