"""tagwright init: look at a labelled file, say what is in it, and write a recipe for it."""

from pathlib import Path
from typing import Annotated

import typer

from tagwright.cli.files import Encoding, From, LabelNames, Scheme, TagColumn, TextColumn, WordColumn


def init(
    train: Annotated[Path, typer.Argument(metavar="FILE", help="Labelled file to train on.")],
    out: Annotated[Path, typer.Option(help="Recipe to write.")] = Path("recipe.toml"),
    model: Annotated[
        str, typer.Option(help="Backbone: hub id, local folder, or builtin:untrained.")
    ] = "builtin:untrained",
    dev: Annotated[Path | None, typer.Option(help="Labelled dev file; without it part of FILE is set aside.")] = None,
    test: Annotated[Path | None, typer.Option(help="Labelled test file.")] = None,
    runs: Annotated[str | None, typer.Option(help="Folder that training will save to; runs/FILE if left out.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a recipe that is there.")] = False,
    kind: From = None,
    word_column: WordColumn = None,
    tag_column: TagColumn = None,
    text_column: TextColumn = None,
    scheme: Scheme = None,
    label_names: LabelNames = None,
    encoding: Encoding = "utf-8",
) -> None:
    """Look at a labelled file and write a recipe for it.

    Says what it found. The recipe is commented; nothing is trained, no model is loaded.
    """
    from tagwright.cli.files import make_options
    from tagwright.cli.inspect import show_data
    from tagwright.cli.show import make_console
    from tagwright.errors import DataError, RecipeError
    from tagwright.io.source import write_text
    from tagwright.recipe.inspection.advice import advise
    from tagwright.recipe.inspection.summary import summarise
    from tagwright.recipe.toml import write_toml

    if out.exists() and not overwrite:
        raise RecipeError(f"{out} is there already. Use --overwrite to replace it, or --out to write another.")
    options = make_options(
        word_column=word_column,
        tag_column=tag_column,
        text_column=text_column,
        scheme=scheme,
        encoding=encoding,
        label_names=label_names,
    )
    files = {name: path for name, path in (("train", train), ("dev", dev), ("test", test)) if path is not None}
    console = make_console()
    parts, _ = show_data(console, files, kind=kind, options=options)
    summary = summarise(parts["train"])
    if not summary.labels:
        raise DataError(
            "No document has a labelled span, so there is nothing to learn. "
            "Name the column of the tags (--tag-column), or the kind of the file (--from).",
            path=train,
        )
    advice = advise(
        summary,
        files={name: str(path) for name, path in files.items()},
        model=model,
        out=runs or f"runs/{train.name.partition('.')[0] or 'first'}",
        kind=kind,
        options=options,
    )
    with write_text(out) as text:
        text.write(write_toml(advice.recipe, notes=advice.notes, only=advice.shown))
    if dev is None:
        share = advice.recipe.data.dev_share
        console.print(f"No dev file: {share:.0%} of the training documents will be set aside, always the same ones.")
    console.print(f"Recipe written to {out}. Next:", soft_wrap=True)
    if model != "builtin:untrained":
        console.print(f"  tagwright inspect {train} --model {model}    what training will take", soft_wrap=True)
    console.print(f"  tagwright train {out}", soft_wrap=True)
