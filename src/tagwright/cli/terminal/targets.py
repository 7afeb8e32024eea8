"""The files that a verb is to write: looked at before anything is read, so that none is replaced unasked and no work is
lost for want of a folder. Knows no verb."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from tagwright.errors import RecipeError

Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that are there already.")]
Again = Annotated[bool, typer.Option("--overwrite", help="Start again in a used --out.")]


def check_targets(targets: Mapping[str, Path | None], *, overwrite: bool) -> None:
    """Refuse, by the options' names: a file that is there, one named twice, one in a folder that isn't there.

    An empty file has nothing to lose (the shell makes one for `> file`), nor has what is no file (a pipe).
    """
    named = {option: path for option, path in targets.items() if path is not None}
    places: dict[Path, str] = {}
    for option, path in named.items():
        if (first := places.setdefault(path.resolve(), option)) != option:
            raise RecipeError(f"{first} and {option} are both {path}. Choose another {option}.")
        if not path.parent.is_dir():
            raise RecipeError(f"{option} {path}: {path.parent} is no folder. Make it, or choose another place.")
    taken = [f"{option} {path}" for option, path in named.items() if _is_taken(path)]
    if taken and not overwrite:
        verb = "is" if len(taken) == 1 else "are"
        raise RecipeError(
            f"{', '.join(taken)} {verb} there already. Use --overwrite to replace, or choose another name."
        )


def _is_taken(path: Path) -> bool:
    return any(path.iterdir()) if path.is_dir() else path.is_file() and path.stat().st_size > 0
