"""TrainingArguments of a pretraining run. Knows nothing of data or models."""

from pathlib import Path

import torch
from transformers import TrainingArguments

from tagwright.pretraining.recipe import PretrainingSteps
from tagwright.training.arguments import check_names, fill_arguments

OURS = {"length", "optimizer", "dtype", "save_dtype", "torch_compile", "attn_implementation", "eval_rows"}


def make_arguments(config: PretrainingSteps, folder: Path) -> TrainingArguments:
    """The arguments of one run: held-out text is scored and a checkpoint written every so many steps, or share."""
    check_names(config, ours=OURS)
    given = config.model_dump(exclude=OURS, exclude_none=True)
    for name in ("eval_steps", "save_steps", "logging_steps"):
        given[name] = count_steps(given[name], config.max_steps)
    settings = {"output_dir": str(folder), "eval_strategy": "steps", "save_strategy": "steps", "report_to": "none"}
    return fill_arguments(settings | given)


def count_steps(wanted: float, steps: int) -> int:
    """Every so many steps; below 1 it is a share of all."""
    return max(1, round(wanted * steps if wanted < 1 else wanted))


def pick_attention(config: PretrainingSteps) -> str:
    """On CPUs plain matrix products beat the fused kernel for rows of a few hundred tokens."""
    if config.attn_implementation is not None:
        return config.attn_implementation
    return "sdpa" if torch.accelerator.is_available() else "eager"
