"""CSV and TSV with a header: a row is a word, a document or a span. Knows lines and cells;
what a row is, `tables` finds.

A TSV is read line by line and its quotes are left alone, but for cells that are quoted as a whole:
a word `"` must not swallow the lines after it.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, TextIO

from tagwright.errors import DataError
from tagwright.io.jsonl import dump
from tagwright.io.kind import FileKind, find_stem, located, note_losses, read_rows
from tagwright.io.shapes.characters import SPAN_KEYS, SpanShape
from tagwright.io.shapes.shape import Row, Shape
from tagwright.io.shapes.tags import TagReader, write_tags
from tagwright.io.shapes.words import EntityShape, TagShape
from tagwright.io.source import open_text, scan_lines, write_text
from tagwright.io.tables.cells import ACCEPTED, find_tags, read_list
from tagwright.io.tables.columns import FINE_NAMES, GROUP_NAMES, TAG_NAMES, TEXT_NAMES, WORD_NAMES, Cells, fold
from tagwright.io.tables.form import Form, find_form
from tagwright.io.tables.mentions import gather_spans
from tagwright.text.document import Document
from tagwright.text.span import Span

JSON_NAMES = (*SPAN_KEYS, "relations", "turns", "fields", "offsets", "tokens", "fragments")
LONGEST = 200  # words; more in one document of a table may well be several that nothing parts
WORD_FORM = frozenset(("spans", "joined", "words"))
SPECIAL = re.compile(r'[",;\r\n]|^\s|\s$')  # by hand, because csv.writer leaves a lone "\r" bare and then can't read it
QUOTED = re.compile(r'"(?:[^"]|"")*"')
BREAKS = re.compile(r"[\t\r\n]")
LARGEST = 1 << 30


class CsvTable(FileKind):
    """Comma-separated values (or semicolons, where the header has more of them)."""

    suffixes: ClassVar[tuple[str, ...]] = (".csv",)
    looks = "its header names a column of words or of texts"

    @classmethod
    def sniff(cls, path: Path, head: str) -> bool:
        return _find_names(re.split("[,;]", _take_header(head)))

    def _scan_cells(self, path: Path) -> Iterator[Cells]:
        csv.field_size_limit(LARGEST)  # the module's own limit, 131,072 characters, is short of a long document
        with open_text(path, self.options.encoding) as text:
            header = text.readline()
            mark = ";" if header.count(";") > header.count(",") else ","
            # Strict, or an unclosed quote would swallow the rest of the file in silence.
            rows = csv.reader(chain([header], text), delimiter=mark, strict=True)
            line = 1
            try:
                for cells in rows:
                    yield line, cells
                    line = rows.line_num + 1
            except csv.Error as error:
                raise DataError(f"Not CSV: {error}. Check the quotes.", path=path, line=line) from error

    def _write_cells(self, rows: Iterable[list[str]], text: TextIO) -> None:
        for row in rows:
            text.write(",".join(_quote(cell) if SPECIAL.search(cell) else cell for cell in row) + "\n")

    def find_form(self, path: Path) -> Form | None:
        """What a row of this file is; None where the file has no header."""
        header = [name.strip() for name in next(self._scan_cells(path), (1, [""]))[1]]
        if not any(header):
            return None
        with located(path, 1):
            return find_form(header, lambda: self._scan_body(path, len(header)), options=self.options)

    def scan(self, path: Path) -> Iterator[Document]:
        try:
            yield from self._scan_form(path)
        except DataError as error:
            raise self._name_row(path, error) from error

    def _name_row(self, path: Path, error: DataError) -> DataError:
        """The error with its row in a spreadsheet, which is not its line where cells before it have several."""
        with suppress(DataError):  # cells that can't be read beyond are what the error is about
            for number, (line, _) in enumerate(self._scan_cells(path), start=1):
                if line == error.line != number:
                    return DataError(f"(Row {number} in a spreadsheet.) {error.reason}", path=path, line=line)
        return error

    def _scan_form(self, path: Path) -> Iterator[Document]:
        if (form := self.find_form(path)) is None:
            return
        if form.row == "word":
            yield from self._scan_words(path, form)
        elif form.row == "span":
            yield from self._scan_spans(path, form)
        else:
            yield from self._scan_rows(path, form)

    def _scan_body(self, path: Path, width: int) -> Iterator[Cells]:
        """The rows after the header, each as wide as it is."""
        rows = self._scan_cells(path)
        next(rows)
        for line, cells in rows:
            if cells and len(cells) != width:
                reason = f"{len(cells)} cells, and {width} as in the header were expected."
                raise DataError(reason, path=path, line=line)
            yield line, cells

    def scan_tags(self, path: Path, form: Form) -> Iterator[list[str]]:
        """The tags of each document, where the form has any."""
        body = self._scan_body(path, len(form.header))
        if form.tag is None or form.row not in ("word", "lists", "tagged"):
            return
        if form.row == "word":
            for _, block in _group(body, form.key):
                yield [cells[form.tag].strip() or "O" for _, cells in block]
            return
        shape = self._make_tag_shape(form)
        for line, cells in body:
            with located(path, line):
                if cells and (tags := find_tags(cells[form.tag])):
                    yield shape.take_tags({form.header[form.tag]: tags})

    def _read_scheme(self, path: Path, form: Form) -> TagReader | None:
        """Find the tags' scheme over the whole file, before the first document."""
        if form.tag is None:
            return None
        named = self.options.scheme
        return TagReader.for_file(() if named else self.scan_tags(path, form), self.ledger, scheme=named)

    # One word a row -----------------------------------------------------------------------------------------------

    def _scan_words(self, path: Path, form: Form) -> Iterator[Document]:
        header, word, tag = form.header, form.word or 0, form.tag
        others = [at for at in range(len(header)) if at not in (word, tag, form.key)]
        reader = self._read_scheme(path, form)
        stem, number, block = find_stem(path), 0, list[Cells]()
        for number, (name, block) in enumerate(_group(self._scan_body(path, len(header)), form.key), start=1):
            with located(path, block[0][0]):
                words = [cells[word] for _, cells in block]
                spans: tuple[Span, ...] = ()
                if tag is not None and reader is not None:
                    tags = [cells[tag].strip() or "O" for _, cells in block]
                    spans = reader.read(tags, lambda at, lines=block: f"{path.name}:{lines[at][0]}")  # type: ignore[misc]
                meta: dict[str, Any] = {}
                if others:
                    meta["columns"] = {header[at]: [cells[at] for _, cells in block] for at in others}
                yield Document.from_words(words, spans=spans, id=name or f"{stem}:{number}", meta=meta)
        if form.key is None and number == 1 and len(block) > LONGEST:
            self.ledger.note(
                f"table in which no column tells documents apart; name one of {', '.join(GROUP_NAMES)},"
                " or put a blank line after each document",
                f"{path.name}: {len(block):,} words in one document",
            )

    # One document a row, one span a row ---------------------------------------------------------------------------

    def _scan_spans(self, path: Path, form: Form) -> Iterator[Document]:
        shape = SpanShape(self.options, self.ledger)
        rows = gather_spans(form, self._scan_body(path, len(form.header)), path=path)
        yield from read_rows(path, rows, read=lambda row, name, where: shape.read(row, name=name, where=where))

    def _scan_rows(self, path: Path, form: Form) -> Iterator[Document]:
        tags = self._make_tag_shape(form)
        tags.reader = self._read_scheme(path, form)
        shapes: dict[str, Shape] = {
            "lists": tags if form.tag is not None else EntityShape(self.options, self.ledger),
            "tagged": tags,
            "text": SpanShape(self.options, self.ledger),
        }

        def read(cells: list[str], name: str, where: str) -> Document:
            return shapes[form.row].read(self._read_row(form, cells, where), name=name, where=where)

        rows = (each for each in self._scan_body(path, len(form.header)) if each[1])
        yield from read_rows(path, rows, read=read)

    def _make_tag_shape(self, form: Form) -> TagShape:
        tag = None if form.tag is None else form.header[form.tag]
        return TagShape(replace(self.options, tag_column=tag), self.ledger)

    def _read_row(self, form: Form, cells: list[str], where: str) -> Row:
        """The row as a shape of JSON rows expects it."""
        taken = (form.word, form.text, form.tag)
        row: Row = {
            name: self._read_cell(name, cell, where)
            for at, (name, cell) in enumerate(zip(form.header, cells, strict=True))
            if cell and at not in taken
        }
        own = {"text": form.text, "tokens": form.word, "spans": form.tag if form.row == "text" else None}
        for name, at in own.items():
            if at is not None and row.pop(name, None) is not None:
                self.ledger.note(f"extra {name!r}, whose name another column needs", where)
        if form.text is not None:
            row["text"] = cells[form.text]
        if form.word is not None:
            row["tokens"] = read_list(cells[form.word] or "[]", form.header[form.word], ledger=self.ledger, where=where)
        elif form.row == "tagged":
            row["tokens"] = cells[form.text or 0].split()
        if form.tag is not None:
            name, cell = form.header[form.tag], cells[form.tag]
            if form.row == "text":
                row["spans"] = self._read_spans(name, cell, where)
            else:
                row[name] = find_tags(cell) or ["O"] * len(row["tokens"])
                self._check_tags(name, cell, len(row[name]), len(row["tokens"]))
        return row

    @staticmethod
    def _check_tags(name: str, cell: str, tags: int, words: int) -> None:
        if tags != words:
            raise DataError(f"{name!r} has {tags} tags ({cell[:40]!a}), and its row has {words} words.")

    def _read_spans(self, name: str, cell: str, where: str) -> Any:
        if not cell.strip():
            return []
        value = None
        if cell.lstrip().startswith(("[", "{")):
            value = read_list(cell, name, ledger=self.ledger, where=where)
        if not isinstance(value, list) or not all(isinstance(item, list | dict) for item in value):
            raise DataError(f"{name!r} is {cell[:60]!a}, which can't be read as spans. Expected {ACCEPTED}.")
        return value

    def _read_cell(self, name: str, cell: str, where: str) -> Any:
        if name in JSON_NAMES and cell.lstrip().startswith(("[", "{")):
            return read_list(cell, name, ledger=self.ledger, where=where)
        return cell

    # Writing ------------------------------------------------------------------------------------------------------

    def write(self, documents: Iterable[Document], path: Path) -> int:
        """The first document says which form: texts where it has an original text, else words."""
        everything = list(documents)
        texts = bool(everything) and everything[0].text_is_original
        rows = self._make_texts(everything) if texts else self._make_words(everything)
        with write_text(path, self.options.encoding) as text:
            self._write_cells(rows, text)
        return len(everything)

    def _make_words(self, documents: list[Document]) -> Iterator[list[str]]:
        kept = [_take_columns(document) for document in documents]
        names = list(dict.fromkeys(name for columns in kept for name in columns))
        names = [name for name in names if name.strip() == name and fold(name) not in RESERVED]
        yield ["sentence_id", "word", *names, "tag"]
        last = None
        for document, columns in zip(documents, kept, strict=True):
            note_losses(document, self.ledger, holds=WORD_FORM | {"meta"})
            for key in (set(document.meta) - {"columns"}) | (set(columns) - set(names)):
                self.ledger.note(f"extra {key!r}", document.id)
            if not document.words:
                self.ledger.note("document without words", document.id)
            if document.id == last:
                yield []  # or the two would be read as one
            last = document.id
            tags = write_tags(document, self.ledger, scheme=self.options.scheme)
            cells = [columns.get(name, [""] * len(document)) for name in names]
            for row in zip(document.words, *cells, tags, strict=True):
                yield [document.id, *row]

    def _make_texts(self, documents: list[Document]) -> Iterator[list[str]]:
        shape = SpanShape(self.options, self.ledger)
        rows = []
        for document in documents:
            note_losses(document, self.ledger, holds=shape.holds)
            row = shape.write_rest(document, shape.write(document), with_id=True)
            row["id"] = document.id
            rows.append(row)
        names = list(dict.fromkeys(name for row in rows for name in row))
        yield names
        for row, document in zip(rows, documents, strict=True):
            for name, value in row.items():
                if name not in JSON_NAMES and not (isinstance(value, str) and value) or name.strip() != name:
                    self.ledger.note("extra that is no text, written as one", f"{document.id} {name!r}")
            yield [_write_cell(row.get(name, "")) for name in names]


class TsvTable(CsvTable):
    """Tab-separated values; no cell spans lines."""

    suffixes: ClassVar[tuple[str, ...]] = (".tsv",)

    @classmethod
    def sniff(cls, path: Path, head: str) -> bool:
        return _find_names(_take_header(head).split("\t"))

    def _scan_cells(self, path: Path) -> Iterator[Cells]:
        for line, text in scan_lines(path, self.options.encoding):
            cells = text.split("\t") if text else []
            yield line, [cell[1:-1].replace('""', '"') if QUOTED.fullmatch(cell) else cell for cell in cells]

    def _write_cells(self, rows: Iterable[list[str]], text: TextIO) -> None:
        for row in rows:
            text.write("\t".join(map(self._clean, row)) + "\n")

    def _clean(self, cell: str) -> str:
        clean = BREAKS.sub(" ", cell)
        if clean != cell:
            self.ledger.note("tab or line end in a cell, written as a blank", repr(cell[:40]))
        return _quote(clean) if QUOTED.fullmatch(clean) else clean


RESERVED = frozenset(map(fold, (*FINE_NAMES, *WORD_NAMES, *TAG_NAMES, *TEXT_NAMES, "")))


def _quote(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def _take_header(head: str) -> str:
    return head.lstrip("\ufeff").partition("\n")[0].rstrip("\r")


def _find_names(cells: list[str]) -> bool:
    """A header: it names words and something else, or texts."""
    names = {cell.strip().strip('"').lower() for cell in cells}
    return (len(names) > 1 and not names.isdisjoint(WORD_NAMES)) or not names.isdisjoint(TEXT_NAMES)


def _group(rows: Iterator[Cells], key: int | None) -> Iterator[tuple[str, list[Cells]]]:
    """Rows of one document: up to a blank line, or to another value in the key column (an empty one carries on)."""
    name = ""
    block: list[Cells] = []
    for line, cells in rows:
        found = cells[key] if cells and key is not None else ""
        if block and (not cells or (found and found != name)):
            yield name, block
            name, block = "", []
        if cells:
            name = found or name
            block.append((line, cells))
    if block:
        yield name, block


def _take_columns(document: Document) -> dict[str, list[str]]:
    """The extra columns in meta that have one string a word."""
    columns = document.meta.get("columns")
    if not isinstance(columns, dict):
        return {}
    return {
        name: cells
        for name, cells in columns.items()
        if isinstance(cells, list) and len(cells) == len(document) and all(isinstance(cell, str) for cell in cells)
    }


def _write_cell(value: object) -> str:
    return value if isinstance(value, str) else dump(value)
