"""The options by which verbs read and write files, and a counter while they do. Knows no verb."""

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from tagwright.io.kind import FileOptions
    from tagwright.text.document import Document
    from tagwright.text.ledger import Ledger

COLUMN = "a name, or a place counted from 0 (-1 is the last)"
From = Annotated[str | None, typer.Option("--from", help="Kind of the file read; found by inspection if left out.")]
To = Annotated[str | None, typer.Option("--to", help="Kind of the file written, where its suffix doesn't say.")]
WordColumn = Annotated[str | None, typer.Option("--word-column", help=f"Column of the words: {COLUMN}.")]
TagColumn = Annotated[str | None, typer.Option("--tag-column", help=f"Column (or JSON key) of the tags: {COLUMN}.")]
TextColumn = Annotated[str | None, typer.Option("--text-column", help=f"Column (or JSON key) of the text: {COLUMN}.")]
Scheme = Annotated[str | None, typer.Option("--scheme", help="Scheme of the tags; found by inspection if left out.")]
Written = Annotated[str | None, typer.Option("--scheme", help="Scheme of the tags written; BIO if left out.")]
LabelNames = Annotated[
    str | None, typer.Option("--label-names", help="What integer tags stand for, in order, with commas: O,B-PER,I-PER.")
]
Encoding = Annotated[str, typer.Option("--encoding", help="Encoding of the file read.")]
Beams = Annotated[
    int, typer.Option("--beams", min=1, help="Of a writer: go so many ways, keep the most probable output found.")
]
Unconstrained = Annotated[
    bool, typer.Option("--unconstrained", help="Of a writer: choose from all tokens, not from what its format allows.")
]
ToJson = Annotated[Path | None, typer.Option("--json", help="Write everything as JSON to this file.")]


def make_options(
    *,
    word_column: str | None = None,
    tag_column: str | None = None,
    text_column: str | None = None,
    scheme: str | None = None,
    encoding: str = "utf-8",
    shape: str | None = None,
    label_names: str | None = None,
) -> "FileOptions":
    """The options of a file; a column given as a number is a place."""
    from tagwright.io.kind import FileOptions

    return FileOptions(
        word_column=read_column(word_column),
        tag_column=read_column(tag_column),
        text_column=read_column(text_column),
        scheme=scheme,
        encoding=encoding,
        shape=shape,
        label_names=None if label_names is None else tuple(name.strip() for name in label_names.split(",")),
    )


def tell_options(options: "FileOptions") -> dict[str, Any]:
    """The options that are not as usual, as settings of a recipe."""
    from tagwright.io.kind import FileOptions
    from tagwright.recipe.recipe import READING

    usual = FileOptions()
    return {f"data.{n}": getattr(options, n) for n in READING if getattr(options, n) != getattr(usual, n)}


def read_column(column: str | None) -> int | str | None:
    """A column by name, or by place where it is a number."""
    if column is not None and column.removeprefix("-").isdecimal():
        return int(column)
    return column


def read_sources(part: str, given: Sequence[str] | None) -> "str | dict[str, str] | None":
    """A file, or one for each task: `--train a.conll`, or `--train ner=a.conll --train srl=b.jsonl`."""
    from tagwright.errors import RecipeError

    if not given:
        return None
    if len(given) == 1 and ("=" not in given[0] or Path(given[0]).exists()):
        return given[0]
    if nameless := [source for source in given if "=" not in source]:
        raise RecipeError(
            f"--{part} {nameless[0]} doesn't say which task it is for. Of several files each is for a task: "
            f"--{part} ner={nameless[0]}. Those of one task go into one file: tagwright.write([*tagwright.read(A), "
            "*tagwright.read(B)], C) in Python."
        )
    pairs = [source.partition("=")[::2] for source in given]
    tasks = [task for task, _ in pairs]
    if twice := next((task for task in tasks if tasks.count(task) > 1), None):
        raise RecipeError(f"--{part} names two files for the task {twice!r}. Put them together into one.")
    return dict(pairs)


def read_labelled(path: str | Path, **how: Any) -> "Sequence[Document]":
    """All documents of a file."""
    from tagwright.io.files import scan

    return list(count_along(scan(path, **how), f"reading {Path(path).name}"))


def scan_predicted(
    path: Path,
    gold: Path,
    *,
    kind: str | None,
    options: "FileOptions",
    tag_column: str | None = None,
    ledger: "Ledger",
) -> "Iterator[Document]":
    """The predicted documents of a file. Columns were named for gold: they hold where the kind is the same, but for
    `tag_column`, which is its own.

    An id that a reader made up from the file's name says nothing of which documents belong together, and goes.
    """
    from dataclasses import replace

    from tagwright.io.files import detect_kind, scan
    from tagwright.io.kind import FileOptions, find_stem

    found = kind or detect_kind(path, options=options).kind
    if not kind and found != detect_kind(gold, options=options).kind:
        options = FileOptions(encoding=options.encoding)
    if tag_column is not None:
        options = replace(options, tag_column=read_column(tag_column))
    stem = find_stem(path)
    for number, document in enumerate(scan(path, kind=found, options=options, ledger=ledger), start=1):
        yield replace(document, id="") if document.id == f"{stem}:{number}" else document


def count_along(documents: "Iterable[Document]", what: str) -> "Iterator[Document]":
    """The documents, with a bar on standard error while they pass; none where that is no terminal."""
    if not sys.stderr.isatty():
        yield from documents
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(what), BarColumn(), TextColumn("{task.completed} documents"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield from bar.track(documents, total=None)


def write_json(path: Path | None, content: Any) -> None:
    """Write plain values as JSON, if a file was asked for."""
    import json

    from tagwright.io.source import write_text

    if path is not None:
        with write_text(path) as text:
            text.write(json.dumps(content, ensure_ascii=False, indent=2) + "\n")


class Watch:
    """Counts documents and words as they pass, and says how fast it went."""

    def __init__(self) -> None:
        self.documents = self.words = 0
        self._began = time.monotonic()

    def follow(self, documents: "Iterable[Document]") -> "Iterator[Document]":
        """The same documents, counted."""
        for document in documents:
            self.documents += 1
            self.words += len(document)
            yield document

    def __str__(self) -> str:
        seconds = max(time.monotonic() - self._began, 1e-9)
        documents, words = (
            f"{each:,.0f}" if each >= 10 else f"{each:.2g}" for each in (self.documents / seconds, self.words / seconds)
        )
        rate = f"{documents} documents/s, {words} words/s"
        return f"{self.documents:,} documents, {self.words:,} words in {seconds:.1f} s ({rate})"
