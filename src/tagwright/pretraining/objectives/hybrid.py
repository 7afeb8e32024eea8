"""One model, two readings: each batch is causal or masked, as the generator draws it."""

from typing import ClassVar, Literal

import torch
from torch import Generator

from tagwright.pretraining.objectives.clm import Clm
from tagwright.pretraining.objectives.config import ObjectiveConfig
from tagwright.pretraining.objectives.mlm import Mlm
from tagwright.pretraining.objectives.objective import Lesson, Rows, Sight, Vocabulary


class Hybrid:
    architecture: ClassVar[Literal["one", "two"]] = "one"
    final_sight: ClassVar[Sight] = "both"

    def __init__(self, config: ObjectiveConfig, vocabulary: Vocabulary) -> None:
        self.causal_share = config.causal_share
        self.clm, self.mlm = Clm(config, vocabulary), Mlm(config, vocabulary)

    def teach(self, rows: Rows, *, generator: Generator, progress: float) -> Lesson:
        reading = self.clm if self.is_causal(generator, progress=progress) else self.mlm
        return reading.teach(rows, generator=generator, progress=progress)

    def is_causal(self, generator: Generator, *, progress: float) -> bool:
        """Which reading this batch gets."""
        return torch.rand((), generator=generator).item() < self.causal_share
