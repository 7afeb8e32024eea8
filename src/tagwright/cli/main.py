"""tagwright: the verbs, and what happens when one fails. Heavy rooms are imported by the verbs, when they run."""

import logging
import sys
from importlib import metadata
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.markup import escape

from tagwright.cli.compare import ManyAgainst, compare
from tagwright.cli.convert import convert
from tagwright.cli.evaluate import evaluate
from tagwright.cli.init import init
from tagwright.cli.inspect import inspect
from tagwright.cli.predict import predict
from tagwright.cli.pretrain import pretrain
from tagwright.cli.studies.curve import curve
from tagwright.cli.studies.search import search
from tagwright.cli.train import train
from tagwright.cli.upkeep.calibrate import calibrate
from tagwright.cli.upkeep.doctor import doctor
from tagwright.cli.upkeep.export import export
from tagwright.errors import TagwrightError

INTERRUPTED = 130  # what typer makes of Ctrl-C
RESUME = " The same command with --resume goes on from the last checkpoint."
NEXT_CELL = " The same command goes on after the last whole training."
GOES_ON = {"train": RESUME, "pretrain": RESUME, "search": NEXT_CELL, "curve": NEXT_CELL}

app = typer.Typer(
    name="tagwright",
    help="Turn open language models into sequence labelers: spans with offsets and scores, from a dozen documents up.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for verb in (init, inspect, convert, train, evaluate):
    app.command(verb.__name__)(verb)
app.command("compare", cls=ManyAgainst)(compare)
app.command("calibrate")(calibrate)
app.command("predict")(predict)
app.command("pretrain")(pretrain)
app.command("search")(search)
app.command("curve")(curve)
app.command("doctor")(doctor)
app.command("export")(export)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tagwright {metadata.version('tagwright')}")
        raise typer.Exit


@app.callback()
def set_up(
    debug: Annotated[bool, typer.Option("--debug", help="Show the whole trace of an error.")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say it.")] = False,
) -> None:
    """Messages of the library go to standard error, results to standard output."""
    handler = RichHandler(
        console=Console(stderr=True), show_time=False, show_path=False, show_level=False, markup=False
    )
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("tagwright")
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.DEBUG if debug else logging.INFO)


def main() -> None:
    """Run a verb. An error of ours is its message alone (exit status 2), unless --debug asks for more."""
    try:
        app()
    except TagwrightError as error:
        if "--debug" in sys.argv:
            raise
        _fail(str(error))
    except OSError as error:
        if "--debug" in sys.argv:
            raise
        _fail(
            f"{error.filename or 'A file'}: {error.strerror or error}. Check the path, its permissions and free space."
        )
    except SystemExit as stop:
        if stop.code != INTERRUPTED:
            raise
        hint = next((hint for verb, hint in GOES_ON.items() if verb in sys.argv), "")
        _fail(f"Stopped.{hint}", status=INTERRUPTED)


def _fail(message: str, *, status: int = 2) -> None:
    Console(stderr=True, highlight=False).print(f"[bold red]Error:[/] {escape(message)}", soft_wrap=True)
    raise SystemExit(status)
