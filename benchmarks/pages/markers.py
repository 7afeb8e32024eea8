"""Generated parts of a page that people write: what stands between `<!-- table: NAME -->` and `<!-- end -->`."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kept import hide_places

ABSENT = "*Not yet run.*"


def fill(page: str, parts: Mapping[str, str]) -> str:
    """The page with its parts; an empty part says that it is not yet run. A page without the place is refused."""
    for name, part in parts.items():
        place = re.compile(rf"(<!-- table: {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
        if len(place.findall(page)) != 1:
            raise ValueError(f"The page must have one place `<!-- table: {name} -->` that ends in `<!-- end -->`.")
        filled = f"\n{part.strip() or ABSENT}\n\n"
        page = place.sub(lambda found, filled=filled: found[1] + filled + found[2], page)
    return page


def make_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; empty without rows."""
    if not rows:
        return ""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_facts(path: Path, facts: Mapping[str, Any]) -> None:
    """All numbers of a page as JSON beside it, which names no place of the machine that it was made on."""
    path.write_text(hide_places(json.dumps(facts, indent=1)) + "\n", encoding="utf-8")
