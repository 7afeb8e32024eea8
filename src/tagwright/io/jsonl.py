"""JSON rows: one object a line, or one list of objects. Which keys a row has is the shapes' matter."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, ClassVar, TextIO

from tagwright.errors import DataError
from tagwright.io.kind import FileKind, is_automatic, located, note_losses, read_rows
from tagwright.io.shapes import SHAPES, choose_shape, find_shape
from tagwright.io.shapes.shape import Row, Shape, show
from tagwright.io.shapes.tags import TagReader
from tagwright.io.shapes.words import TagShape
from tagwright.io.source import read_text, scan_lines, write_text
from tagwright.registry import suggest
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger

SURROGATE = re.compile("[\ud800-\udfff]")
START = re.compile(r"[\s\ufeff]*")


class JsonRows(FileKind):
    """JSONL in any shape of row. Written: our own shapes, or the one that the options name."""

    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson", ".json")
    looks = "it begins with a JSON object or list"
    shape: str | None = None  # the shape that a subclass writes

    @classmethod
    def sniff(cls, path: Path, head: str) -> bool:
        start = head.lstrip()[:64]
        return re.match(r'\{\s*("|\}|$)|\[\s*(\{|\]|$)', start) is not None

    def scan(self, path: Path) -> Iterator[Document]:
        shapes: dict[str, Shape] = {}
        for line, first in islice(scan_rows(path, Ledger(), encoding=self.options.encoding), 1):
            with located(path, line):
                self._check_keys(first)

        def read(row: Row, name: str, where: str) -> Document:
            self._name_keys(row, self.ledger, where)
            found = self._find_shape(row)
            if found not in shapes:
                shapes[found] = SHAPES[found](self.options, self.ledger)
                if isinstance(shape := shapes[found], TagShape):
                    shape.reader = self._read_scheme(path, shape)
            return shapes[found].read(row, name=name, where=where)

        yield from read_rows(path, scan_rows(path, self.ledger, encoding=self.options.encoding), read=read)

    def _check_keys(self, row: Row) -> None:
        """A key that the options name is there, in the first row at least."""
        for name in ("text_column", "tag_column", "word_column"):
            key = getattr(self.options, name)
            if isinstance(key, str) and key not in row:
                raise DataError(f"No key {show(key)} ({name.replace('_', ' ')}) in the row.{suggest(key, row)}")

    def _name_keys(self, row: Row, ledger: Ledger, where: str) -> None:
        """Call the keys that the options name as the shapes do; one that bears such a name already goes."""
        for key, usual in ((self.options.text_column, "text"), (self.options.word_column, "tokens")):
            if isinstance(key, str) and key != usual:
                if usual in row:
                    ledger.note(f"key {usual!r}, since another was named for what it says", where)
                row[usual] = row.pop(key, None)

    def _find_shape(self, row: Row) -> str:
        if self.options.shape is not None:
            return self.options.shape
        tags = self.options.tag_column
        if isinstance(tags, str) and tags in row:
            return "tags"
        return find_shape(row)

    def _read_scheme(self, path: Path, shape: TagShape) -> TagReader:
        """Find the tags' scheme over the whole file, before the first document."""

        def scan_tags() -> Iterator[list[str]]:
            for line, row in scan_rows(path, Ledger(), encoding=self.options.encoding):
                with located(path, line):
                    self._name_keys(row, Ledger(), "")
                    if self._find_shape(row) == "tags":
                        yield shape.take_tags(row)

        named = self.options.scheme
        return TagReader.for_file(() if named else scan_tags(), self.ledger, scheme=named)

    def write(self, documents: Iterable[Document], path: Path) -> int:
        as_list = path.name.removesuffix(".gz").endswith(".json")
        with write_text(path, self.options.encoding) as text:
            return write_rows(self.make_rows(documents), text, as_list=as_list)

    def make_rows(self, documents: Iterable[Document]) -> Iterator[Row]:
        """A row for each document."""
        named = self.options.shape or self.shape
        for number, document in enumerate(documents, start=1):
            shape = SHAPES[named or choose_shape(document)](self.options, self.ledger)
            note_losses(document, self.ledger, holds=shape.holds)
            with_id = named is None or not is_automatic(document.id, number)
            yield shape.write_rest(document, shape.write(document), with_id=with_id)


class Doccano(JsonRows):
    """doccano's JSONL. Read as any other; written in doccano's own shape."""

    suffixes: ClassVar[tuple[str, ...]] = ()
    looks = "a row has 'text' and 'label'"
    holds = SHAPES["doccano"].holds
    shape = "doccano"

    @classmethod
    def sniff(cls, path: Path, head: str) -> bool:
        return False  # its rows are among those that JsonRows reads


def scan_rows(path: Path, ledger: Ledger, *, encoding: str) -> Iterator[tuple[int, Row]]:
    """The objects of a file with their lines."""
    lines = ((number, line) for number, line in scan_lines(path, encoding) if line and not line.isspace())
    first = next(lines, None)
    if first is None:
        return
    if first[1].lstrip().startswith("["):
        yield from _scan_list(path, read_text(path, encoding), ledger)
        return
    for number, line in chain([first], lines):
        with located(path, number):
            yield number, _take_object(parse(line, ledger, where=f"{path.name}:{number}"))


def _scan_list(path: Path, text: str, ledger: Ledger) -> Iterator[tuple[int, Row]]:
    """The elements of a JSON list one by one, so that each has its line."""
    at, line = text.index("[") + 1, 1
    last = 0
    while True:
        at = START.match(text, at).end()  # type: ignore[union-attr]  # it matches everywhere
        line += text.count("\n", last, at)
        last = at
        with located(path, line):
            if text.startswith("]", at):
                if text[at + 1 :].strip():
                    raise DataError("More follows after the end of the list. Expected one list, or one object a line.")
                return
            value, end = _parse(partial(_DECODER.raw_decode, idx=at), text)
            yield line, _take_object(_mend(value, text[at:end], f"{path.name}:{line}", ledger))
            at = START.match(text, end).end()  # type: ignore[union-attr]
            if not text.startswith(("]", ","), at):
                raise DataError("The list is not closed, or a comma is missing. The file may have been cut off.")
            at += text.startswith(",", at)


def _parse(decode: Callable[[str], Any], text: str) -> Any:
    """Decode, with every fault of JSON as a DataError."""
    try:
        return decode(text)
    except RecursionError as error:
        raise DataError("The JSON is nested too deeply to be read.") from error
    except ValueError as error:  # JSONDecodeError, or an integer of thousands of digits
        at = f" (column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        raise DataError(f"Not JSON: {reason}{at}. Expected one object a line, or one list of objects.") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value; write null or a number")


def _make_object(pairs: list[tuple[str, Any]]) -> Row:
    row = dict(pairs)
    if len(row) != len(pairs):
        names = [key for key, _ in pairs]
        raise ValueError(
            f"the key {show(next(key for key in names if names.count(key) > 1))} stands twice in an object"
        )
    return row


_DECODER = json.JSONDecoder(object_pairs_hook=_make_object, parse_constant=_refuse_constant)


def parse(text: str, ledger: Ledger, *, where: str) -> Any:
    """A JSON value, held to what a document can hold: no NaN, no key twice, no half of a character."""
    return _mend(_parse(_DECODER.decode, text), text, where, ledger)


def _mend(value: Any, source: str, where: str, ledger: Ledger) -> Any:
    return _replace_surrogates(value, where, ledger) if "\\ud" in source or "\\uD" in source else value


def _take_object(value: object) -> Row:
    if not isinstance(value, dict):
        raise DataError(f"A row is {show(value)}, and an object was expected.")
    return value


def _replace_surrogates(value: Any, where: str, ledger: Ledger) -> Any:
    """Halves of a character that JSON can say and no text can hold become U+FFFD: offsets stay as they are."""
    if isinstance(value, str):
        fixed, count = SURROGATE.subn("\ufffd", value)
        if count:
            ledger.note("half of a surrogate pair, replaced by U+FFFD", where, count=count)
        return fixed
    if isinstance(value, list):
        return [_replace_surrogates(item, where, ledger) for item in value]
    if isinstance(value, dict):
        pairs = {_replace_surrogates(key, where, ledger): item for key, item in value.items()}
        return {key: _replace_surrogates(item, where, ledger) for key, item in pairs.items()}
    return value


def write_rows(rows: Iterable[Row], text: TextIO, *, as_list: bool) -> int:
    """Write rows as JSON, one a line, and say how many."""
    count = 0
    for count, row in enumerate(rows, start=1):
        if as_list:
            text.write("[\n" if count == 1 else ",\n")
        text.write(dump(row))
        if not as_list:
            text.write("\n")
    if as_list:
        text.write("\n]\n" if count else "[]\n")
    return count


def dump(value: object) -> str:
    """JSON in one line."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(f"{show(value)} can't be written as JSON: {error}.") from error
