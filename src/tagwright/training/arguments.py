"""TrainingArguments from a TrainingConfig. Knows nothing of data or models."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel
from transformers import TrainingArguments

from tagwright.backbone.precision import is_bfloat16_fast, warn_of_bfloat16
from tagwright.errors import RecipeError
from tagwright.registry import suggest
from tagwright.training.config import TrainingConfig

LOGGED = 0.02  # of all steps pass between two rows of the log
OURS = {"tokens_per_batch", "early_stopping_patience", "per_device_train_batch_size"}
SET_HERE = {
    "output_dir",
    "load_best_model_at_end",
    "metric_for_best_model",
    "greater_is_better",
    "remove_unused_columns",
    "accelerator_config",
    "restore_callback_states_from_checkpoint",
}


def check_names(config: BaseModel, *, ours: set[str] = OURS) -> None:
    """Refuse a name that TrainingArguments doesn't have, or that is not the user's to set; `ours` it has not either."""
    known = {field.name for field in fields(TrainingArguments)}
    faults = [
        f"training.{name} is set by Tagwright itself. Take it out."
        if name in SET_HERE
        else f"training.{name} is not a setting.{suggest(name, known | ours)}"
        for name in config.model_extra or {}
        if name in SET_HERE or name not in known
    ]
    if faults:
        raise RecipeError("\n".join(faults))


def make_arguments(config: TrainingConfig, folder: Path, *, has_dev: bool) -> TrainingArguments:
    """The arguments of one run. Without a dev set nothing is evaluated and the last weights are kept."""
    check_names(config)
    given = config.model_dump(exclude=OURS, exclude_none=True)
    if not has_dev:
        given["eval_strategy"] = "no"
    best = has_dev and config.chooses_epoch
    settings: dict[str, Any] = {
        "output_dir": str(folder),
        "per_device_train_batch_size": config.documents_per_batch or 1,
        "load_best_model_at_end": best,
        "logging_steps": LOGGED,
    }
    if config.bf16 and not torch.accelerator.is_available():
        settings["use_cpu"] = True  # bf16 works on CPUs too, but has to be asked for
    if best:
        settings |= {"metric_for_best_model": "eval_f1", "greater_is_better": True}
    arguments = fill_arguments(settings | given)
    if config.bf16 and not is_bfloat16_fast(arguments.device):
        warn_of_bfloat16("training.bf16 is true", "Leave it out")
    return arguments


def fill_arguments(settings: dict[str, Any]) -> TrainingArguments:
    """For one process on one device, which makes its own batches and shows its own progress."""
    usual = {
        "remove_unused_columns": False,
        "accelerator_config": {"even_batches": False},
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
    }
    try:
        arguments = TrainingArguments(**(usual | settings))
    except (ValueError, TypeError, ImportError) as error:
        raise RecipeError(f"[training] is not possible: {error}") from error
    # one process drives one device; without this the Trainer would split batches among all it sees, and slowly
    arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments
