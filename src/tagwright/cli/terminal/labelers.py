"""Labelers that verbs load, and whether one has seen a file in training, by the hashes saved with it. Knows no verb."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

from tagwright.backbone.builtin import LABELER_FILE, LABELERS, find_labeler
from tagwright.errors import DataError, ModelError, RecipeError
from tagwright.io.source import hash_file
from tagwright.registry import suggest
from tagwright.text.ledger import Ledger

if TYPE_CHECKING:
    from tagwright.inference.predictor import Predictor

LEARNED = "{path} is the file that this labeler was trained on"
CHOSEN = "{path} is the dev file of this labeler's training, by which its epoch was chosen"
NO_NEWS = "It has seen them: what it labels and scores there says little about new documents."


def load_labeler(
    model: str,
    *,
    task: str | None = None,
    dtype: str | None = None,
    ledger: Ledger | None = None,
    unconstrained: bool = False,
    **running: Any,
) -> "Predictor":
    """A saved labeler that notes in this ledger. It has the task, if one is named, but isn't turned to it.

    running: how it works, as RunnerConfig has it.
    """
    from tagwright.cli.terminal.show import show_loading

    check_task(model, task)
    given = ["--beams"] * (running.get("beams", 1) > 1) + ["--unconstrained"] * unconstrained
    running |= {"constrained": False} if unconstrained else {}
    with show_loading(model):
        from tagwright.inference.predictor import Predictor
        from tagwright.inference.runner import RunnerConfig

        labeler = Predictor.from_pretrained(model, dtype=dtype, config=RunnerConfig(**running))
    if given and labeler.model.view == "tagger":
        raise RecipeError(f"{given[0]} is for labelers that write, and {model} is a tagger. Leave it out.")
    if ledger is not None:
        labeler.ledger = ledger
    return labeler


def check_task(model: str, task: str | None) -> None:
    """Refuse a task that a saved writer doesn't have, before anything loads."""
    path = (find_labeler(model) if model in LABELERS else Path(model)) / LABELER_FILE
    if task is None or not path.is_file():  # on the hub, or nowhere: loading finds out
        return
    try:
        told = json.loads(path.read_text(encoding="utf-8"))["writer"]["task"]
    except (ValueError, LookupError, TypeError):  # damaged, or of a tagger: loading says so
        return
    if task not in (tasks := [name.strip() for name in told.split(",")]):
        raise ModelError(f"{model} has no task {task!r}.{suggest(task, tasks)}")


def find_part(labeler: "Predictor", path: str | Path) -> str | None:
    """The part of a labeler's training data that this file was, under any name: train, dev, test or none."""
    file = Path(path)
    if not file.exists():  # standard input, a name on the hub
        return None
    for part, facts in labeler.origin.data.items():
        if "blake2b" in facts and hash_file(file, name=facts["file"]) == facts["blake2b"]:
            return str(part).split()[-1]  # of several tasks it is told by task and part: "srl train"
    return None


def warn_if_learned(labeler: "Predictor", path: str | Path) -> None:
    """Say on standard error that what comes of this file says little."""
    part = find_part(labeler, path)
    if part == "train":
        _warn(f"{LEARNED.format(path=path)}. {NO_NEWS}")
    elif part == "dev":
        _warn(f"{CHOSEN.format(path=path)}: scores there are a little too good.")


def refuse_if_learned(labeler: "Predictor", path: str | Path) -> None:
    """Nothing is calibrated by the documents of training; of those of dev it is said what that is worth."""
    part = find_part(labeler, path)
    if part == "train":
        raise DataError(
            f"{LEARNED.format(path=path)}. It is right there more often than on new documents, so all its scores would "
            "come out too high. Calibrate by labelled documents that were kept out of training."
        )
    if part == "dev":
        _warn(f"{CHOSEN.format(path=path)}: scores come out a little too high, and a coverage is not promised.")


def _warn(message: str) -> None:
    Console(stderr=True, highlight=False).print(f"[bold yellow]Warning:[/] {escape(message)}", soft_wrap=True)
