"""What mkdocs is told of this project: pages outside docs/ (the README, model cards) are pages of the site too.

Links are written for a reader of the repository; here they are turned to where the pages lie in the site.
"""

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
OUTSIDE = {"README.md": "index.md", "CONTRIBUTING.md": "CONTRIBUTING.md", "CHANGELOG.md": "CHANGELOG.md"}
FRONT = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)  # of a model card, for the model hub
TO_DOCS = re.compile(r"\]\((?:docs/|\.\./(?=C))")  # README -> docs/, docs/ -> CONTRIBUTING.md and CHANGELOG.md


def on_files(files: Files, *, config: Any) -> Files:
    """Add the pages from outside docs/."""
    cards = {f"src/tagwright/builtin/{each.name}/README.md": f"models/{each.name}.md" for each in _list_models()}
    for source, page in (OUTSIDE | cards).items():
        content = FRONT.sub("", (ROOT / source).read_text(encoding="utf-8"))
        files.append(File.generated(config, page, content=content))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    return TO_DOCS.sub("](", markdown)


def _list_models() -> list[Path]:
    return sorted(path.parent for path in (ROOT / "src" / "tagwright" / "builtin").glob("*/README.md"))
