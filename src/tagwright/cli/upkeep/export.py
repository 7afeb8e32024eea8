"""tagwright export: a labeler's backbone as a folder that plain transformers reads, or a labeler that needs no base."""

from pathlib import Path
from typing import Annotated

import typer

from tagwright.backbone.builtin import LABELER_FORMS


def export(
    model: Annotated[str, typer.Argument(help=f"A saved labeler: {LABELER_FORMS}.")],
    out: Annotated[Path, typer.Argument(help="Folder to write; it must not be there yet.")],
    merge: Annotated[bool, typer.Option("--merge", help="Write the whole labeler, with all weights its own.")] = False,
    base: Annotated[
        str | None, typer.Option(help="Where the model is now that the labeler was trained beside, if it has moved.")
    ] = None,
) -> None:
    """Write a tagger's backbone, without its head, as transformers reads it; or, with --merge, a whole labeler.

    What was trained beside a base (lora and its kin) is merged into it. The folder is loaded again and compared.
    Only a sight that transformers knows can be exported without --merge: all, or none chosen.
    """
    from tagwright.cli.terminal.show import make_console, show_loading
    from tagwright.errors import ModelError
    from tagwright.io.source import check_free

    check_free(out)
    with show_loading(model):
        from tagwright.inference.merged import load_merged
        from tagwright.models.export import export_backbone

        labeler = load_merged(model, base=base)
    console = make_console()
    if merge:
        labeler.save_pretrained(out)
        console.print(f"{out}: a labeler that needs no other model", highlight=False, soft_wrap=True)
        return
    if labeler.model.view != "tagger":
        raise ModelError(
            f"{model} is a writer: what its model writes is only held to a format, and read, by Tagwright, so it isn't "
            "exported alone. `--merge` writes the whole labeler, which needs no other model."
        )
    backbone = labeler.tagger.backbone
    export_backbone(backbone, out)
    sight = "as by nature" if backbone.sight is None else str(backbone.sight)
    console.print(f"{out}: AutoModel.from_pretrained reads it; sight: {sight}", highlight=False, soft_wrap=True)
    if backbone.config.repeat:
        times = {1: "twice"}.get(backbone.config.repeat, f"{1 + backbone.config.repeat} times")
        console.print(f"Its words are read in the last copy of a text given {times}: do the same.", highlight=False)
