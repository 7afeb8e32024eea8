"""How long `import tagwright` and `tagwright --help` take, as medians of fresh processes taking turns.

    .venv/bin/python benchmarks/imports.py [--json FILE]

Times are whole processes, interpreter start included. The exit status is 1 where a limit is passed.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 10
SCRIPT = str(Path(sys.executable).with_name("tagwright"))
CASES: dict[str, tuple[list[str], float | None]] = {
    "python -c pass": ([sys.executable, "-c", "pass"], None),
    "import tagwright": ([sys.executable, "-c", "import tagwright"], 0.2),
    "tagwright --help": ([SCRIPT, "--help"], 0.5),
}


def time_process(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def measure() -> dict[str, list[float]]:
    """Seconds of each case. One round warms the disk cache and is left out; cases take turns."""
    rounds = [[time_process(command) for command, _ in CASES.values()] for _ in range(RUNS + 1)]
    return dict(zip(CASES, map(list, zip(*rounds[1:], strict=True)), strict=True))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write every measured time here")
    arguments = parser.parse_args()
    seconds, late = measure(), 0
    print(f"{'median of ' + str(RUNS):20}{'seconds':>10}{'fastest':>10}{'slowest':>10}{'limit':>8}")
    for name, (_, limit) in CASES.items():
        times = seconds[name]
        median = statistics.median(times)
        passed = limit is None or median < limit
        late += not passed
        shown = "" if limit is None else f"{limit:8.1f}" + ("" if passed else "  TOO SLOW")
        print(f"{name:20}{median:10.3f}{min(times):10.3f}{max(times):10.3f}{shown}")
    if arguments.json:
        arguments.json.write_text(json.dumps(seconds, indent=1) + "\n")
    return 1 if late else 0


if __name__ == "__main__":
    sys.exit(main())
