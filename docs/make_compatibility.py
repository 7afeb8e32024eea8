"""Writes docs/compatibility.md from the tests' own table. `--check` writes nothing and fails where it is stale."""

import sys
from pathlib import Path

DOCS = Path(__file__).parent
PAGE = DOCS / "compatibility.md"
sys.path.insert(0, str(DOCS.parent / "tests"))

from compatibility import render  # noqa: E402  # the tests are no package

if __name__ == "__main__":
    if "--check" not in sys.argv:
        PAGE.write_text(render(), encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != render():
        sys.exit("docs/compatibility.md is stale. Run `python docs/make_compatibility.py`.")
