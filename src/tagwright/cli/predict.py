"""tagwright predict: a saved labeler over files of any size, standard input, or a text."""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagwright.backbone.builtin import LABELER_FORMS
from tagwright.cli.terminal.files import Encoding, From, TagColumn, TextColumn, To, Watch, WordColumn, Written

if TYPE_CHECKING:
    from tagwright.inference.predictor import Predictor
    from tagwright.io.kind import FileOptions
    from tagwright.text.document import Document

STDIN = "-"


class Long(StrEnum):
    """What to do with a document that is longer than the model's window."""

    window = "window"
    error = "error"
    truncate = "truncate"


class Precision(StrEnum):
    """The precision to run in."""

    float32 = "float32"
    bfloat16 = "bfloat16"


def predict(
    model: Annotated[str, typer.Argument(help=f"Saved labeler: {LABELER_FORMS}.")],
    source: Annotated[str | None, typer.Argument(metavar="IN", help="File to label; - for a text a line.")] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="File to write; without it, JSONL goes to standard output.")
    ] = None,
    text: Annotated[list[str] | None, typer.Option(help="In place of a file: label this text and show it.")] = None,
    kind: From = None,
    to: To = None,
    scheme: Written = None,
    word_column: WordColumn = None,
    tag_column: TagColumn = None,
    text_column: TextColumn = None,
    encoding: Encoding = "utf-8",
    on_long: Annotated[Long, typer.Option(help="What becomes of documents longer than a window.")] = Long.window,
    dtype: Annotated[Precision | None, typer.Option(help="Precision, if not the one it was saved in.")] = None,
    tokens_per_batch: Annotated[int, typer.Option(min=16, help="Padded tokens in a batch.")] = 2048,
) -> None:
    """Label documents with a saved labeler.

    Their order is kept; labels that they have already are replaced.

    \b
    tagwright predict runs/first new.txt -o labelled.jsonl
    tagwright predict runs/first --text "Ada Lovelace met Charles Babbage in London."
    """
    from rich.console import Console

    from tagwright.cli.terminal.files import count_along, make_options
    from tagwright.cli.terminal.show import make_console, quiet_libraries, show_documents, show_ledger
    from tagwright.errors import RecipeError
    from tagwright.inference.predictor import Predictor
    from tagwright.inference.runner import RunnerConfig

    if (source is None) == (not text):
        raise RecipeError("Give either a file to label (- for standard input) or --text.")
    if out is not None and source is not None and out.resolve() == Path(source).resolve():
        raise RecipeError(f"{out} is the file to label; it would be overwritten. Choose another --out.")
    quiet_libraries()
    config = RunnerConfig(tokens_per_batch=tokens_per_batch, on_long=on_long.value)
    labeler = Predictor.from_pretrained(model, dtype=None if dtype is None else dtype.value, config=config)
    if text:
        show_documents(make_console(), labeler.stream(text))
        return
    options = make_options(
        word_column=word_column, tag_column=tag_column, text_column=text_column, scheme=None, encoding=encoding
    )
    watch, notes = Watch(), Console(stderr=True, highlight=False)
    inputs = _scan_lines() if source == STDIN else _scan(str(source), kind, options=options, labeler=labeler)
    found = count_along(watch.follow(labeler.stream(inputs)), "labelling")
    _write(found, out, kind=to, scheme=scheme, labeler=labeler)
    notes.print(f"Labelled {watch}." + ("" if out is None else f" Written to {out}."), soft_wrap=True)
    show_ledger(notes, labeler.ledger, title="What could not be held:")


def _scan(path: str, kind: str | None, *, options: "FileOptions", labeler: "Predictor") -> "Iterator[Document]":
    from tagwright.io.files import scan

    return scan(path, kind=kind, options=options, ledger=labeler.ledger)


def _scan_lines() -> "Iterator[Document]":
    import sys

    from tagwright.text.words import make_document

    for number, line in enumerate(sys.stdin, start=1):
        yield make_document(line.rstrip("\r\n"), id=f"line:{number}")


def _write(
    documents: "Iterable[Document]", out: Path | None, *, kind: str | None, scheme: str | None, labeler: "Predictor"
) -> None:
    from tagwright.cli.terminal.files import make_options
    from tagwright.io.files import write

    if out is not None:
        write(documents, out, kind=kind, options=make_options(scheme=scheme), ledger=labeler.ledger)
        return
    from tagwright.io.jsonl import dump
    from tagwright.io.kind import FileOptions
    from tagwright.io.shapes import SHAPES

    rows = SHAPES["spans"](FileOptions(), labeler.ledger)
    for document in documents:
        typer.echo(dump({"id": document.id, **rows.write(document)}))
