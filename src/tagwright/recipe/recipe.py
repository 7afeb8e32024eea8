"""Recipe: one frozen model of all rooms' settings; read from TOML, changed by dotted names, checked as a whole.

Loads neither torch nor data: a recipe can be written and checked on any machine.
"""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tagwright.backbone.config import BackboneConfig
from tagwright.errors import RecipeError
from tagwright.heads import HEADS, HeadConfig
from tagwright.registry import suggest
from tagwright.training.config import TrainingConfig
from tagwright.tuning import TUNINGS, TuningConfig

SYNTHETIC = "synthetic:"  # data.train = "synthetic:ner" is the built-in corpus


class DataConfig(BaseModel):
    """`[data]`: files, how to read them, and the share of `train` that becomes dev where no dev file is given."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: str | None = None
    dev: str | None = None
    test: str | None = None
    kind: str | None = None
    word_column: int | str | None = None
    tag_column: int | str | None = None
    text_column: int | str | None = None
    scheme: str | None = None
    encoding: str = "utf-8"
    label_names: tuple[str, ...] | None = None
    dev_share: float = Field(default=0.1, ge=0, lt=1)
    documents: int | None = Field(default=None, ge=20, description="how many of the synthetic corpus; 800 if empty")


class DrawConfig(BaseModel):
    """`[draw]`: a low-resource run takes only some training documents, and a dev set to match.

    dev_policy: `full` keeps dev whole; `matched` draws as few documents from dev as from train; `cv` takes no dev
    set at all but cross-validates on the drawn documents. `matched` is the default whenever something is drawn.
    seed: of the draw; empty means the training seed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    shots: int | None = Field(default=None, ge=1)
    shots_per_label: int | None = Field(default=None, ge=1)
    percent: float | None = Field(default=None, gt=0, le=100)
    seed: int | None = Field(default=None, ge=0)
    dev_policy: Literal["full", "matched", "cv"] | None = None

    @model_validator(mode="after")
    def _check_one(self) -> "DrawConfig":
        given = [name for name in ("shots", "shots_per_label", "percent") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} each say how much to draw. Keep one.")
        return self

    @property
    def is_drawing(self) -> bool:
        return any(value is not None for value in (self.shots, self.shots_per_label, self.percent))

    @property
    def policy(self) -> str:
        """The dev policy in force."""
        return self.dev_policy or ("matched" if self.is_drawing else "full")


class Recipe(BaseModel):
    """All settings of a run. `out` is the folder that the labeler, its report and its checkpoints go to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    out: str | None = None
    data: DataConfig = DataConfig()
    draw: DrawConfig = DrawConfig()
    backbone: BackboneConfig = BackboneConfig()
    head: HeadConfig = HeadConfig()
    tuning: TuningConfig = TuningConfig()
    training: TrainingConfig = TrainingConfig()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, source: str = "recipe") -> "Recipe":
        """A recipe from nested settings; all faults are reported together."""
        try:
            recipe = cls.model_validate(dict(values))
        except ValidationError as error:
            raise RecipeError(f"{source} has faults:\n" + "\n".join(_explain(error))) from error
        faults = list(recipe._find_unknown_names())
        if faults:
            raise RecipeError(f"{source} has faults:\n" + "\n".join(faults))
        return recipe

    @classmethod
    def from_toml(cls, path: str | Path, *, settings: Mapping[str, Any] | None = None) -> "Recipe":
        """A recipe from a file, with some settings replaced by dotted name."""
        try:
            values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise RecipeError(f"There is no recipe {path}. `tagwright init FILE` writes one for your data.") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise RecipeError(f"{path} is not valid TOML: {error}") from error
        return cls.from_dict(_merge(values, settings or {}), source=str(path))

    def change(self, settings: Mapping[str, Any]) -> "Recipe":
        """This recipe with some settings replaced, by dotted name: {"training.learning_rate": 3e-5}."""
        return type(self).from_dict(_merge(self.to_dict(), settings))

    def to_dict(self) -> dict[str, Any]:
        """Nested plain values, without the empty ones."""
        return self.model_dump(mode="json", exclude_none=True)

    def _find_unknown_names(self) -> Iterator[str]:
        for section, name, table in (("head", self.head.name, HEADS), ("tuning", self.tuning.name, TUNINGS)):
            if name not in table:
                yield f"  {section}.name: no {section} is called {name!r}.{suggest(name, table)}"


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


def _explain(error: ValidationError) -> Iterator[str]:
    """One line per fault: where, what was found, what was expected."""
    for fault in error.errors():
        place = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            yield f"  {place}: there is no such setting.{_suggest_setting(fault['loc'])}"
        else:
            message = fault["msg"].removeprefix("Value error, ")
            found = "" if isinstance(fault["input"], dict | BaseModel) else f" (found {fault['input']!r})"
            yield f"  {place}: {message}{found}"


def _suggest_setting(place: tuple[int | str, ...]) -> str:
    if len(place) == 1:
        for section, field in Recipe.model_fields.items():
            kind = field.annotation
            if isinstance(kind, type) and issubclass(kind, BaseModel) and place[0] in kind.model_fields:
                return f" Did you mean {f'{section}.{place[0]}'!r}?"
    model: type[BaseModel] = Recipe
    for part in place[:-1]:
        kind = model.model_fields[str(part)].annotation
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            return ""
        model = kind
    return suggest(str(place[-1]), model.model_fields)
