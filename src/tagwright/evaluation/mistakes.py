"""What went wrong, span by span: a confusion table and documents to look at. Knows no scores.

Mistakes are `label` (bounds right, label wrong), `boundary` (label right, bounds overlap), `missed` and `spurious`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tagwright.evaluation.spans import Key, Pool
from tagwright.text.document import Document
from tagwright.text.span import Span

LONGEST = 5000  # characters of text that a case carries: a page shows cases, it doesn't hold books

Pair = tuple[Key | None, Key | None]


def pair_spans(gold: Sequence[Key], predicted: Sequence[Key]) -> list[Pair]:
    """Each gold span with the predicted one that stands for it, or None; each predicted span left over with None.

    First the same bounds and label, then the same bounds, then overlaps of one label, nearest bounds first come.
    """
    same = set(gold) & set(predicted)
    pairs: list[Pair] = [(key, key) for key in gold if key in same]
    pool, rest = Pool([key for key in gold if key not in same]), [key for key in predicted if key not in same]
    for wanted in (_share_bounds, _share_label):
        left = []
        for span in rest:
            near = [place for place in pool.find(span) if wanted(pool.keys[place], span)]
            if near:
                best = pool.find_nearest(span, near)
                pool.free[best] = False
                pairs.append((pool.keys[best], span))
            else:
                left.append(span)
        rest = left
    pairs += [(key, None) for key, free in zip(pool.keys, pool.free, strict=True) if free]
    return pairs + [(None, key) for key in rest]


def _share_bounds(a: Key, b: Key) -> bool:
    return a[:2] == b[:2]


def _share_label(a: Key, b: Key) -> bool:
    return a[2] == b[2]


def name_mistake(pair: Pair) -> str:
    """`right`, or the kind of mistake."""
    gold, predicted = pair
    if gold is None:
        return "spurious"
    if predicted is None:
        return "missed"
    if gold == predicted:
        return "right"
    return "label" if _share_bounds(gold, predicted) else "boundary"


@dataclass(frozen=True)
class Confusion:
    """`cells[gold][predicted]` counts spans with the same bounds; "" stands for no span (missed, spurious).

    `boundary[label]` counts the pairs that share a label and overlap but differ in bounds; they are in no cell.
    """

    cells: dict[str, dict[str, int]] = field(default_factory=dict)
    boundary: dict[str, int] = field(default_factory=dict)

    def add(self, pairs: Iterable[Pair]) -> None:
        for gold, predicted in pairs:
            wanted, said = gold[2] if gold else "", predicted[2] if predicted else ""
            if name_mistake((gold, predicted)) == "boundary":
                self.boundary[wanted] = self.boundary.get(wanted, 0) + 1
            else:
                row = self.cells.setdefault(wanted, {})
                row[said] = row.get(said, 0) + 1

    def add_right(self, keys: Iterable[Key]) -> None:
        for _, _, label in keys:
            row = self.cells.setdefault(label, {})
            row[label] = row.get(label, 0) + 1

    def to_dict(self) -> dict[str, Any]:
        cells = {gold: dict(sorted(row.items())) for gold, row in sorted(self.cells.items())}
        return {"cells": cells, "boundary": dict(sorted(self.boundary.items()))}


@dataclass(frozen=True, slots=True)
class Mark:
    """Characters `[start, end)` of a case's text: `gold` and `predicted` are the labels they have there, or ""."""

    kind: str
    start: int
    end: int
    gold: str = ""
    predicted: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A document with a mistake in it: its text (its first characters, if very long) and its marks.

    `left_out` counts the marks beyond the end of a text that was cut.
    """

    id: str
    text: str
    marks: tuple[Mark, ...]
    left_out: int = 0


def draw_case(document: Document, pairs: Iterable[Pair]) -> Case:
    """The case of one document; a boundary mistake gives two marks, one for each side."""
    marks = []
    for gold, predicted in pairs:
        kind = name_mistake((gold, predicted))
        sides = [(gold, None), (None, predicted)] if kind == "boundary" else [(gold, predicted)]
        marks += [_mark(document, kind, sides=side) for side in sides]
    shown = sorted((mark for mark in marks if mark.end <= LONGEST), key=lambda mark: (mark.start, -mark.end, mark.gold))
    return Case(document.id, document.text[:LONGEST], tuple(shown), len(marks) - len(shown))


def _mark(document: Document, kind: str, *, sides: Pair) -> Mark:
    gold, predicted = sides
    start, end, _ = gold or predicted or (0, 0, "")
    first, last = document.find_chars(Span(start, end))
    return Mark(kind, first, last, gold[2] if gold else "", predicted[2] if predicted else "")
