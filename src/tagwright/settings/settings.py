"""Settings: a frozen model of sections; read from TOML, changed by dotted names, checked as a whole.

Knows no section of its own: what is set is the business of its subclasses. Loads neither torch nor data.
"""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from tagwright.errors import RecipeError
from tagwright.registry import suggest


class Settings(BaseModel):
    """What a recipe of any kind can do; a subclass names the sections and what pydantic can't check of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hint_if_missing: ClassVar[str] = ""  # said where there is no such file: what writes one

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, source: str = "recipe") -> Self:
        """From nested values; all faults are reported together."""
        try:
            settings = cls.model_validate(dict(values))
        except ValidationError as error:
            raise RecipeError(f"{source} has faults:\n" + "\n".join(_explain(error, cls))) from error
        faults = list(settings._find_faults())
        if faults:
            raise RecipeError(f"{source} has faults:\n" + "\n".join(faults))
        return settings

    @classmethod
    def from_toml(cls, path: str | Path, *, settings: Mapping[str, Any] | None = None) -> Self:
        """From a file, with some settings replaced by dotted name."""
        try:
            values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise RecipeError(f"There is no recipe {path}.{cls.hint_if_missing}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise RecipeError(f"{path} is not valid TOML: {error}") from error
        return cls.from_dict(_merge(values, settings or {}), source=str(path))

    def change(self, settings: Mapping[str, Any]) -> Self:
        """These settings with some settings replaced, by dotted name: {"training.learning_rate": 3e-5}."""
        return type(self).from_dict(_merge(self.to_dict(), settings))

    def to_dict(self) -> dict[str, Any]:
        """Nested plain values, without the empty ones."""
        return self.model_dump(mode="json", exclude_none=True)

    def _find_faults(self) -> Iterator[str]:
        """Further faults of settings that are valid by themselves, a line each: names that no table knows."""
        return iter(())


def parse_setting(text: str) -> tuple[str, Any]:
    """`training.learning_rate=3e-5` as a name and a TOML value; what is no TOML value is a string."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise RecipeError(f"--set {text!r} is no setting. Write --set section.name=value.")
    try:
        return name.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value


def _merge(values: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {key: dict(part) if isinstance(part, Mapping) else part for key, part in values.items()}
    for name, value in settings.items():
        section, dot, key = name.partition(".")
        if dot:
            part = merged.setdefault(section, {})
            if not isinstance(part, dict):
                raise RecipeError(f"{section!r} is a single value, so {name!r} can't be set.")
            part[key] = value
        else:
            merged[section] = value
    return merged


def _explain(error: ValidationError, model: type[BaseModel]) -> Iterator[str]:
    """One line per fault: where, what was found, what was expected."""
    for fault in error.errors():
        place = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            yield f"  {place}: there is no such setting.{_suggest_setting(fault['loc'], model)}"
        else:
            message = fault["msg"].removeprefix("Value error, ")
            found = "" if isinstance(fault["input"], dict | BaseModel) else f" (found {fault['input']!r})"
            yield f"  {place}: {message}{found}"


def _suggest_setting(place: tuple[int | str, ...], model: type[BaseModel]) -> str:
    if len(place) == 1:
        for section, field in model.model_fields.items():
            kind = field.annotation
            if isinstance(kind, type) and issubclass(kind, BaseModel) and place[0] in kind.model_fields:
                return f" Did you mean {f'{section}.{place[0]}'!r}?"
    for part in place[:-1]:
        kind = model.model_fields[str(part)].annotation
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            return ""
        model = kind
    return suggest(str(place[-1]), model.model_fields)
