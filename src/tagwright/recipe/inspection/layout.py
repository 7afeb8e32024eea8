"""Layout: how a labelled file is laid out: its kind, its columns, the scheme of its tags, each with the reason.

Knows what the readers of `io` find for themselves; reads nothing that they don't.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tagwright.io.files import detect_kind, scan
from tagwright.io.jsonl import scan_rows
from tagwright.io.kind import FileOptions
from tagwright.io.shapes.words import TagShape
from tagwright.io.source import scan_lines
from tagwright.io.table import GROUP_NAMES, TAG_NAMES
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.schemes import Detection, detect_scheme

COLUMNED = ("conll", "csv", "tsv")


@dataclass(frozen=True)
class Layout:
    """A file's kind and why; the columns of its words and tags, and the other ones; the scheme, if it has tags."""

    kind: str
    reason: str
    words: str = ""
    tags: str = ""
    others: tuple[str, ...] = ()
    scheme: Detection | None = None

    def lines(self) -> Iterator[str]:
        """What was found, for people."""
        yield f"{self.kind}: {self.reason}"
        if self.tags:
            others = f"; kept beside them: {', '.join(self.others)}" if self.others else ""
            yield f"words in column {self.words}, tags in column {self.tags}{others}"
        if self.scheme is not None:
            yield f"scheme {self.scheme.scheme}: {self.scheme.reason}"


def find_layout(
    path: Path, documents: Sequence[Document], *, kind: str | None = None, options: FileOptions | None = None
) -> Layout:
    """The layout of a file that has been read into these documents."""
    options = options or FileOptions()
    found = None if kind else detect_kind(path, options=options)
    layout = Layout(kind, "as you said") if kind else Layout(found.kind, found.reason)  # type: ignore[union-attr]
    if layout.kind == "jsonl":
        tags = list(_scan_row_tags(path, options))
        return replace(layout, scheme=detect_scheme(tags) if tags else None)
    if layout.kind not in COLUMNED or not documents:
        return layout
    others = tuple(documents[0].meta.get("columns", ()))
    words, tags_at = _find_columns(path, layout.kind, others, options)
    if tags_at is None:
        return replace(layout, words=words, others=others)
    sequences = _scan_tags(path, layout.kind, words=words, tags=tags_at, options=options)
    scheme = detect_scheme(sequences) if any(document.spans for document in documents) else None
    return replace(layout, words=words, tags=tags_at, others=others, scheme=scheme)


def _find_columns(path: Path, kind: str, others: Sequence[str], options: FileOptions) -> tuple[str, str | None]:
    """The columns of words and tags: those that the reader did not put aside."""
    if kind == "conll":
        free = [str(at) for at in range(len(others) + 2) if str(at) not in others]
        word = str(int(options.word_column) % (len(others) + 2)) if options.word_column is not None else free[0]
        return word, next((at for at in reversed(free) if at != word), None)
    _, head = next(scan_lines(path, options.encoding))
    mark = "\t" if kind == "tsv" else ";" if head.count(";") > head.count(",") else ","
    header = [name.strip().strip('"') for name in head.lstrip("\ufeff").split(mark)]
    free = [name for name in header if name not in others]
    known = [name for name in free if name.lower() in TAG_NAMES]
    tags = _name_column(options.tag_column, header) or next(iter(known), None)
    rest = [name for name in free if name != tags and name.lower() not in GROUP_NAMES]
    return _name_column(options.word_column, header) or next(iter(rest), free[0]), tags


def _name_column(column: int | str | None, header: Sequence[str]) -> str | None:
    return header[column] if isinstance(column, int) else column


def _scan_tags(path: Path, kind: str, *, words: str, tags: str, options: FileOptions) -> Iterator[list[str]]:
    """The tags as they stand in the file: its tag column read as if it held the words."""
    swapped = replace(options, word_column=tags, tag_column=words, scheme="IO")
    for document in scan(path, kind=kind, options=swapped, ledger=Ledger()):
        yield [tag or "O" for tag in document.words]


def _scan_row_tags(path: Path, options: FileOptions) -> Iterator[list[str]]:
    for _, row in scan_rows(path, Ledger(), encoding=options.encoding):
        tags = row.get(TagShape.find_key(row, options.tag_column))
        if isinstance(tags, list) and all(isinstance(tag, str) for tag in tags):
            yield tags
