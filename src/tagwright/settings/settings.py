"""Settings: a frozen model of sections; read from TOML, changed by dotted names, checked as a whole.

Knows no section of its own: what is set is the business of its subclasses. Loads neither torch nor data.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from tagwright.errors import RecipeError
from tagwright.registry import suggest


class Settings(BaseModel):
    """What a recipe of any kind can do; a subclass names the sections and what pydantic can't check of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hint_if_missing: ClassVar[str] = ""  # said where there is no such file: what writes one
    strange: ClassVar[Mapping[str, str]] = {}  # a section that tells recipes of another kind -> the verb they are for

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, source: str = "recipe") -> Self:
        """From nested values; all faults are reported together."""
        for section, verb in cls.strange.items():
            if section in values:
                raise RecipeError(f"{source} has a section [{section}]: it is a recipe of `{verb}`.")
        settings, told = cls._validate(values)
        lines = list(told.values())
        single = [place for place in told if place in cls.model_fields and _find_section(cls, place) is None]
        if settings is not None and not single:  # without `view` it would be unknown what the rest is for
            for line in settings._find_faults():
                place = line.strip().partition(":")[0]
                if not {place, place.partition(".")[0]} & told.keys():
                    lines.append(line)
        if settings is None or lines:
            raise RecipeError(f"{source} has faults:\n" + "\n".join(lines))
        return settings

    @classmethod
    def _validate(cls, values: Mapping[str, Any]) -> tuple[Self | None, dict[str, str]]:
        """The settings without their faults, and these by place: some only come to light when others are gone."""
        faults: dict[str, str] = {}
        while True:
            try:
                return cls.model_validate(dict(values)), faults
            except ValidationError as error:
                found = _explain(error, cls)
            if found.keys() <= faults.keys():  # leaving them out doesn't help
                return None, faults
            faults |= found
            values = _leave_out(values, found)

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


def _explain(error: ValidationError, model: type[BaseModel]) -> dict[str, str]:
    """A line for each place with a fault: what was found, what was expected."""
    places: dict[str, list[Any]] = {}
    for fault in error.errors():
        places.setdefault(".".join(_find_place(fault["loc"], model)), []).append(fault)
    return {place: f"  {place}: {_describe(place, faults, model)}" for place, faults in places.items()}


def _find_place(found: tuple[int | str, ...], model: type[BaseModel]) -> Iterator[str]:
    """The names of a setting; what pydantic adds of the types that it tried, or of a place in a list, is left out."""
    kind: type[BaseModel] | None = model
    for part in map(str, found):
        if kind is None:
            return
        yield part
        kind = _find_section(kind, part)


def _find_section(model: type[BaseModel], name: str) -> type[BaseModel] | None:
    kind = model.model_fields[name].annotation if name in model.model_fields else None
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _describe(place: str, faults: Sequence[Mapping[str, Any]], model: type[BaseModel]) -> str:
    if faults[0]["type"] == "extra_forbidden":
        return f"there is no such setting.{_suggest_setting(place.split('.'), model)}"
    found = faults[0]["input"]
    if faults[0]["type"] == "model_type":
        section = _find_section(model, place)
        return (
            f"found {found!r}, and a section was expected, [{place}] with {', '.join((section or model).model_fields)}."
        )
    told = list(dict.fromkeys(fault["msg"].removeprefix("Value error, ") for fault in faults))
    if isinstance(found, dict | BaseModel):
        return " ".join(told)
    return f"found {found!r}. " + " Or: ".join(told)


def _leave_out(values: Mapping[str, Any], places: Iterable[str]) -> dict[str, Any]:
    """The values without those at some places, to hear what else is wrong."""
    kept = {key: dict(part) if isinstance(part, Mapping) else part for key, part in values.items()}
    for place in places:
        section, _, name = place.partition(".")
        if name:
            kept[section].pop(name.partition(".")[0], None)
        else:
            kept.pop(section, None)
    return kept


def _suggest_setting(place: Sequence[str], model: type[BaseModel]) -> str:
    """The setting of that name in another section, or the nearest in this one."""
    for section in model.model_fields:
        if (kind := _find_section(model, section)) is not None and place[-1] in kind.model_fields:
            return f" Did you mean {f'{section}.{place[-1]}'!r}?"
    for part in place[:-1]:
        if (kind := _find_section(model, part)) is None:
            return ""
        model = kind
    return suggest(place[-1], model.model_fields)
