"""What verbs that train many times share: options, the recipe. Knows no verb."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tagwright.recipe.recipe import Recipe

Processes = Annotated[
    int, typer.Option(min=1, help="Train so many at a time; from 2 on, each in a process of one thread.")
]
Engine = Annotated[str, typer.Option(help="processes, or ray: the cluster of RAY_ADDRESS, else a local one.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="Any setting: training.num_train_epochs=5, backbone.model=NAME.")
]


def read_recipe(path: Path, changes: list[str] | None) -> "Recipe":
    """The recipe with some settings changed."""
    from tagwright.recipe.recipe import Recipe
    from tagwright.settings.settings import parse_setting

    return Recipe.from_toml(path, settings=dict(parse_setting(change) for change in changes or []))
