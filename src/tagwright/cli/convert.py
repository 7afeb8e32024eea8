"""tagwright convert: from one kind of labelled file to another."""

from pathlib import Path
from typing import Annotated

import typer

from tagwright.cli.terminal.files import Encoding, From, LabelNames, TagColumn, TextColumn, To, WordColumn, Written
from tagwright.cli.terminal.targets import Overwrite, check_targets


def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Labelled file.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="File to write; its suffix says the kind.")],
    kind: From = None,
    to: To = None,
    scheme: Written = None,
    overwrite: Overwrite = False,
    from_scheme: Annotated[str | None, typer.Option(help="Scheme of the tags read; found if left out.")] = None,
    word_column: WordColumn = None,
    tag_column: TagColumn = None,
    text_column: TextColumn = None,
    shape: Annotated[str | None, typer.Option(help="Form of the JSON rows written: tags, spans, gliner, ...")] = None,
    label_names: LabelNames = None,
    encoding: Encoding = "utf-8",
) -> None:
    """Convert a labelled file to another kind.

    Says what the new kind can't hold.
    """
    from tagwright.cli.terminal.files import count_along, make_options
    from tagwright.cli.terminal.show import make_console, show_ledger
    from tagwright.errors import RecipeError
    from tagwright.io.files import find_writer, scan, write
    from tagwright.io.jsonl import JsonRows
    from tagwright.text.ledger import Ledger
    from tagwright.text.schemes import find_scheme

    if not issubclass(find_writer(target, kind=to), JsonRows) and shape is not None:
        raise RecipeError(f"--shape is the form of JSON rows, and {target} gets none. Leave it out, or say --to jsonl.")
    if scheme is not None:
        find_scheme(scheme)
    check_targets({"OUT": target}, overwrite=overwrite)
    read_as = make_options(
        word_column=word_column,
        tag_column=tag_column,
        text_column=text_column,
        scheme=from_scheme,
        encoding=encoding,
        label_names=label_names,
    )
    reading, writing, console = Ledger(), Ledger(), make_console()
    documents = count_along(scan(source, kind=kind, options=read_as, ledger=reading), "converting")
    count = write(documents, target, kind=to, options=make_options(scheme=scheme, shape=shape), ledger=writing)
    console.print(f"{count:,} documents written to {target}", soft_wrap=True)
    show_ledger(console, reading, title=f"What {source.name} holds and Tagwright can't:")
    show_ledger(console, writing, title=f"What {target.name} can't hold:")
