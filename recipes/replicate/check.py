"""Holds finished runs of the recipes beside this file to the published scores.

    python recipes/replicate/check.py RUN [RUN ...]

Runs of one model and one sight are averaged, whatever their seeds. Exit status 1 where a mean is out of bounds.
"""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

EXPECTED = Path(__file__).with_name("expected.json")
TOLERANCE = 1.0  # of F1 in per cent: twice the largest published standard deviation on this corpus
Key = tuple[str, tuple[int, ...], int]


def find_key(about: dict[str, Any]) -> Key:
    """What tells settings apart: the model, the layers that look right, and how often a text is given again."""
    return about["backbone"]["model"], tuple(about["sight"]["open"]), about["backbone"]["repeat"]


def compare(abouts: Sequence[dict[str, Any]]) -> Iterator[tuple[str, bool]]:
    """A line for each setting, and whether it holds."""
    rows = json.loads(EXPECTED.read_text())
    published = {(row["model"], tuple(row["open"]), row["repeat"]): row["f1"] for row in rows}
    scores = defaultdict(list)
    for about in abouts:
        scores[find_key(about)].append(about["scores"]["test F1"])
    for key, found in scores.items():
        name = f"{key[0]}, {len(key[1])} layers open, repeat {key[2]}"
        if key not in published:
            yield f"{name}: nothing was published", False
            continue
        gap = mean(found) - published[key]
        line = f"{name}: {mean(found):.2f} in {len(found)} runs, published {published[key]:.1f}, {gap:+.2f}"
        yield line, abs(gap) <= TOLERANCE


def main(folders: Sequence[str]) -> int:
    """Print the comparison."""
    lines = list(compare([json.loads((Path(folder) / "tagwright.json").read_text()) for folder in folders]))
    for line, holds in lines:
        print(f"{'ok ' if holds else 'OFF'}  {line}")
    return int(not lines or not all(holds for _, holds in lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
