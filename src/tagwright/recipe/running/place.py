"""The folder of a run: what it is filled with, and when training may go on in it or begin again.

Knows nothing of how a labeler is trained.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tagwright.errors import RecipeError
from tagwright.models.folder import ABOUT, BACKBONE, CARD, FIXTURE, WEIGHTS, read_about
from tagwright.recipe.recipe import USED, Recipe
from tagwright.training.checkpoints import find_checkpoint

logger = logging.getLogger(__name__)
CHECKPOINTS, RUN = "checkpoints", "run.json"
RECIPE, HISTORY, REPORT, PAGE = "recipe.toml", "history.json", "report.json", "report.html"
WRITTEN = (RECIPE, HISTORY, REPORT, PAGE, ABOUT, BACKBONE, CARD, FIXTURE, WEIGHTS)  # what a run leaves in its folder


def check_folder(folder: Path, recipe: Recipe, *, resume: bool, overwrite: bool) -> None:
    """Refuse to train into a folder that holds a labeler, an unfinished run or files of its own, unless told how."""
    if resume and is_finished(folder):
        wanted = recipe.to_dict() | {"out": ""}
        if recipe.head.scheme == "auto":
            wanted.get("head", {}).pop("scheme", None)
        changes = _find_changes(read_about(folder)["recipe"] | {"out": ""}, wanted)
        if changed := [f"{name}: {then!r} then, {now!r} now" for name, then, now in changes if now is not None]:
            raise RecipeError(
                f"{folder} holds a finished run with other settings:\n  " + "\n  ".join(changed) + "\n"
                "Choose another --out, or --overwrite to start again."
            )
    is_used = is_finished(folder) or find_checkpoint(folder / CHECKPOINTS) is not None
    if resume and not is_used:
        logger.warning("There is nothing to resume in %s: starting from the beginning.", folder)
    if not is_used and not overwrite and (own := [name for name in WRITTEN if (folder / name).exists()]):
        raise RecipeError(
            f"{folder} is no run, but holds {', '.join(own)}, which training would replace. Choose another --out, or "
            "--overwrite to replace."
        )
    if is_used and not resume and not overwrite:
        raise RecipeError(USED.format(folder=folder))


def is_finished(folder: Path) -> bool:
    """A run in this folder has come to its end: its labeler is saved and no checkpoint is left."""
    return (folder / ABOUT).exists() and find_checkpoint(folder / CHECKPOINTS) is None


def check_same_run(
    place: Path, recipe: Recipe, *, facts: Mapping[str, Any], asked: Mapping[str, Any] | None = None
) -> None:
    """Keep what a run was begun with beside its checkpoints; refuse to resume it with anything else.

    asked: what the recipe doesn't say, by the names of the options.
    """
    path = place / RUN
    now = {"recipe": recipe.to_dict() | {"out": ""}, "data": facts, **(asked or {})}
    if not path.exists():
        place.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(now), encoding="utf-8")
        return
    then = json.loads(path.read_text(encoding="utf-8"))
    if changed := [f"{n.removeprefix('recipe.')}: {a!r} then, {b!r} now" for n, a, b in _find_changes(then, now)]:
        raise RecipeError(
            f"The run in {place.parent} was begun with other settings or data, so it can't be resumed:\n  "
            + "\n  ".join(changed)
            + "\nGive the same ones, take another folder, or start again (--overwrite, overwrite=True)."
        )


def _find_changes(then: Any, now: Any, name: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(then, dict) and isinstance(now, dict):
        for key in sorted({*then, *now}):
            yield from _find_changes(then.get(key), now.get(key), f"{name}.{key}" if name else key)
    elif json.loads(json.dumps(now)) != then:
        yield name, then, now
