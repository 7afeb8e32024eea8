"""CSV and TSV with a header: one word a row, or one document a row. Knows column names, not what tags mean.

A TSV is read line by line and its quotes are left alone, but for cells that are quoted as a whole:
a word `"` must not swallow the lines after it.
"""

import ast
import csv
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, TextIO

from tagwright.errors import DataError
from tagwright.io.jsonl import dump, parse
from tagwright.io.kind import FileKind, find_stem, located, note_losses
from tagwright.io.shapes.characters import SPAN_KEYS, SpanShape
from tagwright.io.shapes.shape import Row
from tagwright.io.shapes.tags import TagReader, write_tags
from tagwright.io.source import open_text, scan_lines, write_text
from tagwright.text.document import Document
from tagwright.text.span import Span

GROUP_NAMES = ("sentence #", "sentence_id", "sentence id", "sent_id", "sentence_idx", "sentence", "document_id", "id")
WORD_NAMES = ("word", "token", "words", "tokens")
TAG_NAMES = ("tag", "ner_tag", "ner_tags", "ner", "iob", "bio", "label", "tags", "labels")
TEXT_NAMES = ("text", "content")
JSON_NAMES = (*SPAN_KEYS, "relations", "turns", "fields", "offsets", "tokens", "fragments")
WORD_FORM = frozenset(("spans", "joined", "words"))
SPECIAL = re.compile(r'[",;\r\n]|^\s|\s$')  # by hand, because csv.writer leaves a lone "\r" bare and then can't read it
QUOTED = re.compile(r'"(?:[^"]|"")*"')
BREAKS = re.compile(r"[\t\r\n]")
LARGEST = 1 << 30

Cells = tuple[int, list[str]]  # the line, and the cells of a row; no cells: a blank line


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

    def scan(self, path: Path) -> Iterator[Document]:
        rows = self._scan_cells(path)
        header = [name.strip() for name in next(rows, (1, [""]))[1]]
        if not any(header):
            return
        with located(path, 1):
            if len(set(header)) < len(header):
                raise DataError(f"Two columns have one name: {', '.join(map(repr, header))}. Rename one.")
            word = _find_column(header, self.options.word_column, WORD_NAMES)
            text = _find_column(header, self.options.text_column, TEXT_NAMES)
            if word is None and text is None:
                raise DataError(
                    f"No column of words or texts among {', '.join(map(repr, header))}. Expected one of"
                    f" {', '.join(WORD_NAMES + TEXT_NAMES)}; or name yours (word_column, text_column)."
                )
        body = self._check_width(rows, header, path)
        if word is not None and (text is None or self.options.text_column is None):
            yield from self._scan_words(path, header, word, body)
        elif text is not None:
            yield from self._scan_texts(path, header, text, body)

    @staticmethod
    def _check_width(rows: Iterator[Cells], header: list[str], path: Path) -> Iterator[Cells]:
        for line, cells in rows:
            if cells and len(cells) != len(header):
                reason = f"{len(cells)} cells, and {len(header)} as in the header were expected."
                raise DataError(reason, path=path, line=line)
            yield line, cells

    # One word a row -----------------------------------------------------------------------------------------------

    def _scan_words(self, path: Path, header: list[str], word: int, rows: Iterator[Cells]) -> Iterator[Document]:
        with located(path, 1):
            tag = _find_column(header, self.options.tag_column, TAG_NAMES)
        key = next((at for at in _find_all(header, GROUP_NAMES) if at not in (word, tag)), None)
        others = [at for at in range(len(header)) if at not in (word, tag, key)]
        reader = self._read_scheme(path, header, tag, key)
        stem = find_stem(path)
        for number, (name, block) in enumerate(_group(rows, key), start=1):
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

    def _read_scheme(self, path: Path, header: list[str], tag: int | None, key: int | None) -> TagReader | None:
        """Find the tags' scheme over the whole file, before the first document."""
        if tag is None:
            return None
        rows = self._check_width(self._scan_cells(path), header, path)
        next(rows)
        tags = ([cells[tag].strip() or "O" for _, cells in block] for _, block in _group(rows, key))
        named = self.options.scheme
        return TagReader.for_file(() if named else tags, self.ledger, scheme=named)

    # One document a row -------------------------------------------------------------------------------------------

    def _scan_texts(self, path: Path, header: list[str], text: int, rows: Iterator[Cells]) -> Iterator[Document]:
        stem, shape = find_stem(path), SpanShape(self.options, self.ledger)
        number = 0
        for line, cells in rows:
            if not cells:
                continue
            number += 1
            with located(path, line):
                row: Row = {
                    name: self._read_cell(name, cell, f"{path.name}:{line}")
                    for name, cell in zip(header, cells, strict=True)
                    if cell
                }
                row["text"] = cells[text]
                if header[text] != "text":
                    row.pop(header[text], None)
                yield shape.read(row, name=f"{stem}:{number}", where=f"{path.name}:{line}")

    def _read_cell(self, name: str, cell: str, where: str) -> Any:
        """The value of a cell: JSON (or a Python literal, as data frames write it) in the columns that hold lists."""
        if name not in JSON_NAMES or not cell.lstrip().startswith(("[", "{")):
            return cell
        with suppress(DataError):
            return parse(cell, self.ledger, where=where)
        try:
            literal = json.dumps(ast.literal_eval(cell.strip()))  # tuples become lists
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
            raise DataError(f"The {name} are neither JSON nor a list: {cell[:40]!a}.") from error
        return parse(literal, self.ledger, where=where)

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
        names = [name for name in names if name.strip() == name and name.lower() not in RESERVED]
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


RESERVED = frozenset((*GROUP_NAMES, *WORD_NAMES, *TAG_NAMES, *TEXT_NAMES, ""))


def _quote(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def _take_header(head: str) -> str:
    return head.lstrip("\ufeff").partition("\n")[0].rstrip("\r")


def _find_names(cells: list[str]) -> bool:
    """A header: it names words and something else, or texts."""
    names = {cell.strip().strip('"').lower() for cell in cells}
    return (len(names) > 1 and not names.isdisjoint(WORD_NAMES)) or not names.isdisjoint(TEXT_NAMES)


def _find_all(header: list[str], known: Iterable[str]) -> list[int]:
    lower = [name.lower() for name in header]
    return [lower.index(name) for name in known if name in lower]


def _find_column(header: list[str], wanted: int | str | None, known: Iterable[str]) -> int | None:
    """The place of a column: the one asked for, or the first with a usual name."""
    if wanted is None:
        return next(iter(_find_all(header, known)), None)
    if isinstance(wanted, str) and wanted in header:
        return header.index(wanted)
    if str(wanted).removeprefix("-").isdecimal() and -len(header) <= int(wanted) < len(header):
        return int(wanted) % len(header)
    raise DataError(f"No column {wanted!r}. The file has {', '.join(map(repr, header))}.")


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
