"""Inventory: what the training documents of a task teach a format: names of labels, slots, closed values, speakers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tagwright.formats.strings.names import Names


@dataclass(frozen=True)
class Inventory:
    """Everything a format may write besides words of the source. It belongs to the model and is saved with it.

    `values`: for each slot the values that training had and that did not stand in the dialogue (yes, no, ...).
    `speakers`: whose turns hold a dialogue state. `untyped`: mentions may go without a label.
    """

    spans: Names = field(default_factory=lambda: Names(()))
    relations: Names = field(default_factory=lambda: Names(()))
    arguments: Names = field(default_factory=lambda: Names(()))
    slots: Names = field(default_factory=lambda: Names(()))
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    speakers: tuple[str, ...] = ()
    untyped: bool = False

    def to_dict(self) -> dict[str, Any]:
        names = {key: getattr(self, key).to_dict() for key in ("spans", "relations", "arguments", "slots")}
        values = {slot: list(values) for slot, values in self.values.items()}
        return {**names, "values": values, "speakers": list(self.speakers), "untyped": self.untyped}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Inventory":
        """The inventory that `to_dict` wrote."""
        names = {key: Names(data[key], data[key]) for key in ("spans", "relations", "arguments", "slots")}
        values = {slot: tuple(values) for slot, values in data["values"].items()}
        return cls(**names, values=values, speakers=tuple(data["speakers"]), untyped=data["untyped"])
