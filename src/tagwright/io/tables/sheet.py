"""A table for people with a spreadsheet: one span a row, its borders, label, words and score in cells of their own.

Written by name (`--to sheet`); read as any other table of spans. Knows no other form.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar

from tagwright.io.kind import note_losses
from tagwright.io.source import write_text
from tagwright.io.table import CsvTable
from tagwright.io.tables.mentions import SCORE, SPAN_TEXT
from tagwright.text.document import Document

HEADER = ("document_id", "start", "end", "label", SPAN_TEXT, SCORE, "text")
MARKED = "utf-8-sig"  # without its mark some spreadsheets take UTF-8 for something else


class Sheet(CsvTable):
    """A row for each span, and one without a span for a document that has none."""

    suffixes: ClassVar[tuple[str, ...]] = ()
    holds = frozenset(("spans", "nested", "fragments", "scores", "text"))

    @classmethod
    def sniff(cls, path: Path, head: str) -> bool:
        return False  # it is one of the tables that CsvTable reads

    def write(self, documents: Iterable[Document], path: Path) -> int:
        count = 0

        def make_rows() -> Iterator[list[str]]:
            nonlocal count
            yield list(HEADER)
            for count, document in enumerate(documents, start=1):
                note_losses(document, self.ledger, holds=self.holds)
                yield from _make_rows(document, document.id or str(count))

        with write_text(path, MARKED if self.options.encoding == "utf-8" else self.options.encoding) as text:
            self._write_cells(make_rows(), text)
        return count


def _make_rows(document: Document, name: str) -> Iterator[list[str]]:
    for span in document.spans:
        start, end = document.find_chars(span)
        score = "" if span.score is None else f"{span.score:.4f}"
        yield [name, str(start), str(end), span.label, document.cut(span), score, document.text]
    if not document.spans:
        yield [name, "", "", "", "", "", document.text]
