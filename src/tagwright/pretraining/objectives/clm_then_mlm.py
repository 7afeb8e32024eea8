"""Two phases: causal for the first share of the run, masked for the rest."""

from typing import ClassVar, Literal

from torch import Generator

from tagwright.pretraining.objectives.clm import Clm
from tagwright.pretraining.objectives.config import ObjectiveConfig
from tagwright.pretraining.objectives.mlm import Mlm
from tagwright.pretraining.objectives.objective import Lesson, Rows, Sight, Vocabulary


class ClmThenMlm:
    architecture: ClassVar[Literal["one", "two"]] = "one"
    final_sight: ClassVar[Sight] = "both"

    def __init__(self, config: ObjectiveConfig, vocabulary: Vocabulary) -> None:
        self.causal_share = config.causal_share
        self.clm, self.mlm = Clm(config, vocabulary), Mlm(config, vocabulary)

    def teach(self, rows: Rows, *, generator: Generator, progress: float) -> Lesson:
        phase = self.clm if progress < self.causal_share else self.mlm
        return phase.teach(rows, generator=generator, progress=progress)
