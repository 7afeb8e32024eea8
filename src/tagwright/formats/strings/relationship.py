"""Relationships: `relationship between [ head ] and [ tail ] = label`. Know no source, no span and no label."""

from collections.abc import Sequence
from typing import NamedTuple

from tagwright.formats.strings.frames import Piece, read_frames, write_frame
from tagwright.formats.strings.syntax import CLOSE, IS, OPEN, split_items

NONE = ("no", "relation")


class Relationship(NamedTuple):
    """What was read: the names of head and tail (words, then perhaps a number), and the words of the label."""

    head: tuple[Piece, ...]
    tail: tuple[Piece, ...]
    label: Piece


def write_ends(head: str, tail: str) -> str:
    """`relationship between [ head ] and [ tail ]`, of names that are written already."""
    return f"relationship between {write_frame([head])} and {write_frame([tail])}"


def write_relationship(head: str, tail: str, *, label: str) -> str:
    return f"{write_ends(head, tail)} {IS} {label}"


def read_relationship(output: str) -> Relationship | None:
    """The last `=` outside of brackets parts ends from label; None where that or one of the two ends is missing."""
    items, depth, equals = list(split_items(output)), 0, -1
    for at, item in enumerate(items):
        if item.is_mark:
            depth += (item.text == OPEN) - (item.text == CLOSE)
            equals = at if item.text == IS and depth <= 0 else equals
    label = [item for item in items[equals + 1 :] if not item.is_mark]
    if equals < 0 or not label:
        return None
    frames = read_frames(output[: items[equals].chars[0]], _find_none).frames
    if len(frames) != 2:
        return None
    piece = Piece(tuple(item.text for item in label), (label[0].chars[0], label[-1].chars[1]))
    return Relationship(frames[0].parts[0], frames[1].parts[0], piece)


def _find_none(words: Sequence[str]) -> int:
    return 0
