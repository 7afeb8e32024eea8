"""FileKind: what every kind of file can do, and the options they share. Knows no kind in particular."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tagwright.errors import DataError
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.words import split_words

# What a document may have that a file may not hold. "joined" is the mark that its text is only words joined by blanks.
PARTS = frozenset(("spans", "nested", "fragments", "gaps", "relations", "turns", "fields", "scores")) | frozenset(
    ("text", "joined", "words", "group", "meta")
)


@dataclass(frozen=True)
class FileOptions:
    """How to read or write a file; what is None is found by inspection.

    Columns are names or, counted from 0, places. `scheme` names the tags' scheme (written: BIO).
    `shape` names the form of JSON rows (see `shapes.SHAPES`), `label_names` the tags that integers stand for,
    `split` the part of a data set.
    """

    word_column: int | str | None = None
    tag_column: int | str | None = None
    text_column: int | str | None = None
    scheme: str | None = None
    encoding: str = "utf-8"
    shape: str | None = None
    label_names: tuple[str, ...] | None = None
    split: str | None = None


@dataclass
class FileKind(ABC):
    """One kind of file: reads it as a stream of documents, writes documents, notes in the ledger what is lost.

    `holds` are the PARTS of a document that a file of this kind can hold at its best.
    """

    options: FileOptions
    ledger: Ledger
    suffixes: ClassVar[tuple[str, ...]] = ()
    holds: ClassVar[frozenset[str]] = PARTS
    looks: ClassVar[str]  # how `sniff` knows it, to be said to the user

    @classmethod
    @abstractmethod
    def sniff(cls, path: Path, head: str) -> bool:
        """The file looks like one of this kind; `head` is how it begins."""

    @abstractmethod
    def scan(self, path: Path) -> Iterator[Document]:
        """The documents of the file, in order, one at a time."""

    @abstractmethod
    def write(self, documents: Iterable[Document], path: Path) -> int:
        """Write the documents and say how many."""


def find_stem(path: Path) -> str:
    """The file's name up to its suffixes: automatic document ids begin with it."""
    return Path(path.name.removesuffix(".gz")).stem


def is_automatic(identifier: str, number: int) -> bool:
    """The id is what a reader gives to a nameless document at this place (from 1): "stem:number"."""
    return identifier.endswith(f":{number}") or not identifier


@contextmanager
def located(path: Path | None, line: int | None = None) -> Iterator[None]:
    """Errors raised within get the file and the line, where they lack them."""
    try:
        yield
    except DataError as error:
        if error.path is not None or path is None:
            raise
        raise DataError(error.reason, path=path, line=line) from error


def note_losses(document: Document, ledger: Ledger, *, holds: frozenset[str]) -> None:
    """Note what of a document is lost where only the parts in `holds` are kept. Nesting is the tag writer's matter."""

    def note(part: str, reason: str, count: int) -> None:
        if count and part not in holds:
            ledger.note(reason, document.id, count=count)

    spans, edges = document.spans, document.relations
    note("spans", "span", len(spans))
    if "spans" in holds:
        note(
            "fragments",
            "border of a span inside a word, moved to the word's",
            sum(len(s.fragments) == 1 for s in spans),
        )
        note("gaps", "span with gaps, written as one piece", sum(len(s.fragments) > 1 for s in spans))
    note("relations", "relation", len(edges))
    scored = [*(s.score for s in spans), *(e.score for e in edges), *(f.score for f in document.fields)]
    note("scores", "score", sum(score is not None for score in scored))
    note("turns", "turn of a dialogue", len(document.turns))
    note("fields", "field of a dialogue state", len(document.fields))
    note("text", "original text; its words are kept", document.text_is_original)
    note("joined", "words joined by blanks, written as if they were an original text", not document.text_is_original)
    note("group", "group of a document", document.group is not None)
    if "meta" not in holds:
        for key in document.meta:
            ledger.note(f"extra {key!r}", document.id)
    if "words" not in holds and document.offsets != split_words(document.text):
        ledger.note("words that plain splitting of the text doesn't give back; the text is kept", document.id)
