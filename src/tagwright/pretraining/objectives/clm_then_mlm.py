"""Two phases: causal for the first share of the run, masked for the rest."""

from torch import Generator

from tagwright.pretraining.objectives.hybrid import Hybrid


class ClmThenMlm(Hybrid):
    def is_causal(self, generator: Generator, *, progress: float) -> bool:
        return progress < self.causal_share
