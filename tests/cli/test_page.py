"""docs/cli.md is what the program says of itself."""

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_current() -> None:
    render = runpy.run_path(str(DOCS / "make_cli.py"))["render"]
    assert (DOCS / "cli.md").read_text("utf-8") == render(), "stale: run `python docs/make_cli.py`"


def test_every_verb_and_option_is_explained() -> None:
    page = (DOCS / "cli.md").read_text("utf-8")
    for verb in ("init", "inspect", "convert", "train", "evaluate", "compare", "predict"):
        assert f"## tagwright {verb}\n" in page
    bare = [line for line in page.splitlines() if line.startswith("  --") and len(line.split("  ")) < 3]
    assert not [line for line in bare if not line.rstrip().endswith((">", "..."))], bare
