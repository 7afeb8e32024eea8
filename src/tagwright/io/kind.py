"""FileKind: what every kind of file can do, and the options they share. Knows no kind in particular."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeVar

from tagwright.errors import DataError
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.words import split_words

T = TypeVar("T")
MOST_FAULTS, LONGEST = 10, 160  # told of one file; characters of each after the first
# What a document may have that a file may not hold. "joined" is the mark that its text is only words joined by blanks.
PARTS = frozenset(("spans", "nested", "fragments", "gaps", "relations", "turns", "fields", "scores")) | frozenset(
    ("text", "joined", "words", "group", "meta")
)


@dataclass(frozen=True)
class FileOptions:
    """How to read or write a file; what is None is found by inspection.

    Columns are names or, counted from 0, places. `scheme` names the tags' scheme (written: BIO).
    `shape` names the form of JSON rows (see `shapes.SHAPES`), `label_names` the tags that integers stand for.
    """

    word_column: int | str | None = None
    tag_column: int | str | None = None
    text_column: int | str | None = None
    scheme: str | None = None
    encoding: str = "utf-8"
    shape: str | None = None
    label_names: tuple[str, ...] | None = None


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


def read_rows(
    path: Path, rows: Iterable[tuple[int, T]], *, read: Callable[[T, str, str], Document]
) -> Iterator[Document]:
    """The documents of rows, which come with their lines; `read` takes a row, a name for it and its place.

    After a row that can't be read there are no more documents, but the rows that follow are looked at, so that the
    error tells the first faults together.
    """
    faults: list[DataError] = []
    try:
        for number, (line, row) in enumerate(rows, start=1):
            try:
                with located(path, line):
                    document = read(row, f"{find_stem(path)}:{number}", f"{path.name}:{line}")
            except DataError as error:
                faults.append(error)
                if len(faults) == MOST_FAULTS:
                    break
                continue
            if not faults:
                yield document
    except DataError as error:  # of the rows themselves: nothing can be read beyond
        faults.append(error)
    if faults:
        raise join_faults(faults)


def join_faults(faults: Sequence[DataError]) -> DataError:
    """One error for the first faults of a file, each reason told once."""
    first, *others = faults[:MOST_FAULTS]
    if not others:
        return first
    more = " (the first ones)" if len(faults) >= MOST_FAULTS else ""
    places: dict[str, list[str]] = {}
    for fault in others:
        reason = "the same" if fault.reason == first.reason else _cut(fault.reason)
        places.setdefault(reason, []).extend([] if fault.line is None else [str(fault.line)])
    lines = "".join(f"\n  {_show_lines(at)}{reason}" for reason, at in places.items())
    return DataError(f"{first.reason}\nFurther faults{more}:{lines}", path=first.path, line=first.line)


def _show_lines(at: Sequence[str]) -> str:
    return f"line{'s' * (len(at) > 1)} {', '.join(at)}: " if at else ""


def _cut(reason: str) -> str:
    return reason if len(reason) <= LONGEST else f"{reason[: LONGEST - 3]}..."


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
