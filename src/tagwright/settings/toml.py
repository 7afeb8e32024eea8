"""Settings as TOML text. Knows nothing of what they mean."""

import re
from collections.abc import Mapping
from typing import Any

from tagwright.settings.settings import Settings

BARE = re.compile(r"[A-Za-z0-9_-]+")


def write_toml(
    settings: Settings, *, notes: Mapping[str, str] | None = None, only: frozenset[str] | None = None
) -> str:
    """Settings as TOML. `notes` are comments by dotted name; `only` keeps just those of these dotted names."""
    notes = notes or {}
    lines: list[str] = []
    for name, value in settings.to_dict().items():
        if not isinstance(value, Mapping) and (only is None or name in only):
            lines += _write_setting(name, value, notes.get(name))
    for section, values in settings.to_dict().items():
        if isinstance(values, Mapping):
            kept = {key: value for key, value in values.items() if only is None or f"{section}.{key}" in only}
            if kept:
                lines += ["", *(f"# {line}" for line in notes.get(section, "").splitlines()), f"[{section}]"]
                for key, value in kept.items():
                    lines += _write_setting(key, value, notes.get(f"{section}.{key}"))
    return "\n".join(lines).strip() + "\n"


def _write_setting(name: str, value: Any, note: str | None) -> list[str]:
    return [f"{name} = {write_value(value)}" + (f"  # {note}" if note else "")]


def write_value(value: Any) -> str:
    """One TOML value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(write_value(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_write_key(key)} = {write_value(item)}" for key, item in value.items()) + "}"
    return _quote(str(value))


def _write_key(key: str) -> str:
    return key if BARE.fullmatch(key) else _quote(key)


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c >= " " and c != "\x7f" else f"\\u{ord(c):04x}" for c in escaped) + '"'
