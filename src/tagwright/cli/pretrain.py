"""tagwright pretrain: from plain text to a backbone, new or gone on from another."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tagwright.cli.terminal.targets import Again


def pretrain(
    recipe: Annotated[Path | None, typer.Argument(help="A pretraining recipe (TOML).")] = None,
    text: Annotated[list[str] | None, typer.Option(help="Plain text: file (.gz, .zst too), glob, or hub:NAME.")] = None,
    valid: Annotated[list[str] | None, typer.Option(help="Held-out plain text.")] = None,
    model: Annotated[str | None, typer.Option(help="Go on from this backbone: hub id, folder or builtin:NAME.")] = None,
    objective: Annotated[str | None, typer.Option(help="clm, mlm, mntp, span, clm-then-mlm or hybrid.")] = None,
    out: Annotated[str | None, typer.Option(help="Folder for the backbone and its report.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="Any setting: training.max_steps=500.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint in --out.")] = False,
    overwrite: Again = False,
) -> None:
    """Train a backbone on plain text, or go on with one that is there.

    Either a recipe, or --text and --valid; options win over the recipe.
    """
    named: dict[str, Any] = {"text.train": text, "text.valid": valid, "model.start": model}
    plan = _read_recipe(recipe, named | {"objective.name": objective, "out": out}, set_ or [])
    from tagwright.cli.terminal.show import make_console, show_loading
    from tagwright.cli.train import is_main_process

    with show_loading():
        from tagwright.pretraining.learning.progress import ShowPretraining
        from tagwright.pretraining.outputs import PAGE, write_backbone
        from tagwright.pretraining.run import check_folder, is_finished
        from tagwright.pretraining.run import pretrain as run

    console, folder = make_console(), Path(plan.out or "")
    console.quiet = not is_main_process()
    if resume and is_finished(folder):
        console.print(f"{folder} is finished; nothing to resume.", highlight=False, soft_wrap=True)
        return
    check_folder(folder, resume=resume, overwrite=overwrite)

    def say(line: str) -> None:
        console.print(line, highlight=False, soft_wrap=True)

    outcome = run(plan, folder, resume=resume, callbacks=[ShowPretraining()], say=say)
    if is_main_process():
        write_backbone(outcome, folder)
        say(f"Saved to {folder} in {outcome.seconds:.0f} s. Report: {folder / PAGE}")


def _read_recipe(path: Path | None, named: dict[str, Any], changes: list[str]) -> Any:
    from tagwright.errors import RecipeError
    from tagwright.pretraining.recipe import PretrainingRecipe
    from tagwright.settings.settings import parse_setting

    settings = {name: value for name, value in named.items() if value}
    settings |= dict(parse_setting(change) for change in changes)
    if path is not None and path.suffix.lower() != ".toml":
        raise RecipeError(f"{path} is no recipe, whose name ends in .toml. Text to learn from goes by --text.")
    if path is None:
        plan = PretrainingRecipe().change(settings)
    else:
        plan = PretrainingRecipe.from_toml(path, settings=settings)
    if plan.out is None:
        raise RecipeError("Nowhere to save. Give --out FOLDER.")
    return plan
