"""Settings of any kind: read, changed and checked as a whole, whatever their sections are."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tagwright.errors import RecipeError
from tagwright.settings.settings import Settings, parse_setting


class Oven(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    degrees: float = Field(default=180, gt=0)
    fan: str | None = None


class Baking(Settings):
    title: str = "bread"
    oven: Oven = Oven()

    def _find_faults(self) -> Iterator[str]:
        if self.oven.fan == "broken":
            yield "  oven.fan: is broken."
            yield "  oven.fan: has to be mended."


def test_all_faults_are_told_together_with_their_source() -> None:
    with pytest.raises(RecipeError) as caught:
        Baking.from_dict({"oven": {"degrees": -5, "fann": "on"}, "degrees": 3, "titel": "x"}, source="mine")
    message = str(caught.value)
    assert message.startswith("mine has faults:\n")
    assert "oven.degrees: found -5. Input should be greater than 0" in message
    assert "oven.fann" in message and "Did you mean 'fan'?" in message
    assert "Did you mean 'oven.degrees'?" in message  # a setting without its section
    assert "titel" in message and "Did you mean 'title'?" in message


def test_faults_of_both_sorts_are_told_in_one_go() -> None:
    """What pydantic finds does not hide what the subclass finds in the other settings."""
    with pytest.raises(RecipeError) as caught:
        Baking.from_dict({"oven": {"degrees": -5, "fan": "broken"}})
    assert str(caught.value).splitlines()[1:] == [
        "  oven.degrees: found -5. Input should be greater than 0",
        "  oven.fan: is broken.",
        "  oven.fan: has to be mended.",
    ]


def test_faults_that_others_hide_are_told_too() -> None:
    """A check of a whole section only runs when its settings are valid one by one."""

    class Tray(BaseModel):
        rolls: int = Field(default=0, ge=0)
        cakes: int = 0
        pies: int = 0

        @model_validator(mode="after")
        def _check_one(self) -> "Tray":
            if self.cakes and self.pies:
                raise ValueError("cakes and pies don't go together.")
            return self

    class Shop(Settings):
        tray: Tray = Tray()
        price: int

    with pytest.raises(RecipeError) as caught:
        Shop.from_dict({"tray": {"rolls": -1, "cakes": 1, "pies": 1}})
    message = str(caught.value)
    assert (
        "tray.rolls: found -1" in message and "tray: cakes and pies" in message and "price: Field required" in message
    )


def test_a_value_of_no_type_that_fits_is_one_fault_at_its_own_place() -> None:
    class Shelf(Settings):
        baking: Baking = Baking()
        loaves: int | tuple[str, ...] = 1

    with pytest.raises(RecipeError) as caught:
        Shelf.from_dict({"loaves": 1.5, "baking": "bread"})
    first, second = str(caught.value).splitlines()[1:]
    assert first == "  baking: found 'bread', and a section was expected, [baking] with title, oven."
    assert second.startswith("  loaves: found 1.5. Input should be a valid integer") and " Or: Input" in second


def test_a_setting_in_a_wrong_section_is_sent_to_its_own() -> None:
    class Kitchen(Baking):
        table: Oven = Oven()
        cook: Baking = Baking()

    with pytest.raises(RecipeError, match=r"oven.title: there is no such setting. Did you mean 'cook.title'\?"):
        Kitchen.from_dict({"oven": {"title": "x"}})


def test_a_subclass_finds_faults_of_its_own() -> None:
    with pytest.raises(RecipeError, match="oven.fan: is broken"):
        Baking().change({"oven.fan": "broken"})


def test_settings_are_frozen_and_change_into_their_own_kind() -> None:
    baking = Baking()
    with pytest.raises(ValidationError, match="frozen"):
        baking.title = "cake"
    changed = baking.change({"oven.degrees": 200, "title": "cake"})
    assert type(changed) is Baking
    assert changed.to_dict() == {"title": "cake", "oven": {"degrees": 200.0}}
    assert baking == Baking()
    with pytest.raises(RecipeError, match="single value"):
        baking.change({"title.deep": 1})


def test_a_file_is_read_with_settings_replaced(tmp_path: Path) -> None:
    path = tmp_path / "baking.toml"
    path.write_text("[oven]\ndegrees = 220\n", encoding="utf-8")
    assert Baking.from_toml(path, settings={"oven.fan": "on"}).oven == Oven(degrees=220, fan="on")
    path.write_text("[oven]\ndegree = 220\n", encoding="utf-8")
    with pytest.raises(RecipeError, match="baking.toml has faults"):
        Baking.from_toml(path)


def test_missing_and_damaged_files(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="There is no recipe .*none.toml.$"):
        Baking.from_toml(tmp_path / "none.toml")
    bad = tmp_path / "bad.toml"
    bad.write_text("[oven\n")
    with pytest.raises(RecipeError, match="not valid TOML"):
        Baking.from_toml(bad)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("training.learning_rate=3e-5", ("training.learning_rate", 3e-5)),
        ("training.bf16=true", ("training.bf16", True)),
        ("backbone.model=org/name", ("backbone.model", "org/name")),
        ('data.train="a b.conll"', ("data.train", "a b.conll")),
        ("training.tokens_per_batch=2048", ("training.tokens_per_batch", 2048)),
    ],
)
def test_settings_are_parsed(text: str, expected: tuple[str, object]) -> None:
    assert parse_setting(text) == expected


def test_a_setting_without_value_is_refused() -> None:
    with pytest.raises(RecipeError, match="section.name=value"):
        parse_setting("training.seed")
