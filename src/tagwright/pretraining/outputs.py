"""What a finished pretraining run leaves in its folder. Knows nothing of how it was trained.

config.json, model.safetensors, the tokenizer's files: the backbone as transformers reads it      README.md   model card
recipe.toml    history.json   the training log    curve.csv   the log as a table       report.html
"""

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from tagwright.errors import DataError, ModelError
from tagwright.evaluation.page.page import Page, render_page
from tagwright.models.folder import CARD
from tagwright.pretraining.card import describe, list_drops, write_card
from tagwright.pretraining.learning.trainer import BITS, SPEED
from tagwright.pretraining.run import CHECKPOINTS, Pretrained, count_tokens
from tagwright.settings.toml import write_toml
from tagwright.tuning.access import follow_umask

CONFIG, PAGE, CURVE = "config.json", "report.html", "curve.csv"
COLUMNS = {"loss": "loss", BITS: "held_out_bits_per_byte", SPEED: SPEED, "learning_rate": "learning_rate"}


def write_backbone(outcome: Pretrained, folder: Path) -> None:
    """Save the backbone and everything a person or a program may ask of the run; checkpoints go."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="staged-", dir=folder) as temporary:
            staged = Path(temporary)
            _write_model(outcome, staged)
            _write_rest(outcome, staged, folder.resolve().name)
            _move(staged, folder)
            if (folder / CHECKPOINTS).is_dir():  # first out of the way: half of them would pass for an unfinished run
                (folder / CHECKPOINTS).rename(staged / CHECKPOINTS)
    except OSError as error:
        raise DataError(
            f"can't be written: {error.strerror or error}. Free some space, then use --resume.", path=folder
        ) from error


def _write_model(outcome: Pretrained, folder: Path) -> None:
    """The weights are small on disk; the config says float32, so that they are that wherever they are loaded."""
    weights = cast_weights(outcome.model, getattr(torch, outcome.recipe.training.save_dtype))
    outcome.model.save_pretrained(folder, state_dict=weights)
    follow_umask(folder.glob("*.safetensors"))
    outcome.text.tokenizer.save_pretrained(folder)


def cast_weights(model: Any, dtype: torch.dtype) -> dict[str, Tensor]:
    """A state dict in another precision, on the CPU; the model stays as it is and tied weights stay tied."""
    done: dict[tuple[int, torch.Size], Tensor] = {}
    weights: dict[str, Tensor] = {}
    for name, weight in model.state_dict().items():
        place = weight.data_ptr(), weight.shape
        if place not in done:
            done[place] = weight.detach().cpu().to(dtype if weight.is_floating_point() else weight.dtype)
            if not done[place].isfinite().all():
                raise ModelError(
                    f"{name} holds values that are no number in {dtype}. Where the loss rose, lower "
                    'training.learning_rate; else set training.save_dtype = "float32".'
                )
        weights[name] = done[place]
    return weights


def _write_rest(outcome: Pretrained, folder: Path, name: str) -> None:
    toml = write_toml(outcome.recipe)
    (folder / "recipe.toml").write_text(toml, encoding="utf-8")
    (folder / "history.json").write_text(json.dumps(list(outcome.history), indent=1) + "\n", encoding="utf-8")
    with (folder / CURVE).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(list_curve(outcome))
    page = Page(name, describe(outcome), history=outcome.history, unheld=list(list_drops(outcome)), recipe=toml)
    (folder / PAGE).write_text(render_page(page), encoding="utf-8")
    (folder / CARD).write_text(write_card(name, outcome), encoding="utf-8")


def list_curve(outcome: Pretrained) -> Iterator[list[Any]]:
    """A heading, then a row for every step that the log tells of; what it doesn't tell there is empty."""
    yield ["step", "tokens", *COLUMNS.values()]
    steps: dict[int, dict[str, float]] = {}
    for entry in outcome.history:
        told = {column: entry[column] for column in COLUMNS if column in entry}
        if told:
            steps.setdefault(int(entry["step"]), {}).update(told)
    for step, told in sorted(steps.items()):
        yield [step, count_tokens(outcome.recipe.training, step), *(told.get(column, "") for column in COLUMNS)]


def _move(staged: Path, folder: Path) -> None:
    """Put our files into the folder; whatever else is in it (text as tokens) stays.

    The config goes first and comes last: a folder that has one is whole, whenever this is interrupted.
    """
    (folder / CONFIG).unlink(missing_ok=True)
    for path in sorted(staged.iterdir(), key=lambda path: path.name == CONFIG):
        target = folder / path.name
        if target.is_dir():
            shutil.rmtree(target)
        path.replace(target)
