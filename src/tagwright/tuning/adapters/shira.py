"""ShiraTuning: a fixed random few of the weights of each matrix move."""

import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from peft import ShiraConfig
from peft.tuners.shira.layer import ShiraLayer
from peft.utils import TRANSFORMERS_MODELS_TO_SHIRA_TARGET_MODULES_MAPPING as TARGETS
from torch import Tensor, nn

from tagwright.errors import ModelError
from tagwright.tuning.adapters.adapter import ADAPTER, AdapterTuning, ends_in
from tagwright.tuning.weights import fill, list_matrices

INDICES = "shira_indices"


class ShiraTuning(AdapterTuning):
    """As many weights of a matrix as LoRA's two would hold, drawn once; where they lie is saved with them."""

    steps = 4.0

    def configure(self, model: Any) -> ShiraConfig:
        targets = self.find_targets(model, usual=tuple(TARGETS.get(model.config.model_type, ())))
        for name, part in list_matrices(model):
            if any(ends_in(name, target) for target in targets):
                self._check_layer(name, part)
        return ShiraConfig(r=self.config.rank, target_modules=targets)

    def prepare(self, module: nn.Module) -> None:
        super().prepare(module)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch says once that it trusts the indices of sparse matrices
            for _, layer in _list(module):
                layer.get_delta_weight(ADAPTER)

    def foresee(self, model: Any) -> int:
        """By arithmetic: places can't be drawn in empty weights."""
        targets: Any = self.configure(model).target_modules
        layers: Any = [part for name, part in list_matrices(model) if any(ends_in(name, one) for one in targets)]
        return sum(self.config.rank * (layer.in_features + layer.out_features) for layer in layers)

    def _check_layer(self, name: str, part: nn.Module) -> None:
        if not isinstance(part, nn.Linear):
            raise ModelError(
                f"The tuning 'shira' takes nn.Linear alone; {name} is a {type(part).__name__}. Use the tuning 'lora'."
            )
        most = part.in_features * part.out_features // (part.in_features + part.out_features)
        if self.config.rank > most:
            raise ModelError(
                f"{name} ({part.out_features} x {part.in_features}) has no {self.config.rank} x "
                f"({part.out_features} + {part.in_features}) weights to choose from. Set tuning.rank to {most} at most."
            )

    def collect(self, module: nn.Module, *, whole: bool = False) -> dict[str, Tensor]:
        return super().collect(module, whole=whole) | {
            name: layer.shira_indices[ADAPTER] for name, layer in _list(module)
        }

    def put_back(self, module: nn.Module, tensors: Mapping[str, Tensor], *, source: Path, whole: bool = False) -> None:
        layers, rest = dict(_list(module)), dict(tensors)
        for name, layer in layers.items():
            if name not in rest or rest[name].shape != layer.shira_indices[ADAPTER].shape:
                raise ModelError(f"{source} lacks {name}, or holds it for another rank. Copy or train it again.")
            layer.shira_indices[ADAPTER] = rest.pop(name)
        fill(module, rest, names=super().collect(module, whole=whole), source=source)


def _list(module: nn.Module) -> Iterator[tuple[str, Any]]:
    """The layers, by the name that their indices are saved under."""
    for name, part in module.named_modules():
        if isinstance(part, ShiraLayer):
            yield f"{name}.{INDICES}", part
