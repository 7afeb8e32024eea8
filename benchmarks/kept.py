"""Finished cells of studies, kept with the project, so that a study goes on where another machine left it.

    python benchmarks/kept.py keep sight/screen   runs/bench/sight/screen/cells -> results/sight-screen.jsonl.xz
    python benchmarks/kept.py take sight/screen   and back, but for cells that are there already

A study itself decides which of them still hold: a cell whose settings (weights among them) have changed is done again.
"""

import argparse
import json
import lzma
import sys
from pathlib import Path

from study import write_json

ROOT = Path(__file__).parents[1]
RUNS, RESULTS = ROOT / "runs" / "bench", ROOT / "benchmarks" / "results"
CHECKOUT, HERE = "<checkout>", "<here>"  # stand for the folder of this project, and for the one that holds it


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("keep", "take"))
    parser.add_argument("study", help="its folder within runs/bench")
    options = parser.parse_args()
    cells, file = RUNS / options.study / "cells", RESULTS / f"{options.study.replace('/', '-')}.jsonl.xz"
    count = keep(cells, file) if options.what == "keep" else take(cells, file)
    print(f"{count} cells into {file if options.what == 'keep' else cells}.")
    return 0


def keep(cells: Path, file: Path, *, home: Path = ROOT) -> int:
    """A line for each cell, in the order of their names; gives their number."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(cells.glob("*.json"))]
    if not found:
        raise FileNotFoundError(f"There are no cells in {cells}. Run the study first.")
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = (hide_places(json.dumps(record, ensure_ascii=False), home=home) for record in found)
    file.write_bytes(lzma.compress("".join(f"{line}\n" for line in lines).encode(), preset=9))
    return len(found)


def hide_places(text: str, *, home: Path = ROOT) -> str:
    """A text that names no place of the machine that it was made on."""
    return text.replace(str(home), CHECKOUT).replace(str(home.parent), HERE)


def take(cells: Path, file: Path, *, home: Path = ROOT) -> int:
    """The cells of a file that have none yet; gives their number."""
    cells.mkdir(parents=True, exist_ok=True)
    missing = 0
    for line in lzma.decompress(file.read_bytes()).decode().splitlines():
        record = json.loads(line.replace(CHECKOUT, str(home)).replace(HERE, str(home.parent)))
        path = cells / f"{record['cell']}.json"
        if not path.exists():
            write_json(path, record)
            missing += 1
    return missing


if __name__ == "__main__":
    sys.exit(main())
