"""CoNLL columns: a word and its tag in each line, a blank line after each document.

A word file has no original text, unless a comment `# text = ...` gives it. Knows of tags only that they are a column.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from tagwright.errors import DataError
from tagwright.io.kind import MOST_FAULTS, FileKind, find_stem, is_automatic, join_faults, located, note_losses
from tagwright.io.shapes.shape import align
from tagwright.io.shapes.tags import TagReader, write_tags
from tagwright.io.source import scan_lines, write_text
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger

MARK = "-DOCSTART-"
COMMENT = re.compile(r"# ?([^\t=]*[^\t= ]) ?= ?(.*)", re.DOTALL)
PLACE = re.compile("0|[1-9][0-9]{0,3}")
BREAKS = re.compile(r"[\t\r\n]")
TAG = re.compile(r"O|[BIESLUMW]-.+")


@dataclass
class Layout:
    """Where things stand in the lines of one file; found from its first line of words."""

    columns: int
    word: int
    tag: int | None
    tabbed: bool

    def is_comment(self, line: str, *, at_start: bool) -> bool:
        """With tabs between columns, any line that has none; else `# key = value` before the first word."""
        if not line.startswith("#") or "\t" in line:
            return False
        return (self.tabbed and self.columns > 1) or (at_start and COMMENT.fullmatch(line) is not None)

    def split(self, line: str) -> list[str]:
        """The columns of a line of words."""
        cells = split_columns(line)
        if len(cells) != self.columns:
            raise DataError(
                f"{len(cells)} column{'s' * (len(cells) != 1)}, and {self.columns} as in the file's first line of "
                "words were expected. Mend the line, or the blanks in its words."
            )
        if not cells[self.word]:
            raise DataError("The word is empty. Give it a character, or remove the line.")
        return cells


@dataclass
class Block:
    """The lines of one document."""

    comments: list[tuple[int, str]] = field(default_factory=list)
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    mark: str | None = None


def split_columns(line: str) -> list[str]:
    """By tabs where the line has one (words may then hold blanks), else by blanks."""
    return line.split("\t") if "\t" in line else [cell for cell in line.split(" ") if cell]


class Conll(FileKind):
    """Files of words in columns, of any number, with the tags in any of them."""

    suffixes: ClassVar[tuple[str, ...]] = (".conll", ".iob", ".iob2", ".bio", ".bioes", ".conllu", ".conll03")
    holds = frozenset(("spans", "text", "joined", "words", "group"))
    looks = "lines of equally many columns, the last of them tags"

    @classmethod
    def sniff(cls, path: Path, head: str) -> bool:
        lines = [line.rstrip("\r") for line in head.lstrip("\ufeff").split("\n")[:200]]
        if lines[0].startswith(MARK):
            return True
        rows = [split_columns(line) for line in lines[:-1] or lines if line.strip() and not line.startswith("# ")]
        if not rows or len(rows[0]) < 2 or any(len(row) != len(rows[0]) for row in rows):
            return False
        return all(TAG.fullmatch(row[-1]) for row in rows) or all("\t" in line for line in lines if line.strip())

    def scan(self, path: Path) -> Iterator[Document]:
        layout = self._find_layout(path)
        if layout is None:
            return
        tags = (
            [cells[layout.tag] for _, cells in block.rows]
            for block in self._scan_blocks(path, layout, Ledger())
            if layout.tag is not None
        )
        named = self.options.scheme
        reader = TagReader.for_file(() if named else tags, self.ledger, scheme=named)
        stem, group, marks = find_stem(path), None, 0
        for number, block in enumerate(self._scan_blocks(path, layout, self.ledger), start=1):
            if block.mark is not None:
                marks += 1
                group = f"{stem}:mark:{marks}"
            document = self._read_block(block, layout, reader, path.name)
            given = document.pop("group")
            group = given or group
            document["id"] = document["id"] or f"{stem}:{number}"
            with located(path, block.rows[0][0]):
                yield Document(**document, group=group)

    def _find_layout(self, path: Path) -> Layout | None:
        """From the first line of words; None where there is none."""
        for number, line in scan_lines(path, self.options.encoding):
            unclear = line.startswith("#") and "\t" not in line and COMMENT.fullmatch(line) is not None
            if not line.strip() or line.startswith(MARK) or unclear:
                continue
            cells = split_columns(line)
            with located(path, number):
                indexed = len(cells) > 2 and re.fullmatch(r"1(-\d+)?", cells[0]) is not None
                word = self._find_column(self.options.word_column, len(cells), 1 if indexed else 0)
                last = 3 if indexed and len(cells) == 10 else len(cells) - 1
                tag = self._find_column(self.options.tag_column, len(cells), last) if len(cells) > 1 else None
                if word == tag:
                    raise DataError(f"Column {word} can't be both the words and the tags. Name another.")
            return Layout(len(cells), word, tag, "\t" in line)
        return None

    @staticmethod
    def _find_column(wanted: int | str | None, columns: int, default: int) -> int:
        if wanted is None:
            return default
        try:
            place = int(wanted)
        except ValueError:
            raise DataError(f"Columns have no names here, so {wanted!r} is none. Give its place, from 0.") from None
        if not -columns <= place < columns:
            raise DataError(f"There is no column {place}: the first line of words has {columns}, counted from 0.")
        return place % columns

    def _scan_blocks(self, path: Path, layout: Layout, ledger: Ledger) -> Iterator[Block]:
        block = Block()
        for number, line in scan_lines(path, self.options.encoding):
            if line.startswith(MARK) or not line.strip():
                if block.rows:
                    yield block
                    block = Block()
                if line.strip():
                    if block.mark is not None:
                        ledger.note("document mark with no words after it", f"{path.name}:{number}")
                    block.mark = line
            elif layout.is_comment(line, at_start=not block.rows):
                block.comments.append((number, line))
            else:
                cells = self._split(line, layout, path, number)
                if layout.word == 1 and re.fullmatch(r"\d+[-.]\d+", cells[0]):
                    ledger.note("line of a multi-word token or an empty node", f"{path.name}:{number}")
                else:
                    block.rows.append((number, cells))
        if block.rows:
            yield block
        elif block.comments or block.mark is not None:
            ledger.note("comment or mark with no words after it", path.name)

    def _split(self, line: str, layout: Layout, path: Path, number: int) -> list[str]:
        try:
            return layout.split(line)
        except DataError as error:
            raise self._join_faults(path, layout, first=number) from error

    def _join_faults(self, path: Path, layout: Layout, *, first: int) -> DataError:
        """The faults of the lines from the first one that has any."""
        faults: list[DataError] = []
        at_start = False
        for number, line in scan_lines(path, self.options.encoding):
            is_blank = not line.strip() or line.startswith(MARK)
            if number >= first and not is_blank and not layout.is_comment(line, at_start=at_start):
                try:
                    layout.split(line)
                except DataError as error:
                    faults.append(DataError(error.reason, path=path, line=number))
                    if len(faults) == MOST_FAULTS:
                        break
            at_start = is_blank or (at_start and layout.is_comment(line, at_start=True))
        return join_faults(faults)

    def _read_block(self, block: Block, layout: Layout, reader: TagReader, name: str) -> dict[str, Any]:
        """The arguments of a document."""
        words = [cells[layout.word] for _, cells in block.rows]
        plain = Document.from_words(words)
        body: dict[str, Any] = {"text": plain.text, "offsets": plain.offsets, "text_is_original": False}
        body |= {"id": "", "group": None, "meta": self._keep_columns(block, layout)}
        for number, line in block.comments:
            self._read_comment(line, words, body, f"{name}:{number}")
        if layout.tag is not None:
            tags = [cells[layout.tag] for _, cells in block.rows]
            body["spans"] = reader.read(tags, lambda at: f"{name}:{block.rows[at][0]}")
        return body

    def _read_comment(self, line: str, words: list[str], body: dict[str, Any], where: str) -> None:
        found = COMMENT.fullmatch(line)
        key, value = found.groups() if found else ("", "")
        if key in ("id", "sent_id") and value:
            body["id"] = value
        elif key == "newdoc id" and value:
            body["group"] = value
        elif key == "text" and not body["text_is_original"]:
            if (offsets := align(words, value)) is not None:
                body |= {"text": value, "offsets": offsets, "text_is_original": True}
                return
            self.ledger.note("text that its words don't line up with; the words joined by blanks stand for it", where)
            body["meta"].setdefault("comments", []).append(line)
        else:
            body["meta"].setdefault("comments", []).append(line)

    @staticmethod
    def _keep_columns(block: Block, layout: Layout) -> dict[str, Any]:
        others = [at for at in range(layout.columns) if at not in (layout.word, layout.tag)]
        meta: dict[str, Any] = {}
        if others:
            meta["columns"] = {str(at): [cells[at] for _, cells in block.rows] for at in others}
        if block.mark is not None:
            meta["mark"] = block.mark
        return meta

    def write(self, documents: Iterable[Document], path: Path) -> int:
        writer = _Writer(self)
        with write_text(path, self.options.encoding) as text:
            for document in documents:
                text.writelines(line + "\n" for line in writer.make_lines(document))
        return writer.number


@dataclass
class _Writer:
    """The lines of one file as it is written. The first document says which columns there are."""

    kind: Conll
    number: int = 0
    names: tuple[str, ...] | None = None
    group: str | None = None
    marks: int = 0
    mark: str | None = None
    comments: list[str] = field(default_factory=list)

    def make_lines(self, document: Document) -> Iterator[str]:
        """The lines of one document, the blank one after it included."""
        self.number += 1
        ledger = self.kind.ledger
        note_losses(document, ledger, holds=self.kind.holds | {"meta"})
        if not document.words:
            ledger.note("document without words", document.id)
            self.number -= 1
            return
        columns = self._take_columns(document)
        if self.names is None:
            self.names = tuple(columns)
            for name in columns:
                if not PLACE.fullmatch(name):
                    ledger.note(f"name of the column {name!r}; its cells are kept")
        for name in set(columns) - set(self.names):
            ledger.note(f"column {name!r}, which the first document doesn't have", document.id)
        yield from self._make_head(document)
        tags = write_tags(document, ledger, scheme=self.kind.options.scheme)
        empty = ["_"] * len(document)
        extras = {name: columns.get(name, empty) for name in self.names}
        for row in zip(*arrange_columns(list(document.words), tags, extras=extras), strict=True):
            yield "\t".join(self._clean(cell, document) for cell in row)
        yield ""

    def _take_columns(self, document: Document) -> dict[str, list[str]]:
        """The extra columns in meta; every other extra that isn't a comment or a mark is noted."""
        meta = dict(document.meta)
        columns = meta.pop("columns", {})
        if not (isinstance(columns, dict) and all(_fills(cells, document) for cells in columns.values())):
            meta["columns"], columns = columns, {}
        self.comments = [line for line in _take_strings(meta, "comments") if line.startswith("#") and "\t" not in line]
        self.mark = mark if isinstance(mark := meta.pop("mark", None), str) and mark.startswith(MARK) else None
        for key in meta:
            self.kind.ledger.note(f"extra {key!r}", document.id)
        return columns

    def _make_head(self, document: Document) -> Iterator[str]:
        if document.group != self.group or self.mark is not None:
            self.marks += 1
            if not document.group and document.group != self.group:
                self.kind.ledger.note("that a document belongs to no group, or to one without a name", document.id)
            yield self.mark or "\t".join([MARK, *["_"] * len(self.names or ()), "O"])
            yield ""
            self.group = document.group
            if document.group and not document.group.endswith(f":mark:{self.marks}"):
                yield f"# newdoc id = {self._clean(document.group, document)}"
        if not is_automatic(document.id, self.number):
            yield f"# id = {self._clean(document.id, document)}"
        if document.text_is_original:
            if BREAKS.search(document.text) or align(document.words, document.text) != document.offsets:
                self.kind.ledger.note("original text with tabs, line ends or more than its words", document.id)
            else:
                yield f"# text = {document.text}"
        for comment in self.comments:
            yield self._clean(comment, document)

    def _clean(self, cell: str, document: Document) -> str:
        """A cell that a line can hold: tabs and line ends become "_"."""
        clean = BREAKS.sub("_", cell) or "_"
        if clean.startswith(MARK):
            clean = "_" + clean[1:]
        if clean != cell:
            reason = "tab, line end or document mark in a word or label, or an empty one, written as _"
            self.kind.ledger.note(reason, f"{document.id} {cell!r}")
        return clean


def arrange_columns(words: list[str], tags: list[str], *, extras: dict[str, list[str]]) -> list[list[str]]:
    """All columns in order: an extra one named by a number stands at that place, the others between words and tags."""
    total = len(extras) + 2
    placed = {int(name): name for name in extras if PLACE.fullmatch(name) and int(name) < total}
    others = [cells for name, cells in extras.items() if name not in placed.values()]
    free = iter([words, *others, tags])
    return [extras[placed[at]] if at in placed else next(free) for at in range(total)]


def _fills(cells: object, document: Document) -> bool:
    """The cells of a column: one string a word."""
    return isinstance(cells, list) and len(cells) == len(document) and all(isinstance(cell, str) for cell in cells)


def _take_strings(meta: dict[str, Any], key: str) -> list[str]:
    """Take a list of strings out of meta, if that is what is there."""
    values = meta.get(key)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        return []
    del meta[key]
    return values
