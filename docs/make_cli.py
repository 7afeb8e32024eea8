"""Writes docs/cli.md from the program's own help. `--check` writes nothing and fails where the page is stale."""

import sys
from collections.abc import Iterator
from pathlib import Path

from typer.main import get_command
from typer.testing import CliRunner

from tagwright.cli.main import app

PAGE = Path(__file__).parent / "cli.md"
OPENING = """# Command line

This page is what `tagwright VERB --help` says; `python docs/make_cli.py` writes it.

Results go to standard output, messages and progress to standard error. An error is one message and exit status 2;
`tagwright --debug VERB ...` shows its whole trace.
"""


def render() -> str:
    """The whole page: the list of verbs, then each with its arguments and options."""
    return "\n".join([OPENING, *render_verb(), *(line for verb in list_verbs() for line in render_verb(verb))])


def list_verbs() -> list[str]:
    """The verbs in the order of the help."""
    return list(get_command(app).commands)  # type: ignore[attr-defined]


def render_verb(*verb: str) -> Iterator[str]:
    """A heading and the help, as it stands in a terminal of 80 columns."""
    shown = CliRunner().invoke(app, [*verb, "--help"], prog_name="tagwright", env={"COLUMNS": "80", "NO_COLOR": "1"})
    yield from (f"## {' '.join(['tagwright', *verb])}", "", "```text", shown.stdout.strip(), "```", "")


if __name__ == "__main__":
    if "--check" not in sys.argv:
        PAGE.write_text(render(), encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != render():
        sys.exit("docs/cli.md is stale. Run `python docs/make_cli.py`.")
