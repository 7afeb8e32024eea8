"""Ia3Tuning: keys, values and what goes into the second feed-forward matrix are scaled, number by number."""

from typing import Any

from peft import IA3Config
from peft.utils import TRANSFORMERS_MODELS_TO_IA3_FEEDFORWARD_MODULES_MAPPING as FEEDFORWARD
from peft.utils import TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING as TARGETS

from tagwright.tuning.adapters.adapter import AdapterTuning


class Ia3Tuning(AdapterTuning):
    """One number for each output of a matrix, or for each input of one that ends a feed-forward block."""

    steps = 20.0

    def configure(self, model: Any) -> IA3Config:
        kind = model.config.model_type
        targets = self.find_targets(model, usual=tuple(TARGETS.get(kind, ())))
        inward = [target for target in FEEDFORWARD.get(kind, ()) if target in targets]
        return IA3Config(target_modules=targets, feedforward_modules=inward)
