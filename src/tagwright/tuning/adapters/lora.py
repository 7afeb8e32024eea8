"""LoraTuning, DoraTuning, QloraTuning: two narrow matrices beside each matrix of the backbone."""

from typing import Any, ClassVar, cast

from peft import LoraConfig, prepare_model_for_kbit_training
from torch import nn

from tagwright.tuning.adapters.adapter import AdapterTuning
from tagwright.tuning.weights import list_matrices


class LoraTuning(AdapterTuning):
    """W + (alpha / rank) B A, of which only A and B move; B begins as zeros, so training begins at the backbone."""

    steps = 4.0
    has_magnitudes: ClassVar[bool] = False

    def configure(self, model: Any) -> LoraConfig:
        every = tuple(dict.fromkeys(name.rpartition(".")[2] for name, _ in list_matrices(model)))
        return LoraConfig(
            r=self.config.rank,
            lora_alpha=self.config.scale,
            lora_dropout=self.config.dropout,
            target_modules=self.find_targets(model, usual=every),
            use_dora=self.has_magnitudes,
        )


class DoraTuning(LoraTuning):
    """LoRA of the directions alone; the length of each row is learned apart."""

    has_magnitudes = True


class QloraTuning(LoraTuning):
    """LoRA beside a backbone that is kept in four bits (NF4)."""

    needs_four_bits = True

    def prepare(self, module: nn.Module) -> None:
        prepare_model_for_kbit_training(cast(Any, module).backbone.model, use_gradient_checkpointing=False)
        super().prepare(module)
