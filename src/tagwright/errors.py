"""Every error that Tagwright raises on purpose.

TagwrightError
├── DataError      a file or a document is not what it should be (file, line)
├── SchemeError    tags and spans don't fit their scheme
├── RecipeError    a setting is unknown, out of range or at odds with another
├── FormatError    text written by a model can't be read back
└── ModelError     a model can't be loaded, proven, saved or run

A message says what was found, where, what was expected and what to do.
"""

from pathlib import Path


class TagwrightError(Exception):
    """Root of the tree: catch this to catch all of them."""


class DataError(TagwrightError):
    """A file or a document is not what it should be; knows the file and the line where it can."""

    def __init__(self, message: str, *, path: str | Path | None = None, line: int | None = None) -> None:
        self.path, self.line, self.reason = path, line, message
        where = "" if path is None else f"{path}:{line}: " if line is not None else f"{path}: "
        super().__init__(where + message)


class SchemeError(TagwrightError):
    """Tags and spans don't fit their scheme."""


class RecipeError(TagwrightError):
    """A setting is unknown, out of range or at odds with another."""


class FormatError(TagwrightError):
    """Text written by a model can't be read back."""


class ModelError(TagwrightError):
    """A model can't be loaded, proven, saved or run."""
