"""tagwright init: look at a labelled file, say what is in it, and write a recipe for it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagwright.backbone.builtin import BACKBONE_FORMS, DEFAULT, WRITER
from tagwright.cli.terminal.files import Encoding, From, LabelNames, Scheme, TagColumn, TextColumn, WordColumn
from tagwright.cli.terminal.targets import Overwrite, check_targets

if TYPE_CHECKING:
    from rich.console import Console

    from tagwright.recipe.inspection.summary import Summary
    from tagwright.recipe.recipe import Recipe
    from tagwright.text.document import Document


def init(
    train: Annotated[Path, typer.Argument(metavar="FILE", help="Labelled file to train on.")],
    out: Annotated[Path, typer.Option(help="Recipe to write.")] = Path("recipe.toml"),
    model: Annotated[
        str | None,
        typer.Option(help=f"Backbone: {BACKBONE_FORMS}; if left out, {DEFAULT}, or {WRITER} for a writer."),
    ] = None,
    view: Annotated[
        str | None, typer.Option(help="tagger or writer; if left out, a tagger wherever one holds the file.")
    ] = None,
    task: Annotated[str | None, typer.Option(help="Of a writer: ner, joint-er, relation, srl, events, dst ...")] = None,
    dev: Annotated[Path | None, typer.Option(help="Labelled dev file; without it part of FILE is set aside.")] = None,
    test: Annotated[Path | None, typer.Option(help="Labelled test file.")] = None,
    runs: Annotated[str | None, typer.Option(help="Folder that training will save to; runs/FILE if left out.")] = None,
    overwrite: Overwrite = False,
    kind: From = None,
    word_column: WordColumn = None,
    tag_column: TagColumn = None,
    text_column: TextColumn = None,
    scheme: Scheme = None,
    label_names: LabelNames = None,
    encoding: Encoding = "utf-8",
) -> None:
    """Look at a labelled file and write a recipe for it.

    Says what it found. The recipe is commented; nothing is trained, no model is loaded. Where the file has relations or
    spans that overlap, it is for the head `pairs`, which holds them; a writer (--view writer) holds them too.
    """
    from tagwright.cli.terminal.documents import show_data
    from tagwright.cli.terminal.files import make_options
    from tagwright.cli.terminal.show import make_console
    from tagwright.io.source import write_text
    from tagwright.recipe.inspection.advice import advise
    from tagwright.settings.toml import write_toml

    check_targets({"--out": out}, overwrite=overwrite)
    options = make_options(
        word_column=word_column,
        tag_column=tag_column,
        text_column=text_column,
        scheme=scheme,
        encoding=encoding,
        label_names=label_names,
    )
    files = {name: path for name, path in (("train", train), ("dev", dev), ("test", test)) if path is not None}
    named = {"backbone.model": model, "view": view, "writer.task": task}
    console = make_console()
    parts, _ = show_data(console, files, kind=kind, options=options)
    advice = advise(
        _require_labels(train, parts["train"]),
        files={name: str(path) for name, path in files.items()},
        wanted={name: value for name, value in named.items() if value is not None},
        out=runs or f"runs/{train.name.partition('.')[0] or 'first'}",
        kind=kind,
        options=options,
    )
    with write_text(out) as text:
        text.write(write_toml(advice.recipe, notes=advice.notes, only=advice.shown))
    _show_next(console, advice.recipe, path=out)


def _require_labels(path: Path, documents: "Sequence[Document]") -> "Summary":
    from tagwright.errors import DataError
    from tagwright.recipe.inspection.summary import summarise

    summary = summarise(documents)
    if not summary.labels and not summary.fields:
        raise DataError(
            "No document has a labelled span, so there is nothing to learn. "
            "Name the column of the tags (--tag-column), or the kind of the file (--from).",
            path=path,
        )
    return summary


def _show_next(console: "Console", recipe: "Recipe", *, path: Path) -> None:
    """What was decided for the user, and the next command."""
    data = recipe.data
    if recipe.view == "writer":
        console.print(f"A writer, for the task {recipe.writer.task}.", soft_wrap=True)
    elif recipe.head.name == "pairs":
        console.print(
            "The head pairs, which holds relations and spans that overlap. The other way is a writer: --view writer.",
            soft_wrap=True,
        )
    if recipe.draw.policy == "cv":
        console.print(
            "No dev file, and too few documents to set some aside: cross-validation will find the number of epochs "
            '(draw.dev_policy = "cv"; "full" sets a tenth aside all the same).',
            soft_wrap=True,
        )
    elif data.dev is None:
        share = f"{data.dev_share:.0%} of the training documents"
        told = "always the same ones; those of equal texts stay together"
        console.print(f"No dev file: {share} will be set aside by a fixed seed, {told}.", soft_wrap=True)
    console.print(f"Recipe written to {path}. Next:", soft_wrap=True)
    console.print(f"  tagwright inspect {path}    what training will take", soft_wrap=True)
    console.print(f"  tagwright train {path}", soft_wrap=True)
