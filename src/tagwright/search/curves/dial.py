"""Dial: the one setting of a recipe that a curve varies, and its values as they are written: `fusion=last,dwatt`.

Knows neither data nor training.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from tagwright.errors import RecipeError
from tagwright.recipe.recipe import Recipe
from tagwright.registry import suggest
from tagwright.settings.settings import parse_setting

TURNED = {  # what a curve sets itself, and how to have a say in it
    "training.learning_rate": "The learning rate is searched for every value, around the recipe's own.",
    "tuning.head_learning_rate": "It is searched together with the learning rate.",
    "training.seed": "--seeds says how many draws are crossed with how many trainings.",
    "draw": "--shots says how many documents are drawn.",
    "data": "All values are compared on the same documents.",
}
SEPARATE = re.compile(r"(?:\[[^\]]*\]|\{[^}]*\}|[^,\[{])+")  # commas within brackets belong to a value


@dataclass(frozen=True)
class Dial:
    """A setting by its whole name, and the values to compare; the first is what the others are compared with."""

    name: str
    setting: str
    values: tuple[str, ...]

    @classmethod
    def parse(cls, notation: str) -> "Dial":
        """`fusion=last,dwatt`, `sight=none,all,0011`, `training.weight_decay=0,0.1`."""
        name, _, values = (part.strip() for part in notation.partition("="))
        found = tuple(value.strip() for value in SEPARATE.findall(values))
        if not name or not all(found) or not found:
            raise RecipeError(f"{notation!r} is no dial with its values. Write --vary fusion=last,dwatt.")
        if doubled := [value for value in found if found.count(value) > 1]:
            raise RecipeError(f"{notation!r} names {doubled[0]!r} twice. Name every value once.")
        setting = find_setting(name)
        for turned, hint in TURNED.items():
            if setting == turned or setting.startswith(f"{turned}."):
                raise RecipeError(f"{setting} can't be varied. {hint}")
        return cls(name, setting, found)

    def turn(self, recipe: Recipe, value: str) -> Recipe:
        """The recipe with the dial at this value; settings that another part reads and this one doesn't stay behind."""
        parsed = parse_setting(f"{self.setting}={value}")[1]
        section, _, key = self.setting.partition(".")
        if isinstance(parsed, dict):
            return recipe.change({section: parsed})
        if key == "name":
            kept = {name: given for name, given, is_read in _list_given(recipe, section, value=value) if is_read}
            return recipe.change({section: kept | {"name": value}})
        return recipe.change({self.setting: parsed})

    def list_unread(self, recipe: Recipe) -> Iterator[str]:
        """A line for every value that leaves some of the recipe's settings behind."""
        section, _, key = self.setting.partition(".")
        for value in self.values if key == "name" else ():
            given = [] if value.startswith("{") else _list_given(recipe, section, value=value)
            if unread := [f"{section}.{name}" for name, _, is_read in given if not is_read]:
                yield f"{value} does not read {', '.join(unread)}: left aside for it."


def _list_given(recipe: Recipe, section: str, *, value: str) -> list[tuple[str, Any, bool]]:
    """The settings of a section that are no defaults, and whether they may stand beside this name."""
    part: BaseModel = getattr(recipe, section)
    given = part.model_dump(mode="json", exclude_defaults=True, exclude={"name"})
    return [(name, setting, _reads(type(part), {"name": value, name: setting})) for name, setting in given.items()]


def _reads(kind: type[BaseModel], settings: dict[str, Any]) -> bool:
    try:
        kind.model_validate(settings)
    except ValidationError:
        return False
    return True


def find_setting(name: str) -> str:
    """The whole name of a dial: `fusion` is fusion.name, `sight` is backbone.sight."""
    sections = list_sections()
    section, dot, key = name.partition(".")
    if dot and (key in sections.get(section, ()) or section == "training"):  # training takes any of transformers' names
        return name
    if "name" in sections.get(name, ()):
        return f"{name}.name"
    places = [f"{section}.{name}" for section, keys in sections.items() if name in keys]
    if len(places) > 1:
        raise RecipeError(f"{name!r} could be {' or '.join(places)}. Write the whole name.")
    if not places:
        dials = [section for section, keys in sections.items() if "name" in keys]
        whole = [f"{section}.{key}" for section, keys in sections.items() for key in keys]
        raise RecipeError(f"No dial is called {name!r}.{suggest(name, [*dials, *whole])}")
    return places[0]


def list_sections() -> dict[str, list[str]]:
    """The sections of a recipe and their settings."""
    kinds = {section: field.annotation for section, field in Recipe.model_fields.items()}
    return {
        section: list(kind.model_fields)
        for section, kind in kinds.items()
        if isinstance(kind, type) and issubclass(kind, BaseModel)
    }
