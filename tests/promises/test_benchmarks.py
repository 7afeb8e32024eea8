"""Every benchmark can at least be started: it imports what it needs and says how it is used."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(path for path in (ROOT / "benchmarks").glob("*.py") if "__main__" in path.read_text(encoding="utf-8"))


def test_the_benchmarks_are_there() -> None:
    found = {path.name for path in SCRIPTS}
    assert {"fusion.py", "fuzz.py", "parity.py", "predict.py", "torture.py", "train.py", "tuning.py"} <= found


@pytest.mark.slow
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_it_says_how_it_is_used(path: Path) -> None:
    done = subprocess.run([sys.executable, path, "--help"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "usage:" in done.stdout, done.stderr
