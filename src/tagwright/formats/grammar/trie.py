"""Trie: texts as rows of token ids, with what each text stands for. Knows no rule and no tokenizer."""

from collections.abc import Iterable, Sequence
from typing import Any

Ids = tuple[int, ...]


class Node:
    """Where some tokens have led: which may come next, and what ends here."""

    __slots__ = ("children", "ends")

    def __init__(self) -> None:
        self.children: dict[int, Node] = {}
        self.ends: list[Any] = []


def build_trie(entries: Iterable[tuple[Sequence[int], Any]]) -> Node:
    """The root over all entries; several may have the same ids."""
    root = Node()
    for ids, value in entries:
        node = root
        for token in ids:
            node = node.children.setdefault(token, Node())
        node.ends.append(value)
    return root
