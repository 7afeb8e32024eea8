"""Data sets of the `datasets` library: a folder on disk, or `hub:NAME:SPLIT`. Loads the library when used.

NAME is a data set of the hub, or such a folder; SPLIT is left out where there is but one part. Rows are read in any
shape of JSON rows; a column of class numbers becomes its names.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

from tagwright.errors import DataError
from tagwright.io.jsonl import JsonRows
from tagwright.io.kind import find_stem, located
from tagwright.io.shapes import SHAPES
from tagwright.io.shapes.shape import Row, Shape
from tagwright.io.shapes.tags import TagReader
from tagwright.io.shapes.words import TagShape
from tagwright.text.document import Document

HUB = "hub:"
MARKS = ("dataset_dict.json", "dataset_info.json", "state.json")


class Datasets(JsonRows):
    """A saved data set or one of the hub."""

    suffixes: ClassVar[tuple[str, ...]] = ()
    looks = "a folder that the datasets library saved, or a name that begins with hub:"

    @classmethod
    def sniff(cls, path: Path, head: str) -> bool:
        return str(path).startswith(HUB) or any((path / mark).exists() for mark in MARKS)

    def scan(self, path: Path) -> Iterator[Document]:
        rows = _Rows(self._load(path), path)
        for first in islice(rows, 1):
            with located(path, 1):
                self._check_keys(first)
        stem, shapes = find_stem(path), dict[str, Shape]()
        for number, row in enumerate(rows, start=1):
            with located(path, number):
                self._name_keys(row, self.ledger, f"{path.name}, row {number}")
                name = self._find_shape(row)
                if name not in shapes:
                    shape = shapes[name] = SHAPES[name](self.options, self.ledger)
                    if isinstance(shape, TagShape):
                        named = self.options.scheme
                        tags = (shape.take_tags(each) for each in rows)
                        shape.reader = TagReader.for_file(() if named else tags, self.ledger, scheme=named)
                document = shapes[name].read(row, name=f"{stem}:{number}", where=f"{path.name}, row {number}")
            yield document

    def _load(self, path: Path) -> Any:
        named = str(path)
        if not named.startswith(HUB):
            return load_rows(named, "", source=path)
        name, _, part = named.removeprefix(HUB).partition(":")
        return load_rows(name, part, source=path)

    def write(self, documents: Iterable[Document], path: Path) -> int:
        if str(path).startswith(HUB):
            raise DataError("Data sets are read from the hub, not written there. Name a folder.", path=path)
        library = _import_library(path)
        rows = list(self.make_rows(documents))
        for row in rows:
            if _drop_nulls(row) != row:
                self.ledger.note("value that is null", str(row.get("id", "")))
        names = list(dict.fromkeys(name for row in rows for name in row))
        try:
            columns = {name: [row.get(name) for row in rows] for name in names}
            library.Dataset.from_dict(columns).save_to_disk(str(path))
        except Exception as error:  # OSError, and Arrow's own errors for values of mixed types
            raise DataError(f"Can't be written: {type(error).__name__}: {error}.", path=path) from error
        return len(rows)


def load_rows(name: str, part: str, *, source: str | Path) -> Any:
    """The rows of one part of a data set, in a folder or of the hub: the named one, or the only one there is."""
    library = _import_library(source)
    try:
        data = library.load_from_disk(name) if Path(name).is_dir() else library.load_dataset(name)
        for rows in data.values() if isinstance(data, dict) else [data]:
            rows.data.validate(full=True)  # Arrow trusts its files: a damaged one could crash the process
    except Exception as error:  # the library, its servers and its loaders raise errors of many trees
        reason = f"Can't be loaded: {type(error).__name__}: {error}. Check its name and the connection."
        raise DataError(reason, path=source) from error
    if not isinstance(data, dict):
        if part:
            raise DataError(f"It has no parts, so there is no {part!r}. Leave it out.", path=source)
        return data
    chosen = part or (next(iter(data)) if len(data) == 1 else None)
    if chosen not in data:
        named, known = f"{HUB}{name}:{next(iter(data))}", ", ".join(map(repr, data))
        raise DataError(f"No part {chosen!r} in it. Say which of {known}: {named}.", path=source)
    return data[chosen]


def _import_library(source: str | Path) -> Any:
    try:
        import datasets
    except ImportError as error:
        raise DataError("Data sets need the library datasets: pip install 'tagwright[hub]'.", path=source) from error
    return datasets


class _Rows:
    """The rows as JSON would hold them: names for class numbers, and no key whose value is null."""

    def __init__(self, data: Any, path: Path) -> None:
        self.data, self.path = data, path
        inner: dict[str, Any] = {key: getattr(kind, "feature", None) for key, kind in data.features.items()}
        self.names = {key: list(kind.names) for key, kind in inner.items() if hasattr(kind, "names")}

    def __iter__(self) -> Iterator[Row]:
        rows = iter(self.data)
        while (row := self._take(rows)) is not None:
            clean: Row = _drop_nulls(row)
            for key in self.names.keys() & clean.keys():
                names = self.names[key]
                clean[key] = [names[number] if 0 <= number < len(names) else "O" for number in clean[key]]
            yield clean

    def _take(self, rows: Iterator[Any]) -> Any:
        try:
            return next(rows, None)
        except Exception as error:  # Arrow's and the loaders' errors are of many trees
            reason = f"A row can't be read: {type(error).__name__}: {error}. Get the data set anew."
            raise DataError(reason, path=self.path) from error


def _drop_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _drop_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_drop_nulls(item) for item in value]
    return value
