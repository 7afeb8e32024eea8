"""Weights that files lack, or that a model has no place for. Knows nothing of what a model is for."""

import logging
import re
from typing import Any

from tagwright.errors import ModelError

logger = logging.getLogger(__name__)


def check_weights(name: str, model: Any, *, report: dict[str, Any], used: set[int]) -> None:
    """Weights that the files lack would be random: refused. Those that have no place are lost: warned of.

    Either way but for parts that are not used, such as the heads of other tasks.
    """
    weights = dict(model.named_parameters())
    lost = {*report["missing_keys"], *(key for key, *_ in report["mismatched_keys"])}
    if random := sorted(key for key in lost if key in weights and id(weights[key]) in used):
        raise ModelError(
            f"{name} lacks {len(random)} of the weights that its config.json asks for, or holds them in another "
            f"shape; the first is {random[0]}. They would be random. "
            "Put the config.json and the weights together that were saved together."
        )
    start = f"{model.base_model_prefix}."
    kinds = {_find_kind(key.removeprefix(start)) for key, weight in weights.items() if id(weight) in used}
    if left := sorted(key for key in report["unexpected_keys"] if _find_kind(key.removeprefix(start)) in kinds):
        logger.warning(
            "%s holds %d weights that its config.json has no place for; the first is %s. They are left out, so this is "
            "not the model that was saved, unless its config.json was cut on purpose.",
            *(name, len(left), left[0]),
        )


def _find_kind(weight: str) -> str:
    """The module that a weight is part of, whichever layer that is in."""
    return re.sub(r"(?<=\.)\d+(?=\.|$)", "*", weight.rpartition(".")[0])
