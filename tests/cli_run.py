"""The type of the fixture that runs a verb."""

from collections.abc import Callable

from typer.testing import Result

Run = Callable[..., Result]
