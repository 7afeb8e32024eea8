"""What is drawn of a saved labeler, as lines of text: its sight, the layers it reads, the weights that were chosen."""

from collections.abc import Mapping, Sequence
from typing import Any

from tagwright.backbone.sight.sight import Sight, describe_gates

MOST = 60  # labels drawn
SHADES = " ▁▂▃▄▅▆▇█"
Rows = Mapping[str, Sequence[float | None]]


def draw_sight(about: Mapping[str, Any]) -> list[str]:
    """Which layers look right, and why."""
    facts = about.get("sight")
    if facts is None and about["view"] == "writer":
        return []  # as the model is by nature
    if facts is None:
        return ["sight: not noted when it was saved; `tagwright doctor` finds it by running the model"]
    if "unknown" in facts:
        return [f"sight: {facts['unknown']}"]
    gates = about.get("gates", {})
    whose = "learned" if gates else "chosen for it" if facts["chosen"] else "by the model's nature"
    whose += ", of its prompt alone" if facts.get("scope") == "prompt" else ""
    drawn = [*Sight(facts["layers"], tuple(facts["open"])).draw(), *filter(None, [describe_gates(gates)])]
    return [f"sight, {whose}:", *(f"  {line}" for line in drawn)]


def draw_layers(facts: Mapping[str, Any] | None) -> list[str]:
    """How much each layer counts for the words of each label."""
    if not facts:
        return []
    rows: dict[str, list[float]] = facts["labels"]
    if len({tuple(row) for row in rows.values()}) == 1:  # a mix weighs layers alike for all words
        rows = {"every word": next(iter(rows.values()))}
    left = len(rows) - MOST
    title = "layers read, by label (0 is the embeddings, O are words without a label; the taller, the more it counts):"
    lines = [title, *_draw_bars(dict(list(rows.items())[:MOST]), facts["layers"])]
    return [*lines, f"  ... and {left:,} rarer labels; --json has them all"] if left > 0 else lines


def draw_choices(facts: Mapping[str, Any] | None) -> list[str]:
    """Where the single weights lie that were chosen to move: at the end, and from choice to choice."""
    if not facts:
        return []
    title = "weights that moved, by layer and kind (the taller, the larger their share of a layer's matrix):"
    lines = [title, *_draw_bars(facts["ever"], facts["layers"], digits=1)]
    for name in ("layer", "kind"):
        lines.append(f"chosen weights by {name}, after so many steps (the taller, the more of them lie there):")
        lines += _draw_bars(facts[f"by_{name}"], facts["steps"])
    return lines


def _draw_bars(rows: Rows, columns: Sequence[Any], *, digits: int = 0) -> list[str]:
    """A line for every row, a bar for every share, and where the largest one is."""
    names = [str(column) for column in columns]
    wide, most = max(map(len, rows)), max((share or 0 for row in rows.values() for share in row), default=0) or 1
    each = max(3, *map(len, names))
    lines = ["  " + " " * wide + "".join(f" {name:>{each}}" for name in names)]
    for label, row in rows.items():
        bars = "".join(" " + (each * SHADES[round((share or 0) / most * (len(SHADES) - 1))]) for share in row)
        top = max(range(len(row)), key=lambda at: row[at] or 0)
        lines.append(f"  {label:<{wide}}{bars}  most: {names[top]} ({row[top] or 0:.{digits}%})")
    return lines
