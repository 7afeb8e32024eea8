"""Base: the pretrained model that a labeler's own weights lie on, known by its name and a checksum of its weights."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tagwright.backbone.builtin import UNTRAINED
from tagwright.backbone.config import BackboneConfig
from tagwright.errors import ModelError
from tagwright.models.labeler import OnBackbone, Plan
from tagwright.tuning import TUNINGS
from tagwright.tuning.weights import digest_model

NO_FOUR_BITS = "lora"  # what qlora is beside a base in full precision


@dataclass(frozen=True)
class Base:
    """Where a pretrained model is to be had, and what its weights came to before anything of them moved."""

    model: str
    revision: str | None
    digest: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def find_base(labeler: OnBackbone) -> Base | None:
    """What a labeler's saved weights lie on; None where they are all saved: all moved, or no file holds the others."""
    config = labeler.backbone.config
    if labeler.digest is None or config.model == UNTRAINED:
        return None
    return Base(config.model, config.revision, labeler.digest)


def load_base(plan: Plan, base: Base, *, folder: Path, place: str | None, unquantised: bool) -> tuple[Plan, nn.Module]:
    """The pretrained model, made sure of, and the plan of a labeler on it. `place` is where it is now."""
    where = {"model": base.model, "revision": base.revision} if place is None else {"model": place, "revision": None}
    tuning, four_bits = plan.tuning, TUNINGS[plan.tuning.name].needs_four_bits
    if four_bits and unquantised:
        tuning = tuning.model_copy(update={"name": NO_FOUR_BITS})
    plan = replace(plan, backbone=plan.backbone.model_copy(update=where), tuning=tuning)  # type: ignore[type-var]
    try:
        backbone = plan.load()
    except ModelError as error:
        raise ModelError(
            f"{folder} holds only what was trained beside {base.model}, which can't be loaded: {error}\n"
            'If that model is elsewhere now, say where: tagwright.load(folder, base="...").'
        ) from error
    if (found := digest_model(backbone.model, four_bits=four_bits)) != base.digest:
        raise ModelError(
            f"{folder} was trained beside another model than {where['model']} is: its checksum is {found}, expected "
            f'{base.digest}. Give the model it was trained beside ({base.model}): tagwright.load(folder, base="...").'
        )
    return plan, backbone


def change_precision(config: BackboneConfig, dtype: str | None) -> BackboneConfig:
    """The config with another precision, if one is given, checked."""
    return config if dtype is None else BackboneConfig.model_validate(config.model_dump() | {"dtype": dtype})


def cast(backbone: Any, dtype: str) -> None:
    """Weights in another precision; buffers keep theirs, as if the model had been loaded like that."""
    backbone.config = change_precision(backbone.config, dtype)
    for weight in backbone.parameters():
        if weight.is_floating_point():
            weight.data = weight.data.to(getattr(torch, dtype))
