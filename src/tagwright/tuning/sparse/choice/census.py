"""Census: where chosen weights lie, by layer and kind, from choice to choice. Knows names and counts alone."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tagwright.tuning.sparse.regions import PRETRAINED

OUTSIDE = "outside"  # embeddings, a last norm
MOST = 16  # choices that are told


class Place(NamedTuple):
    """`layers.3.mlp.up_proj.weight` is of the stack `layers`, layer 3 and the kind `mlp.up_proj`; so is its bias."""

    stack: str
    layer: int
    kind: str


Counts = Mapping[str, int]  # by name of weight


def take_census(sizes: Counts, ever: Counts, *, history: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Plain values; shares of 1. Empty where nothing was chosen.

    sizes: entries of each weight. ever: how many of them were ever chosen. history: of each choice its `step` and its
    `counts`, of which the first, the last and those that stand evenly between are told.

    layers: the columns of `ever`, which says of every kind which share of its entries was chosen; None where a layer
    has no such matrix. by_layer, by_kind: which share of the chosen weights lies there, step by step.
    """
    if not history:
        return {}
    told = [history[at] for at in pick_evenly(len(history))]
    places = {name: find_place(name) for name in sizes}
    layers = _name_layers(places)
    columns = [*dict.fromkeys(layers[name] for name in sorted(sizes, key=lambda name: _order(places[name])))]
    kinds = [*dict.fromkeys(place.kind for place in places.values())]
    all_of, of = _sum_up(sizes, layers, places), _sum_up(ever, layers, places)
    cells = {kind: [(of.get((layer, kind), 0), all_of.get((layer, kind))) for layer in columns] for kind in kinds}
    return {
        "choices": len(history),
        "steps": [each["step"] for each in told],
        "layers": columns,
        "ever": {kind: [size and round(count / size, 4) for count, size in row] for kind, row in cells.items()},
        "by_layer": _follow(told, layers, columns),
        "by_kind": _follow(told, {name: place.kind for name, place in places.items()}, kinds),
    }


def pick_evenly(count: int) -> list[int]:
    """Numbers below `count`: all, or the first, the last and some between."""
    return [*range(count)] if count <= MOST else [at * (count - 1) // (MOST - 1) for at in range(MOST)]


def find_place(name: str) -> Place:
    """Where a weight stands, by its name."""
    parts = name.removeprefix(PRETRAINED).split(".")[:-1]
    at = next((at for at, part in enumerate(parts) if part.isdecimal()), None)
    if at is None:
        return Place("", -1, ".".join(parts))
    return Place(".".join(parts[:at]), int(parts[at]), ".".join(parts[at + 1 :]))


def _name_layers(places: Mapping[str, Place]) -> dict[str, str]:
    """By number; where a model has several stacks, with what tells them apart (`decoder 0`)."""
    several = len({place.stack for place in places.values() if place.layer >= 0}) > 1

    def name(place: Place) -> str:
        if place.layer < 0:
            return OUTSIDE
        return f"{place.stack.partition('.')[0]} {place.layer}" if several else str(place.layer)

    return {weight: name(place) for weight, place in places.items()}


def _order(place: Place) -> tuple[bool, str, int]:
    """Layers as they stand, what is outside of them last."""
    return place.layer < 0, place.stack, place.layer


def _sum_up(counts: Counts, layers: Mapping[str, str], places: Mapping[str, Place]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for name, count in counts.items():
        cell = layers[name], places[name].kind
        found[cell] = found.get(cell, 0) + count
    return found


def _follow(
    told: Sequence[Mapping[str, Any]], groups: Mapping[str, str], names: Sequence[str]
) -> dict[str, list[float]]:
    """Of every group its share of the chosen weights, choice by choice."""
    found: dict[str, list[float]] = {name: [] for name in names}
    for each in told:
        sums = dict.fromkeys(names, 0)
        for name, count in each["counts"].items():
            sums[groups[name]] += count
        for name, total in sums.items():
            found[name].append(round(total / max(each["chosen"], 1), 4))
    return found
