"""Read and write documents in every kind of file, by suffix, inspection or name. The kinds themselves are elsewhere.

documents = read("train.conll")
write(documents, "train.jsonl")
convert("export.json", "train.conll", source_kind="labelstudio")
"""

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tagwright.errors import DataError
from tagwright.io.conll import Conll
from tagwright.io.hub import HUB, Datasets
from tagwright.io.jsonl import Doccano, JsonRows
from tagwright.io.kind import FileKind, FileOptions, find_stem, located
from tagwright.io.plain import PlainText
from tagwright.io.source import read_head, suggest_path
from tagwright.io.standoff import Standoff
from tagwright.io.studio import LabelStudio
from tagwright.io.table import CsvTable, TsvTable
from tagwright.io.tables.sheet import Sheet
from tagwright.registry import Table
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger

# In the order in which a file is inspected.
FILES: Table[type[FileKind]] = Table(
    "kind of file",
    {
        "datasets": Datasets,
        "brat": Standoff,
        "labelstudio": LabelStudio,
        "jsonl": JsonRows,
        "doccano": Doccano,
        "conll": Conll,
        "csv": CsvTable,
        "tsv": TsvTable,
        "sheet": Sheet,
        "text": PlainText,
    },
)


LOOSE = (".csv", ".tsv", ".txt")  # suffixes that say little of what is inside


@dataclass(frozen=True)
class Detection:
    """What kind a file is, and how that was seen."""

    kind: str
    reason: str


def read(
    path: str | Path, *, kind: str | None = None, options: FileOptions | None = None, ledger: Ledger | None = None
) -> list[Document]:
    """All documents of a file. What can't be held goes into the ledger, or into one warning where there is none."""
    own = Ledger() if ledger is None else ledger
    documents = list(_scan(Path(path), kind, options or FileOptions(), own))
    if ledger is None:
        _warn(path, "read", own)
    return documents


def scan(
    path: str | Path, *, kind: str | None = None, options: FileOptions | None = None, ledger: Ledger | None = None
) -> Iterator[Document]:
    """The documents of a file one at a time, in order. The warning, if any, comes after the last."""
    own = Ledger() if ledger is None else ledger
    yield from _scan(Path(path), kind, options or FileOptions(), own)
    if ledger is None:
        _warn(path, "read", own)


def write(
    documents: Iterable[Document],
    path: str | Path,
    *,
    kind: str | None = None,
    options: FileOptions | None = None,
    ledger: Ledger | None = None,
) -> int:
    """Write documents, and say how many. A file takes its place when it is complete, or stays as it was."""
    own = Ledger() if ledger is None else ledger
    target = Path(path)
    writer = find_writer(target, kind=kind)
    with located(target):
        count = writer(options or FileOptions(), own).write(documents, target)
    if ledger is None:
        _warn(path, "written", own)
    return count


def convert(
    source: str | Path,
    target: str | Path,
    *,
    source_kind: str | None = None,
    target_kind: str | None = None,
    source_options: FileOptions | None = None,
    target_options: FileOptions | None = None,
    ledger: Ledger | None = None,
) -> int:
    """Read one file and write another, document by document, and say how many."""
    own = Ledger() if ledger is None else ledger
    documents = scan(source, kind=source_kind, options=source_options, ledger=own)
    count = write(documents, target, kind=target_kind, options=target_options, ledger=own)
    if ledger is None:
        _warn(source, f"converted to {target}", own)
    return count


def detect_kind(path: str | Path, *, options: FileOptions | None = None) -> Detection:
    """The kind of a file, by its suffix and by how it begins."""
    path = Path(path)
    encoding = (options or FileOptions()).encoding
    if str(path).startswith(HUB):
        return Detection("datasets", FILES["datasets"].looks)
    if not path.exists():
        raise _miss(path)
    head = "" if path.is_dir() else read_head(path, encoding)
    if path.is_file() and not head.strip("\ufeff \t\r\n"):
        raise DataError("The file is empty.", path=path)
    suffix = _find_suffix(path)
    named = next((name for name, kind in FILES.items() if suffix in kind.suffixes), None)
    for name in _order_kinds(suffix):
        if FILES[name].sniff(path, head):
            return Detection(name, FILES[name].looks)
    if named is not None and named != "text":
        return Detection(named, f"its name ends in {suffix}")
    raise DataError(f"It is of no kind that is recognised. Name one of {', '.join(FILES)}.", path=path)


def _order_kinds(suffix: str) -> list[str]:
    """Those that only a look inside can tell, then those of this suffix, then, where it says little, the others.

    Text comes last, and only where the suffix is its own: any file could be text.
    """
    inside = [name for name, kind in FILES.items() if not kind.suffixes]
    own = [name for name, kind in FILES.items() if suffix in kind.suffixes and name != "text"]
    if own and suffix not in LOOSE:
        return [*inside, *own]
    others = [name for name in FILES if name not in (*inside, *own, "text")]
    return [*inside, *own, *others, *(["text"] if suffix in FILES["text"].suffixes else [])]


def choose_kind(path: Path) -> str:
    """The kind that a new file's name asks for; a name without a suffix is a folder of brat files."""
    suffix = _find_suffix(path)
    for name, kind in FILES.items():
        if suffix in kind.suffixes:
            return name
    known = ", ".join(suffix for kind in FILES.values() for suffix in kind.suffixes)
    raise DataError(
        f"The name's ending {suffix!r} says no kind of file. Use one of {known}, or name the kind: {', '.join(FILES)}.",
        path=path,
    )


def find_reader(path: Path, *, kind: str | None, options: FileOptions) -> type[FileKind]:
    """What reads a file that is there: of the kind named, or of the one that it looks like."""
    found = FILES[kind or detect_kind(path, options=options).kind]
    if not str(path).startswith(HUB) and not path.exists():
        raise _miss(path)
    return found


def find_writer(path: Path, *, kind: str | None) -> type[FileKind]:
    """What writes a new file: the kind named, or the one that its name asks for."""
    return FILES[kind or choose_kind(path)]


def _scan(path: Path, kind: str | None, options: FileOptions, ledger: Ledger) -> Iterator[Document]:
    reader = find_reader(path, kind=kind, options=options)
    automatic = find_stem(path) + ":"
    seen: set[str] = set()
    count = 0
    for document in reader(options, ledger).scan(path):
        count += 1
        if not document.id.startswith(automatic):
            if document.id in seen:
                ledger.note("document whose id another one has, too", f"{path.name}: {document.id}")
            seen.add(document.id)
        yield document
    if not count:
        raise DataError("The file is empty: it holds no document.", path=path)


def _miss(path: Path) -> DataError:
    """The error for a file that isn't there, with the nearest name in its folder."""
    folder = path.parent
    where = "" if folder.is_dir() else f" Nor is there a folder {str(folder)!r}."
    return DataError(f"There is no such file or folder.{suggest_path(path)}{where}", path=path)


def _find_suffix(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).suffix.lower()


def _warn(path: str | Path, deed: str, ledger: Ledger) -> None:
    if ledger:
        lines = "\n  ".join(ledger.lines())
        warnings.warn(f"{path} was {deed}; not everything could be held:\n  {lines}", stacklevel=3)
