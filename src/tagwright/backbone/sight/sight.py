"""Sight: which layers of a model may look to the right. A plan alone; `masks` makes a model obey it.

Groups are written as bits, the leftmost nearest the input: `0011` opens the upper half. Loads neither torch nor models.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tagwright.errors import RecipeError

Scope = Literal["document", "prompt"]  # how far open layers see: everything, or what stands before the answer
SHADES = {True: "█", False: "░"}
LEARNED = "learned"
FORMS = (
    "Expected none, all, bits for groups of layers such as 0011 (leftmost nearest the input), top:8, bottom:4, "
    "a list of layers such as [0, 5]; a recipe may also say learned."
)


@dataclass(frozen=True)
class Sight:
    """Of `layers` layers, counted from 0 at the input, those in `open` look both ways and the others left only."""

    layers: int
    open: tuple[int, ...]

    @classmethod
    def parse(cls, notation: "str | Iterable[int]", *, layers: int) -> "Sight":
        """A plan for a model of so many layers."""
        refuse_learned(notation)
        wanted = read_form(notation)
        if not isinstance(wanted, str):
            return cls(layers, _check_layers(wanted, layers))
        if wanted in ("none", "all"):
            return cls(layers, tuple(range(layers)) if wanted == "all" else ())
        side, colon, count = wanted.partition(":")
        if not colon:
            return cls(layers, _open_groups(wanted, layers))
        if int(count) > layers:
            raise RecipeError(f"sight {wanted!r} opens {count} layers, and the model has {layers}. {layers} is all.")
        first = layers - int(count) if side == "top" else 0
        return cls(layers, tuple(range(first, first + int(count))))

    @property
    def flags(self) -> tuple[bool, ...]:
        """One for each layer, the input's side first: may it look right?"""
        return tuple(layer in self.open for layer in range(self.layers))

    def draw(self) -> list[str]:
        """Three lines: numbers of layers, one mark for each layer, the input's side first, and what the marks mean."""
        last = str(self.layers - 1)
        stop = max(self.layers - 1 - len(last), self.layers > 1)  # where the last number still has room
        ruler = "".join(f"{layer:<5}" for layer in range(0, stop, 5))[: self.layers - 1].ljust(self.layers - 1) + last
        marks = "".join(SHADES[flag] for flag in self.flags)
        return [
            f"layer {ruler}",
            f"input {marks} output   looks right: {self}",
            f"      {SHADES[True]} a word sees those to its right too   {SHADES[False]} only those to its left",
        ]

    def __str__(self) -> str:
        if not self.open or len(self.open) == self.layers:
            return "all" if self.open else "none"
        return ", ".join(_write_runs(self.open)) + f" of {self.layers} layers"


def is_learned(notation: str | Iterable[int] | None) -> bool:
    """`learned`, or `learned:4`: the plan is found by the training itself."""
    return isinstance(notation, str) and notation.strip().partition(":")[0] == LEARNED


def refuse_learned(notation: str | Iterable[int] | None) -> None:
    """Where nothing is trained."""
    if is_learned(notation):
        raise RecipeError(f"sight {notation!r} is found by training a labeler, and nothing is trained here. {FORMS}")


def read_form(notation: str | Iterable[int]) -> str | tuple[int, ...]:
    """A plan as it is written, a list as numbers; refused if it is wrong whatever the model."""
    if not isinstance(notation, str):
        return _check_numbers(notation)
    text = notation.strip()
    if is_learned(text):
        if not re.fullmatch(r"learned(:0*[1-9]\d*)?", text):
            raise RecipeError(f"sight {text!r} can't be read. Write learned, or learned:4 for four groups of layers.")
        return text
    if re.fullmatch(r"(top|bottom):0+", text):
        raise RecipeError(f"sight {text!r} opens no layer. Write none.")
    if re.fullmatch(r"\[[\d\s,]*\]", text):
        return tuple(int(number) for number in re.findall(r"\d+", text))
    if re.fullmatch(r"none|all|[01]+|(top|bottom):\d+", text):
        return text
    raise RecipeError(f"sight {notation!r} can't be read. {FORMS}")


def count_gates(notation: str, *, layers: int) -> int:
    """How many groups of layers have a gate of their own: `learned` gives every layer one, `learned:4` four groups."""
    _, colon, count = str(read_form(notation)).partition(":")
    if not colon:
        return layers
    if int(count) > layers:
        raise RecipeError(
            f"sight {notation!r} has {count} groups, and the model has {layers} layers only. "
            f"Write learned:{layers} at most, or learned, which is one for every layer."
        )
    return int(count)


def describe_gates(facts: Mapping[str, Any]) -> str:
    """How sure the gates of a learned sight were before they were made hard, in words; nothing where there were none.

    A gate that nothing pulls walks at random: n steps lead it about the root of n from where it began.
    """
    if not facts:
        return ""
    shares, steps = [round(100 * share) for share in facts["towards_open"]], facts["steps"]
    if not steps:
        return "gates: they took no step, so nothing was learned"
    chance = min(50, round(100 / steps**0.5))
    return (
        f"gates, from input to output: {' '.join(map(str, shares))} % of their way led towards open, in {steps:,} "
        f"step{'s' * (steps != 1)}; between {50 - chance} and {50 + chance} chance alone would do"
    )


def _check_numbers(wanted: Iterable[int]) -> tuple[int, ...]:
    listed = tuple(wanted)
    if wrong := [layer for layer in listed if type(layer) is not int]:
        raise RecipeError(f"sight lists {wrong[0]!r}, which is no number of a layer. {FORMS}")
    return listed


def _check_layers(wanted: Iterable[int], layers: int) -> tuple[int, ...]:
    found = sorted(set(wanted))
    if beyond := [layer for layer in found if not 0 <= layer < layers]:
        raise RecipeError(f"sight names layer {beyond[0]}; the model's layers are 0 to {layers - 1}.")
    return tuple(found)


def _open_groups(bits: str, layers: int) -> tuple[int, ...]:
    """Layer i belongs to group i * m // layers: groups differ by one layer at most."""
    if len(bits) > layers:
        raise RecipeError(
            f"sight {bits!r} has {len(bits)} groups, and the model has {layers} layers only. "
            f"Write {layers} bits at most: that is one for every layer."
        )
    return tuple(layer for layer in range(layers) if bits[layer * len(bits) // layers] == "1")


def _write_runs(layers: tuple[int, ...]) -> list[str]:
    runs: list[list[int]] = []
    for layer in layers:
        if runs and layer == runs[-1][-1] + 1:
            runs[-1].append(layer)
        else:
            runs.append([layer])
    return [str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs]
