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
        is_causal = torch.rand((), generator=generator).item() < self.causal_share
        reading = self.clm if is_causal else self.mlm
        return reading.teach(rows, generator=generator, progress=progress)
