"""TrainingArguments of a pretraining run. Knows nothing of data or models."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from transformers import TrainingArguments

from tagwright.errors import RecipeError
from tagwright.pretraining.recipe import PretrainingSteps
from tagwright.registry import suggest
from tagwright.training.arguments import SET_HERE

OURS = {"length", "optimizer", "dtype", "save_dtype", "torch_compile", "attn_implementation", "eval_rows"}


def make_arguments(config: PretrainingSteps, folder: Path) -> TrainingArguments:
    """The arguments of one run: held-out text is scored and a checkpoint written every so many steps, or share."""
    known = {field.name for field in fields(TrainingArguments)}
    for name in config.model_extra or {}:
        if name in SET_HERE:
            raise RecipeError(f"training.{name} is set by Tagwright itself. Take it out.")
        if name not in known:
            raise RecipeError(f"training.{name} is not a setting.{suggest(name, known | OURS)}")
    settings: dict[str, Any] = {
        "output_dir": str(folder),
        "eval_strategy": "steps",
        "save_strategy": "steps",
        "remove_unused_columns": False,
        "disable_tqdm": True,
        "dataloader_pin_memory": False,
        "accelerator_config": {"even_batches": False},
        "report_to": "none",
    }
    given = config.model_dump(exclude=OURS, exclude_none=True)
    for name in ("eval_steps", "save_steps", "logging_steps"):
        given[name] = count_steps(given[name], config.max_steps)
    try:
        arguments = TrainingArguments(**(settings | given))
    except (ValueError, TypeError, ImportError) as error:
        raise RecipeError(f"[training] is not possible: {error}") from error
    # one process drives one device; without this the Trainer would split batches among all it sees, and slowly
    arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments


def count_steps(wanted: float, steps: int) -> int:
    """Every so many steps; below 1 it is a share of all."""
    return max(1, round(wanted * steps if wanted < 1 else wanted))


def pick_attention(config: PretrainingSteps) -> str:
    """On CPUs plain matrix products beat the fused kernel for rows of a few hundred tokens."""
    if config.attn_implementation is not None:
        return config.attn_implementation
    return "sdpa" if torch.accelerator.is_available() else "eager"
