"""AdapterTuning: what tunings have in common that peft puts on a model, layer by layer. Knows no head and no data."""

import warnings
from abc import abstractmethod
from typing import Any, cast

import torch
from peft import PeftConfig, inject_adapter_in_model
from peft.tuners.tuners_utils import BaseTunerLayer, cast_adapter_dtype
from torch import nn

from tagwright.errors import ModelError
from tagwright.registry import suggest
from tagwright.tuning.tuning import Tuning
from tagwright.tuning.weights import list_matrices

ADAPTER = "default"  # as peft calls the only one


class AdapterTuning(Tuning):
    """The backbone stays as it is; small weights beside its matrices move, in float32 whatever its precision."""

    def prepare(self, module: nn.Module) -> None:
        backbone: Any = cast(Any, module).backbone
        self._put_on(backbone.model)
        cast_adapter_dtype(backbone.model, ADAPTER)
        backbone.prove()

    def foresee(self, model: nn.Module) -> int:
        with torch.device("meta"):
            self._put_on(model)
        return sum(weight.numel() for weight in model.parameters() if weight.requires_grad)

    def _put_on(self, model: Any) -> None:
        config = self.configure(model)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # peft mends what it warns of: how a layer stores its matrix
            inject_adapter_in_model(config, model)

    @abstractmethod
    def configure(self, model: Any) -> PeftConfig:
        """peft's settings for this model, or why it can't have them."""

    def merge(self, module: nn.Module) -> None:
        for parent in list(module.modules()):
            for name, child in list(parent.named_children()):
                if isinstance(child, BaseTunerLayer):
                    child.merge(safe_merge=True)
                    setattr(parent, name, child.get_base_layer())

    def find_targets(self, model: Any, *, usual: tuple[str, ...]) -> list[str]:
        """The ends of names of the matrices that are adapted: those asked for, or the usual ones of such a model."""
        ends = sorted({name.rpartition(".")[2] for name, _ in list_matrices(model)})
        kind, tuning = model.config.model_type, self.config.name
        wanted = self.config.targets or usual
        if not wanted:
            raise ModelError(
                f"It isn't known which matrices of a {kind} the tuning {tuning!r} is for. Name them in tuning.targets "
                f"(it has {', '.join(ends)}), or use the tuning 'lora', which takes them all."
            )
        for target in wanted:
            if not any(ends_in(name, target) for name, _ in list_matrices(model)):
                raise ModelError(
                    f"tuning.targets: no matrix of this {kind} is called {target!r}.{suggest(target, ends)}"
                )
        return list(wanted)


def ends_in(name: str, target: str) -> bool:
    return name == target or name.endswith("." + target)
