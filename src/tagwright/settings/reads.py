"""Which settings of a section its choice by name reads. Others are refused. Knows no section."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

Reads = Mapping[str, Sequence[str]]


def list_given(part: BaseModel, *, of: type[BaseModel] | None = None) -> list[str]:
    """The settings that differ from their defaults, which are no wish: a resolved recipe spells all of them out."""
    fields = (of or type(part)).model_fields.items()
    return [name for name, field in fields if name != "name" and getattr(part, name) != field.default]


def list_read(part: BaseModel, reads: Reads, *, of: str) -> dict[str, Any]:
    """The name and the settings that the choice `of` this name reads, as plain values."""
    return {name: value for name, value in part.model_dump().items() if name in ("name", *reads.get(of, ()))}


def refuse_unread(name: str, given: Iterable[str], *, kind: str, reads: Reads) -> None:
    """Refuse a setting that the choice doesn't read, with what it reads and who reads the setting."""
    own = reads.get(name, ())
    if not (unread := [each for each in given if each not in own]):
        return
    able = ", ".join(repr(other) for other, its in reads.items() if set(unread) <= set(its))
    raise ValueError(
        f"{kind} {name!r} does not read {_quote(unread)}; it reads {_quote(own) or 'none of them'}. "
        f"Remove what it does not read{f', or choose {able}' if able else ''}."
    )


def _quote(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
