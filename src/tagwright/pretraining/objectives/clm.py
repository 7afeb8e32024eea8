"""Causal language modelling: every token predicts the next one of the same document."""

from typing import ClassVar, Literal

from torch import Generator

from tagwright.pretraining.objectives.config import ObjectiveConfig
from tagwright.pretraining.objectives.objective import Lesson, Rows, Sight, Vocabulary


class Clm:
    architecture: ClassVar[Literal["one", "two"]] = "one"
    final_sight: ClassVar[Sight] = "left"

    def __init__(self, config: ObjectiveConfig, vocabulary: Vocabulary) -> None:
        """Nothing to set: everything is predicted."""

    def teach(self, rows: Rows, *, generator: Generator, progress: float) -> Lesson:
        keep = ~rows.begins.roll(-1, dims=1) & (rows.packs >= 0)  # the last token's neighbour begins its row
        return Lesson(rows.ids, rows.packs, rows.ids.roll(-1, dims=1), keep, "left")
