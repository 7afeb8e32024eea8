"""Masked next-token prediction: hidden tokens are predicted from the state before them.

So a decoder learns to look right. What is predicted is always behind the mask, never kept or swapped: a model
that sees both sides would see it.
"""

from typing import ClassVar, Literal

from torch import Generator

from tagwright.pretraining.objectives.choice import count_wanted, draw
from tagwright.pretraining.objectives.config import ObjectiveConfig
from tagwright.pretraining.objectives.objective import Lesson, Rows, Sight, Vocabulary


class Mntp:
    architecture: ClassVar[Literal["one", "two"]] = "one"
    final_sight: ClassVar[Sight] = "both"

    def __init__(self, config: ObjectiveConfig, vocabulary: Vocabulary) -> None:
        self.specials = vocabulary.specials
        self.mask = vocabulary.require_mask(config.name)
        self.rate = config.share

    def teach(self, rows: Rows, *, generator: Generator, progress: float) -> Lesson:
        free = (rows.packs >= 0) & ~self.specials[rows.ids] & ~rows.begins
        hidden = draw(free, wanted=count_wanted(free, self.rate), generator=generator)
        ids = rows.ids.masked_fill(hidden, self.mask)
        return Lesson(ids, rows.packs, rows.ids.roll(-1, dims=1), hidden.roll(-1, dims=1), "both")
