"""tagwright export: a labeler's backbone as a folder that plain transformers reads."""

from pathlib import Path
from typing import Annotated

import typer

from tagwright.backbone.builtin import LABELER_FORMS


def export(
    model: Annotated[str, typer.Argument(help=f"A saved labeler: {LABELER_FORMS}.")],
    out: Annotated[Path, typer.Argument(help="Folder to write; it must not be there yet.")],
) -> None:
    """Write a labeler's backbone, without its head, as transformers reads it.

    The folder is loaded again and compared. Only a sight that transformers knows can be exported: all, or none chosen.
    """
    from tagwright.cli.terminal.show import make_console, quiet_libraries
    from tagwright.inference.predictor import load
    from tagwright.models.export import export_backbone

    quiet_libraries()
    backbone = load(model).tagger.backbone
    export_backbone(backbone, out)
    console = make_console()
    sight = "as by nature" if backbone.sight is None else str(backbone.sight)
    console.print(f"{out}: AutoModel.from_pretrained reads it; sight: {sight}", highlight=False, soft_wrap=True)
    if backbone.config.repeat:
        times = f"{backbone.config.repeat} times more"
        console.print(f"Its words are read in the last copy of a text given {times}: do the same.", highlight=False)
