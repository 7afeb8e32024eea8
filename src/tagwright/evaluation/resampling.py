"""The arithmetic of a comparison: documents and runs drawn again, documents swapped between the sides.

scipy's bootstrap and permutation tests resample along one axis; here documents are drawn for all runs together and
runs for each side, so the crossed design is written out. Documents whose counts are the same in every run are drawn
as one group (multinomial, binomial): the same distribution, and a million documents stay within reach.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from tagwright.evaluation.counts import WIDTH, Tally
from tagwright.evaluation.report import Metric

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CELLS = 2**22  # numbers drawn at a time, at most


@dataclass(frozen=True)
class Table:
    """Counts of all runs: `counts` G R L 3 (groups of like documents, runs, labels; hits, predicted, gold).

    `sizes` G says how many documents a group has.
    """

    counts: "Floats"
    sizes: "NDArray[np.int64]"
    metric: Metric

    @cached_property
    def flat(self) -> "Floats":
        """The counts as G x (R L 3), to be multiplied by draws."""
        return self.counts.reshape(len(self.sizes), -1)

    @cached_property
    def total(self) -> "Floats":
        """Sums over all documents: R L 3."""
        sums: Floats = self.add_up(self.sizes[None])[0]
        return sums

    def add_up(self, times: "NDArray[np.int64]") -> "Floats":
        """Sums for numbers S G of documents: S R L 3."""
        sums = times.astype(float) @ self.flat
        return sums.reshape(len(times), *self.counts.shape[1:])

    def score(self, sums: "Floats") -> "Floats":
        """The metric of sums ... L 3; a label that neither gold nor the prediction has takes no part."""
        import numpy as np

        hits, predicted, gold = np.moveaxis(sums, -1, 0)
        precision, recall = _divide(hits, predicted), _divide(hits, gold)
        f1 = _divide(2 * precision * recall, precision + recall)
        values = {"precision": precision, "recall": recall, "f1": f1}[self.metric.measure]
        return _divide(values.sum(axis=-1), (predicted + gold > 0).sum(axis=-1).astype(float))

    def chunks(self, draws: int) -> Iterator[int]:
        """How many draws to make at a time, so that memory stays bounded."""
        most = max(1, CELLS // max(self.flat.shape))
        for done in range(0, draws, most):
            yield min(most, draws - done)


def _divide(a: "Floats", b: "Floats") -> "Floats":
    import numpy as np

    quotient: Floats = np.divide(a, b, out=np.zeros_like(a), where=b > 0)
    return quotient


def tabulate(tallies: Sequence[Tally], metric: Metric, *, documents: int) -> Table:
    """The counts that a metric needs, from the tallies of all runs over the same documents."""
    import numpy as np

    labels: Sequence[str | None] = [metric.label]
    if metric.part == "macro":
        found = {label for tally in tallies for group, label in tally.rows if group == metric.group and label}
        labels = sorted(found) or [None]
    counts = np.zeros((documents, len(tallies), len(labels), 3), dtype=np.int32)
    for run, tally in enumerate(tallies):
        for place, label in enumerate(labels):
            rows = np.frombuffer(tally.rows.get((metric.group, label), b""), dtype=np.uintc).reshape(-1, WIDTH)
            hits = 2 * rows[:, 1] + rows[:, 2]  # doubled: whole numbers sort and compare exactly
            counts[rows[:, 0], run, place] = np.stack([hits, rows[:, 3], rows[:, 4]], axis=1)
    like, sizes = np.unique(counts.reshape(documents, -1), axis=0, return_counts=True)
    table = like.reshape(-1, *counts.shape[1:]).astype(float) * (0.5, 1.0, 1.0)
    return Table(table, sizes.astype(np.int64), metric)


def bootstrap(table: Table, first: int, *, draws: int, seed: int) -> "Floats":
    """Differences between the mean of the `first` runs and of the others, documents and runs drawn again."""
    import numpy as np

    random, documents = np.random.default_rng(seed), int(table.sizes.sum())
    drawn = []
    for size in table.chunks(draws):
        times = random.multinomial(documents, table.sizes / documents, size=size)
        scores = table.score(table.add_up(times))
        drawn.append(_draw_runs(scores[:, :first], random) - _draw_runs(scores[:, first:], random))
    return np.concatenate(drawn)


def _draw_runs(scores: "Floats", random: "np.random.Generator") -> "Floats":
    """The mean of runs drawn again from S R. Drawing R of R runs shows (R - 1)/R of their variance: made good."""
    import numpy as np

    mean: Floats = scores.mean(axis=1)
    runs = scores.shape[1]
    if runs == 1:
        return mean
    picked = np.take_along_axis(scores, random.integers(runs, size=scores.shape), axis=1)
    mean += np.sqrt(runs / (runs - 1)) * (picked.mean(axis=1) - mean)
    return mean


def permute(table: Table, first: int, *, draws: int, seed: int) -> "Floats":
    """Differences as they would be if both sides were one system.

    Each document's outputs are swapped or not, in all runs together, between runs matched at random. That alone
    forgets the luck of training, so how far runs lie from their side's mean is dealt out anew and added.
    """
    import numpy as np

    random = np.random.default_rng([seed, 1])
    runs = table.counts.shape[1]
    places = np.arange(max(first, runs - first))
    a, b = places % first, first + places % (runs - first)
    luck, drawn = _find_luck(table.score(table.total), first), []
    for size in table.chunks(draws):
        swapped = table.add_up(random.binomial(table.sizes, 0.5, size=(size, len(table.sizes))))
        kept, lines = table.total - swapped, np.arange(size)[:, None]
        match = random.permuted(np.tile(b, (size, 1)), axis=1)
        mixed_a = table.score(kept[:, a] + swapped[lines, match])
        mixed_b = table.score(kept[lines, match] + swapped[:, a])
        dealt = luck[random.integers(len(luck), size=(size, runs))]
        shift = dealt[:, :first].mean(axis=1) - dealt[:, first:].mean(axis=1)
        drawn.append(mixed_a.mean(axis=1) - mixed_b.mean(axis=1) + shift)
    return np.concatenate(drawn)


def _find_luck(scores: "Floats", first: int) -> "Floats":
    """How far each run is from the mean of its side; a single run tells nothing and borrows from the other side."""
    import numpy as np

    sides = [side for side in (scores[:first], scores[first:]) if len(side) > 1]
    spread = [np.sqrt(len(side) / (len(side) - 1)) * (side - side.mean()) for side in sides]
    return np.concatenate(spread) if spread else np.zeros(1)
