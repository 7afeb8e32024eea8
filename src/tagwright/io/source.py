"""Files as text: decoded, unzipped, read line by line, and written whole or not at all. Knows no kind of file."""

import codecs
import gzip
import hashlib
import io
import os
import secrets
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from pathlib import Path
from typing import IO, TextIO, cast

from tagwright.errors import DataError

GZIP = b"\x1f\x8b"
HEAD = 1 << 16


@contextmanager
def open_text(path: Path, encoding: str = "utf-8") -> Iterator[TextIO]:
    """A file as text, unzipped where it is gzip'd, without its byte order mark. Line ends are left alone."""
    try:
        with _open_bytes(path) as raw:
            yield io.TextIOWrapper(raw, encoding=_find_encoding(path, encoding), newline="\n")
    except UnicodeDecodeError as error:
        raise _explain_bytes(path, error) from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"The gzip'd file is damaged or cut off ({error}). Pack it again.", path=path) from error
    except OSError as error:
        raise DataError(f"Can't be read: {error.strerror or error}.", path=path) from error


def scan_lines(path: Path, encoding: str = "utf-8") -> Iterator[tuple[int, str]]:
    """The lines of a file with their numbers from 1, without line ends (LF or CRLF)."""
    with open_text(path, encoding) as text:
        for number, line in enumerate(text, start=1):
            if line.endswith("\n"):
                line = line[:-2] if line.endswith("\r\n") else line[:-1]
            yield number, line


def read_text(path: Path, encoding: str = "utf-8") -> str:
    """A whole file."""
    with open_text(path, encoding) as text:
        return text.read()


def read_head(path: Path, encoding: str = "utf-8") -> str:
    """How a file begins; bytes that aren't text are replaced, because this only serves to guess its kind."""
    try:
        with _open_bytes(path) as raw:
            head = raw.read(HEAD)
    except (EOFError, zlib.error, OSError) as error:
        raise DataError(f"Can't be read: {error}.", path=path) from error
    return head.decode(_find_encoding(path, encoding), errors="replace")


def hash_file(path: Path, *, name: str | None = None) -> str:
    """A hash of a file's name and bytes, or of all files of a folder; of a file as if it had the name given."""
    state = hashlib.blake2b(digest_size=16)
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    for file in files:
        if file.is_file():
            state.update((file.name if name is None or path.is_dir() else name).encode())
            with file.open("rb") as stream:
                while block := stream.read(1 << 20):
                    state.update(block)
    return state.hexdigest()


def check_free(folder: Path) -> None:
    """Refuse a place where something is already."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError("is there already. Choose another folder.", path=folder)


def suggest_path(path: Path) -> str:
    """The end of an error about something that isn't there: the nearest name in its folder, if any is near."""
    names = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
    near = get_close_matches(path.name, names, n=1)
    return f" Did you mean {str(path.parent / near[0])!r}?" if near else ""


def _open_bytes(path: Path) -> IO[bytes]:
    with open(path, "rb") as raw:
        zipped = raw.read(2) == GZIP
    return cast(IO[bytes], gzip.open(path, "rb")) if zipped else open(path, "rb")


def _find_encoding(path: Path, encoding: str) -> str:
    """The codec's name: one that drops a byte order mark; UTF-16 where its mark opens the file."""
    try:
        codec = codecs.lookup(encoding)
    except LookupError as error:
        raise DataError(f"No encoding is called {encoding!r}; try 'utf-8' or 'latin-1'.", path=path) from error
    if codec.name != "utf-8":
        return codec.name
    with _open_bytes(path) as raw:
        start = raw.read(2)
    return "utf-16" if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _explain_bytes(path: Path, error: UnicodeDecodeError) -> DataError:
    """Say where the bytes are: the decoder itself only knows its current block."""
    data = b""
    with suppress(OSError, EOFError, zlib.error), _open_bytes(path) as raw:  # the file may be damaged besides
        data = raw.read()
    start = error.start
    try:
        data.decode(error.encoding)
    except UnicodeDecodeError as whole:
        start = whole.start
    line = data.count(b"\n", 0, start) + 1
    shown = data[start : start + 1].hex() or "end"
    reason = (
        f"Byte 0x{shown} at offset {start} is not {error.encoding.removesuffix('-sig')}."
        " Say the file's encoding (--encoding latin-1; of train --set data.encoding=latin-1) or convert it to UTF-8."
    )
    return DataError(reason, path=path, line=line)


@contextmanager
def write_text(path: Path, encoding: str = "utf-8") -> Iterator[TextIO]:
    """A text file that takes its place when all is written: a failure leaves what was there before."""
    target = Path(os.path.realpath(path))
    direct = target.exists() and not target.is_file()  # a pipe or /dev/stdout can't be replaced
    part = target if direct else target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with _open_part(part, encoding, zipped=path.suffix == ".gz") as text:
            yield text
        if not direct:
            os.replace(part, target)
    except OSError as error:
        raise DataError(f"Can't be written: {error.strerror or error}.", path=path) from error
    except UnicodeEncodeError as error:
        bad = error.object[error.start : error.start + 1]
        raise DataError(f"Can't be written: {encoding} has no {bad!a}. Replace it in the text.", path=path) from error
    finally:
        if not direct:
            with suppress(OSError):
                part.unlink()


@contextmanager
def _open_part(part: Path, encoding: str, *, zipped: bool) -> Iterator[TextIO]:
    with open(part, "wb") as raw:
        packed = gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) if zipped else None
        text = _Marked(cast(IO[bytes], packed or raw), encoding=encoding, newline="\n")
        try:
            yield text
            text.close()
        except BaseException:
            with suppress(OSError, ValueError):  # closing writes what is left, and fails again on a full disk
                text.close()
            raise


class _Marked(io.TextIOWrapper):
    """Text that may begin with U+FEFF: readers drop one as a byte order mark, so it is written twice."""

    fresh = True

    def write(self, text: str, /) -> int:
        if self.fresh and text:
            self.fresh = False
            if text[0] == "\ufeff":
                super().write("\ufeff")
        return super().write(text)
