"""Plain text for pretraining, one document at a time: files, globs and data sets. Knows no token and no label.

A file is UTF-8, plain or packed with gzip or zstd: one paragraph a line, an empty line between documents.
A data set holds one document a row.
"""

import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import IO, Any, cast

from tagwright.errors import DataError
from tagwright.io.hub import HUB, MARKS, load_rows

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
BLOCK = 1 << 14  # packed bytes at a time
WINDOW = 1 << 31  # zstd's largest: files packed with --long ask for more than its default


@dataclass(frozen=True)
class PlainText:
    """One document without words or labels. `name` is that of its file or data set, and its number there from 1."""

    name: str
    paragraphs: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.paragraphs)


def read_plain(sources: Sequence[str]) -> Iterator[PlainText]:
    """The documents of all sources, in order. Blank paragraphs hold nothing, and documents without others don't come.

    A source is a file, a glob (its files sorted by name), a folder that the datasets library saved,
    or `hub:NAME[:SPLIT[:COLUMN]]`, where NAME is such a folder or a data set of the hub; the column is `text`
    unless it is said. A source that isn't there fails before the first document comes.
    """
    places = [place for source in sources for place in _find_places(source)]
    for place in places:
        yield from _read_rows(place) if isinstance(place, str) else _read_file(place)


def find_files(source: str) -> list[Path]:
    """The file or folder of this name, or the files that the glob matches, sorted; an error where there is none."""
    if Path(source).exists():
        return [Path(source)]
    files = [Path(name) for name in sorted(glob(source, recursive=True)) if Path(name).is_file()]
    if not files:
        found = "No file matches this glob." if has_magic(source) else "There is no such file."
        raise DataError(f"{found} Give a file or a glob that matches some.", path=source)
    return files


def _find_places(source: str) -> list[Path | str]:
    """The files of a source; a data set stays a name that begins with `hub:`."""
    if source.startswith(HUB):
        return [source]
    path = Path(source)
    if any((path / mark).exists() for mark in MARKS):
        return [f"{HUB}{source}"]
    if path.is_dir():
        raise DataError("It is a folder. Name its files, for example by a glob: folder/*.txt.", path=path)
    return [*find_files(source)]


# --- files -----------------------------------------------------------------------------------------------------------


def _read_file(path: Path) -> Iterator[PlainText]:
    stem = path.name
    for suffix in (".gz", ".zst", ".txt"):
        stem = stem.removesuffix(suffix)
    count, paragraphs = 0, list[str]()
    for line in _scan_lines(path):
        if line and not line.isspace():
            paragraphs.append(line)
        elif paragraphs:
            count += 1
            yield PlainText(f"{stem}:{count}", tuple(paragraphs))
            paragraphs = []
    if paragraphs:
        yield PlainText(f"{stem}:{count + 1}", tuple(paragraphs))


def _scan_lines(path: Path) -> Iterator[str]:
    """The lines without their ends (LF or CRLF), and without the mark that may open the file."""
    with _open_bytes(path) as raw:
        for number, line in enumerate(raw, start=1):
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                reason = f"Byte 0x{line[error.start]:02x} is not UTF-8. Convert the file to UTF-8."
                raise DataError(reason, path=path, line=number) from error
            yield text.rstrip("\r\n")


@contextmanager
def _open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """A file's bytes, unpacked; how it is packed is read from how it begins."""
    try:
        with open(path, "rb") as raw:
            head = raw.read(4)
            raw.seek(0)
            if head.startswith(GZIP):
                with gzip.open(raw) as unpacked:
                    yield cast(IO[bytes], unpacked)
            else:
                yield io.BufferedReader(_Unzstd(raw, path)) if head == ZSTD else raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"The gzip'd file is damaged or cut off ({error}). Pack it again.", path=path) from error
    except OSError as error:
        raise DataError(f"Can't be read: {error.strerror or error}.", path=path) from error


class _Unzstd(io.RawIOBase):
    """A zstd file as bytes, over all its frames. The library's own reader takes a cut-off file for a whole one."""

    def __init__(self, packed: IO[bytes], path: Path) -> None:
        try:
            import zstandard
        except ImportError as error:
            reason = "Files packed with zstd need the library zstandard: pip install zstandard, or 'tagwright[text]'."
            raise DataError(reason, path=path) from error
        self.packed, self.path, self.fault = packed, path, zstandard.ZstdError
        self.unpacker = zstandard.ZstdDecompressor(max_window_size=WINDOW)
        self.frame: Any = None  # the one being unpacked
        self.rest, self.ready = b"", memoryview(b"")  # packed bytes not used yet; unpacked bytes not given yet

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while not self.ready and self._unpack():
            pass
        count = min(len(buffer), len(self.ready))
        buffer[:count], self.ready = self.ready[:count], self.ready[count:]
        return count

    def _unpack(self) -> bool:
        """Unpack a block; False at the end of the file."""
        self.rest = self.rest or self.packed.read(BLOCK)
        if not self.rest:
            if self.frame is not None:
                raise DataError("The zstd file is cut off. Pack it again.", path=self.path)
            return False
        self.frame = self.frame or self.unpacker.decompressobj()
        try:
            self.ready = memoryview(self.frame.decompress(self.rest))
        except self.fault as error:
            raise DataError(f"The zstd file is damaged ({error}). Pack it again.", path=self.path) from error
        self.rest = self.frame.unused_data
        if self.frame.eof:
            self.frame = None
        return True


# --- data sets -------------------------------------------------------------------------------------------------------


def _read_rows(source: str) -> Iterator[PlainText]:
    name, _, rest = source.removeprefix(HUB).partition(":")
    split, _, column = rest.partition(":")
    data, column = load_rows(name, split, source=source), column or "text"
    if column not in data.column_names:
        known = ", ".join(data.column_names)
        raise DataError(f"It has no column {column!r}. Say which of {known}: {HUB}NAME:SPLIT:COLUMN.", path=source)
    stem = Path(name).name
    for number, row in enumerate(data.select_columns([column]), start=1):
        text = "" if row[column] is None else row[column]
        if not isinstance(text, str):
            raise DataError(f"Row {number} of column {column!r} is {text!r:.60}, expected text.", path=source)
        lines = (line.rstrip("\r") for line in text.split("\n"))
        paragraphs = tuple(line for line in lines if line and not line.isspace())
        if paragraphs:
            yield PlainText(f"{stem}:{number}", paragraphs)
