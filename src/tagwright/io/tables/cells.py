"""Cells that hold lists: JSON, Python literals as data frames write them, or printed arrays. Knows no columns."""

import ast
import json
import re
from contextlib import suppress
from typing import Any

from tagwright.errors import DataError
from tagwright.io.jsonl import parse
from tagwright.text.ledger import Ledger

QUOTED = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
ARRAY = re.compile(rf"\[\s*{QUOTED}(?:\s+{QUOTED})+\s*\]", re.DOTALL)  # ['a' 'b'], an array as it is printed
ACCEPTED = (
    'a JSON list of {"start", "end", "label"} or of [start, end, label], counting characters;'
    " or as many tags as the text has words between blanks; or a table with a row per word."
    " If the labels are in another column, name it (tag_column); a column that holds none needs another name"
)


def is_list(cell: str) -> bool:
    """The cell looks like a list."""
    cell = cell.strip()
    return cell.startswith("[") and cell.endswith("]")


def read_list(cell: str, name: str, *, ledger: Ledger, where: str) -> Any:
    """The value of a cell with a list or an object."""
    with suppress(DataError):
        return parse(cell, ledger, where=where)
    try:
        array = ARRAY.fullmatch(cell.strip())  # Python would join its strings to one without a word
        found = re.findall(QUOTED, cell, re.DOTALL) if array else None
        value = [ast.literal_eval(item) for item in found] if found else ast.literal_eval(cell.strip())
        literal = json.dumps(value)  # tuples become lists
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise DataError(f"The {name} are neither JSON nor a list: {cell[:40]!a}.") from error
    return parse(literal, ledger, where=where)


def find_strings(cell: str) -> list[Any] | None:
    """The strings (or the integers, for tags) that a cell lists; None where it holds something else, or nothing."""
    if not is_list(cell):
        return None
    with suppress(DataError):
        value = read_list(cell, "cells", ledger=Ledger(), where="")
        if isinstance(value, list) and value and all(isinstance(item, str | int) for item in value):
            return value
    return None


def find_tags(cell: str) -> list[Any] | None:
    """The tags of a cell: listed, or between blanks."""
    return find_strings(cell) if cell.lstrip().startswith(("[", "{")) else cell.split() or None
