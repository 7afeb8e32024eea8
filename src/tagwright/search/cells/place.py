"""The folder of a search or a curve: its own files, and its cells beside them. Knows nothing of either."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from tagwright.errors import RecipeError
from tagwright.recipe.running.place import RUN

CELLS = "cells"


def take_folder(folder: Path, *, what: str, files: Sequence[str], overwrite: bool) -> None:
    """Forget an earlier one where that is wanted; else refuse files of these names that none has left."""
    cells = folder / CELLS
    if overwrite and cells.is_dir():
        shutil.rmtree(cells)
    own = [name for name in files if (folder / name).exists()]
    if own and not overwrite and not (cells / RUN).exists():
        raise RecipeError(
            f"{folder} is no {what}, but holds {', '.join(own)}, which a {what} would replace. Choose another folder, "
            "or let it replace them (--overwrite, overwrite=True)."
        )
