"""Layout: how a labelled file is laid out: its kind, its columns, the scheme of its tags, each with the reason.

Knows what the readers of `io` find for themselves; reads nothing that they don't.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tagwright.io.files import detect_kind, scan
from tagwright.io.jsonl import scan_rows
from tagwright.io.kind import FileOptions
from tagwright.io.shapes.words import TagShape
from tagwright.io.table import CsvTable, TsvTable
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.schemes import Detection, detect_scheme

TABLES = {"csv": CsvTable, "tsv": TsvTable}


@dataclass(frozen=True)
class Layout:
    """A file's kind and why; the columns of its words and tags, and the other ones; the scheme, if it has tags.

    `columns` says it in words where a row is more than a word.
    """

    kind: str
    reason: str
    words: str = ""
    tags: str = ""
    others: tuple[str, ...] = ()
    scheme: Detection | None = None
    columns: str = ""

    def lines(self) -> Iterator[str]:
        """What was found, for people."""
        yield f"{self.kind}: {self.reason}"
        if self.columns:
            yield self.columns
        elif self.tags:
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
    if layout.kind in TABLES:
        return _find_table(path, layout, options)
    if layout.kind != "conll" or not documents:
        return layout
    others = tuple(documents[0].meta.get("columns", ()))
    words, tags_at = _find_columns(others, options)
    if tags_at is None:
        return replace(layout, words=words, others=others)
    sequences = _scan_tags(path, words=words, tags=tags_at, options=options)
    scheme = detect_scheme(sequences) if any(document.spans for document in documents) else None
    return replace(layout, words=words, tags=tags_at, others=others, scheme=scheme)


def _find_table(path: Path, layout: Layout, options: FileOptions) -> Layout:
    """The layout of a table with a header."""
    table = TABLES[layout.kind](options, Ledger())
    form = table.find_form(path)
    if form is None:
        return layout
    names = {part: "" if at is None else form.header[at] for part, at in form.places.items()}
    sequences = list(table.scan_tags(path, form))
    found = detect_scheme(sequences) if any(tag != "O" for tags in sequences for tag in tags) else None
    layout = replace(layout, words=names["word"], tags=names["tag"], scheme=found)
    if form.row != "word":
        return replace(layout, columns=_describe(form.row, names))
    taken = (names["word"], names["tag"], names["key"])
    return replace(layout, others=tuple(name for name in form.header if name not in taken))


def _describe(row: str, names: Mapping[str, str]) -> str:
    """What stands where, in a table whose rows are more than a word."""
    if row == "span":
        together = f"column {names['key']}" if names["key"] else "their text"
        where = f"the columns {names['start']}, {names['end']} and {names['tag']}"
        return f"a span a row, by characters, in {where}; text in column {names['text']}; rows joined by {together}"
    if row == "lists":
        tags = f", its tags in column {names['tag']}" if names["tag"] else ""
        return f"a document a row: its words in column {names['word']}{tags}"
    if row == "tagged":
        return f"a document a row: text in column {names['text']}, a tag for each word in column {names['tag']}"
    spans = f"spans (by characters) in column {names['tag']}" if names["tag"] else "no column of spans"
    return f"a document a row: text in column {names['text']}, {spans}"


def _find_columns(others: Sequence[str], options: FileOptions) -> tuple[str, str | None]:
    """The columns of words and tags: those that the reader did not put aside."""
    free = [str(at) for at in range(len(others) + 2) if str(at) not in others]
    word = str(int(options.word_column) % (len(others) + 2)) if options.word_column is not None else free[0]
    return word, next((at for at in reversed(free) if at != word), None)


def _scan_tags(path: Path, *, words: str, tags: str, options: FileOptions) -> Iterator[list[str]]:
    """The tags as they stand in the file: its tag column read as if it held the words."""
    swapped = replace(options, word_column=tags, tag_column=words, scheme="IO")
    for document in scan(path, kind="conll", options=swapped, ledger=Ledger()):
        yield [tag or "O" for tag in document.words]


def _scan_row_tags(path: Path, options: FileOptions) -> Iterator[list[str]]:
    for _, row in scan_rows(path, Ledger(), encoding=options.encoding):
        if options.tag_column is None and not TagShape.matches(row):
            continue
        tags = row.get(TagShape.find_key(row, options.tag_column))
        if isinstance(tags, list) and all(isinstance(tag, str) for tag in tags):
            yield tags
