"""Folders that are there whole or not at all, also where several processes make the same one at once.

Knows nothing of what is in them.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import EEXIST, ENOENT, ENOTEMPTY
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from tagwright.errors import DataError

TRIES = 5  # each is lost to another process that put its own folder there in the same moment
LOST = {EEXIST, ENOENT, ENOTEMPTY}


@contextmanager
def draft(folder: Path, *, is_there: Callable[[], bool]) -> Iterator[Path]:
    """An empty folder of this process's own; left without an error it becomes `folder`, else it goes.

    is_there: whether `folder` is already what is being made, so that another process was first; then it stays.
    """
    sweep(folder)
    own = folder.with_name(f"{folder.name}.{os.getpid()}.draft")
    shutil.rmtree(own, ignore_errors=True)
    own.mkdir(parents=True)
    try:
        yield own
        put(own, folder, is_there=is_there)
    finally:
        shutil.rmtree(own, ignore_errors=True)


def put(own: Path, folder: Path, *, is_there: Callable[[], bool]) -> None:
    """Rename a draft; what was in its place is moved aside first, and goes."""
    old = folder.with_name(f"{folder.name}.{os.getpid()}.old.draft")
    for _ in range(TRIES):
        if is_there():
            return
        try:
            if folder.exists():
                folder.rename(old)
            own.rename(folder)
            return
        except OSError as error:
            if error.errno not in LOST:
                raise
        finally:
            shutil.rmtree(old, ignore_errors=True)
    raise DataError(
        "Other processes keep putting other text here. Give each text its own folder (text.tokens).", path=folder
    )


def sweep(folder: Path) -> None:
    """Remove what processes left half made that are no more."""
    for left in folder.parent.glob(f"{folder.name}.*.draft"):
        number = left.name.removeprefix(f"{folder.name}.").split(".")[0]
        if number.isdecimal() and not psutil.pid_exists(int(number)):
            shutil.rmtree(left, ignore_errors=True)
