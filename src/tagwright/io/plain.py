"""Plain text: one unlabelled document a line. Holds no labels."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar

from tagwright.io.kind import FileKind, find_stem, is_automatic, note_losses
from tagwright.io.source import scan_lines, write_text
from tagwright.text.document import Document
from tagwright.text.words import make_document


class PlainText(FileKind):
    """One document a line; blank lines part nothing and hold nothing. Ids are "stem:line"."""

    suffixes: ClassVar[tuple[str, ...]] = (".txt", ".text", ".md")
    holds: ClassVar[frozenset[str]] = frozenset(("text",))
    looks = "text, and nothing else was recognised in it"

    @classmethod
    def sniff(cls, path: Path, head: str) -> bool:
        return bool(head.strip())

    def scan(self, path: Path) -> Iterator[Document]:
        stem = find_stem(path)
        for number, line in scan_lines(path, self.options.encoding):
            if line and not line.isspace():
                yield make_document(line, id=f"{stem}:{number}")

    def write(self, documents: Iterable[Document], path: Path) -> int:
        count = 0
        with write_text(path, self.options.encoding) as text:
            for document in documents:
                count += 1
                note_losses(document, self.ledger, holds=self.holds)
                line = document.text.replace("\r", " ").replace("\n", " ")
                if line != document.text:
                    self.ledger.note("line end in a text, written as a blank", document.id)
                if not is_automatic(document.id, count):
                    self.ledger.note("id of a document", document.id)
                if not line.strip():
                    self.ledger.note("document without words", document.id)
                text.write(line + "\n")
        return count
