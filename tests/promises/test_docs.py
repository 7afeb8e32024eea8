"""Every Python and console block of the README and docs/ runs, in the order of its page, in one empty folder.

A block that can't run here has `<!-- not run: reason -->` on the line above it and shows up as a skipped test.
Trainings end after a few steps: what a page says of scores is measured elsewhere.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from transformers.trainer_utils import IntervalStrategy
from typer.testing import CliRunner

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

STEPS = 8

MARK = re.compile(r"^\s*<!-- not run: *(?P<reason>.*?) *-->\s*$")
FENCE = re.compile(r"^(?P<indent>\s*)```(?P<language>\w*)")


@dataclass(frozen=True)
class Block:
    """A fenced block; `line` is where its code begins, `reason` why it isn't run."""

    page: str
    line: int
    language: str
    code: str
    reason: str | None = None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def find_blocks(page: str, text: str) -> Iterator[Block]:
    """All fenced blocks of a page. A mark that stands above no block, or gives no reason, is an error."""
    lines, at = text.splitlines(), 0
    reason: str | None = None
    while at < len(lines):
        mark, fence = MARK.match(lines[at]), FENCE.match(lines[at])
        if reason is not None and not fence:
            raise ValueError(f"{page}:{at}: a 'not run' mark must stand right above a block")
        if mark and not mark["reason"]:
            raise ValueError(f"{page}:{at + 1}: a 'not run' mark needs its reason")
        if fence:
            start, indent = at + 1, len(fence["indent"])
            at = next((n for n in range(start, len(lines)) if lines[n].strip() == "```"), len(lines))
            code = "\n".join(line[indent:] for line in lines[start:at])
            yield Block(page, start + 1, fence["language"], code, reason)
        reason = mark["reason"] if mark else None
        at += 1


def find_commands(block: Block) -> Iterator[list[str]]:
    """The arguments of each `$ tagwright ...` in a console block; a line ending in a backslash goes on."""
    joined = block.code.replace("\\\n", " ")
    for command in re.findall(r"^\$ tagwright\b(.*)$", joined, re.MULTILINE):
        words = shlex.split(command, comments=True)
        if {"|", "<", ">", ">>", "&&", ";"} & set(words):
            raise ValueError(f"{block}: this needs a shell, so mark the block as not run: {command.strip()}")
        yield words


def run_block(block: Block, namespace: dict[str, object]) -> None:
    """Run one block in the current folder; a trace points into the page."""
    if block.language == "python":
        exec(compile("\n" * (block.line - 1) + block.code, block.page, "exec"), namespace)
    if block.language == "console":
        for arguments in find_commands(block):
            run_command(block, arguments)


def run_command(block: Block, arguments: list[str]) -> None:
    from tagwright.cli.main import app

    result = CliRunner().invoke(app, arguments)
    if result.exit_code != 0:
        shown = shlex.join(["tagwright", *arguments])
        raise AssertionError(
            f"{block}: `{shown}` ended with {result.exit_code}:\n{result.output}"
        ) from result.exception


BLOCKS = [block for page in PAGES for block in find_blocks(str(page.relative_to(ROOT)), page.read_text("utf-8"))]
NOT_RUN = [block for block in BLOCKS if block.reason is not None]


@pytest.fixture
def end_early(monkeypatch: pytest.MonkeyPatch) -> None:
    from tagwright.recipe.running import fitting
    from tagwright.training.arguments import make_arguments

    def make_few(*given: Any, **named: Any) -> Any:
        arguments = make_arguments(*given, **named)
        arguments.max_steps = STEPS
        if arguments.eval_strategy != IntervalStrategy.NO:  # dev is scored once, at the end
            arguments.eval_strategy = arguments.save_strategy = IntervalStrategy.STEPS
            arguments.eval_steps = arguments.save_steps = STEPS
        return arguments

    monkeypatch.setattr(fitting, "make_arguments", make_few)


@pytest.mark.usefixtures("end_early")
@pytest.mark.parametrize("page", sorted({block.page for block in BLOCKS if block.language in ("python", "console")}))
def test_the_blocks_of_a_page_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in BLOCKS:
        if block.page == page and block.reason is None:
            run_block(block, namespace)


@pytest.mark.parametrize("block", NOT_RUN, ids=str)
def test_a_block_is_not_run(block: Block) -> None:
    pytest.skip(f"{block}: {block.reason}")


# --- the reader of pages is itself held to account --------------------------------------------------------------------

PAGE = """
Text.
```python
x = 1
```
1. A list:
   ```console
   $ tagwright train \\
       --out 'a b'   # why
   F1 1.0
   $ pip install tagwright
   ```
<!-- not run: needs a GPU -->
```python
x = missing
```
"""


def test_blocks_are_found_with_their_lines_and_reasons() -> None:
    blocks = list(find_blocks("page.md", PAGE))
    assert [(b.line, b.language, b.reason) for b in blocks] == [
        (4, "python", None),
        (8, "console", None),
        (15, "python", "needs a GPU"),
    ]
    assert list(find_commands(blocks[1])) == [["train", "--out", "a b"]]


def test_a_failing_block_fails_at_its_line_of_the_page() -> None:
    block = list(find_blocks("page.md", PAGE))[2]
    with pytest.raises(NameError) as caught:
        run_block(block, {})
    assert (caught.traceback[-1].path, caught.traceback[-1].lineno + 1) == ("page.md", 15)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("<!-- not run: why -->\ntext\n", "right above"),
        ("<!-- not run: -->\n```python\n```\n", "reason"),
    ],
)
def test_a_loose_mark_is_an_error(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        list(find_blocks("page.md", text))


def test_a_command_for_a_shell_is_an_error() -> None:
    with pytest.raises(ValueError, match="needs a shell"):
        list(find_commands(Block("page.md", 1, "console", "$ tagwright predict model < in.txt")))
