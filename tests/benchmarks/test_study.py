"""Studies of toy cells in real processes: what is done stays done, what fails or dies takes nothing else along."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
TOY = """
import os, signal, sys, time
from pathlib import Path
from study import Cell, Study, make_parser, run_study

def run_cell(settings):
    print("a cell speaks")
    with Path(settings["notes"]).open("a") as notes:
        notes.write(settings["name"] + "\\n")
    if settings["does"] == "raise":
        raise ValueError("no such number")
    if settings["does"] == "die":
        os._exit(3)
    if settings["does"] == "orphan":
        Path(settings["notes"]).with_suffix(".worker").write_text(str(os.getpid()))
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)
    return {"value": settings["value"], "threads": os.environ["OMP_NUM_THREADS"]}

def report(records):
    print("report of", *records)
    return {name: record["result"]["value"] for name, record in records.items()}

if __name__ == "__main__":
    parser = make_parser("toy", out=Path("nowhere"), seeds=2)
    parser.add_argument("--does", default="a=work,b=work")
    parser.add_argument("--value", type=int, default=1)
    options = parser.parse_args()
    cells = []
    for name, does in (pair.split("=") for pair in options.does.split(",")):
        shared = {"name": name, "does": does, "value": options.value}
        cells.append(Cell(name, shared | {"notes": str(options.out.with_suffix(".notes"))}, 3600.0))
    sys.exit(run_study(Study(cells, run_cell, report), options))
"""


class Toy:
    """A script with a study, its folder, and the notes of which cells were run."""

    def __init__(self, folder: Path) -> None:
        self.script, self.out = folder / "toy.py", folder / "out"
        self.script.write_text(TOY, encoding="utf-8")

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(self.script), "--out", str(self.out), *options]
        return subprocess.run(
            command, env={"PYTHONPATH": str(BENCHMARKS)}, capture_output=True, text=True, timeout=60, check=False
        )

    def take_notes(self) -> list[str]:
        notes = self.out.with_suffix(".notes")
        ran = sorted(notes.read_text().split())
        notes.write_text("")
        return ran

    def read(self, name: str) -> Any:
        return json.loads((self.out / name).read_text(encoding="utf-8"))


@pytest.fixture
def toy(tmp_path: Path) -> Toy:
    return Toy(tmp_path)


def test_study_runs_every_cell_and_reports(toy: Toy) -> None:
    ended = toy.run()
    assert ended.returncode == 0 and not ended.stderr, ended.stderr
    assert "2 cells, 0 of them done.\nThe rest on 2 processes: 1.00 hours, an estimate." in ended.stdout
    assert "[2/2]" in ended.stdout and "0.00 hours left" in ended.stdout
    assert "report of a b" in ended.stdout and "a cell speaks" not in ended.stdout
    assert toy.read("report.json") == {"a": 1, "b": 1}
    record = toy.read("cells/a.json")
    assert record["result"]["threads"] == "1" and record["settings"]["value"] == 1 and record["seconds"] >= 0
    assert not list(toy.out.rglob("*.draft"))


def test_only_what_is_missing_or_changed_is_run(toy: Toy) -> None:
    toy.run("--does", "a=work")
    assert toy.take_notes() == ["a"]
    ended = toy.run("--does", "a=work,b=work")
    assert toy.take_notes() == ["b"]
    assert "2 cells, 1 of them done" in ended.stdout and "by those done" in ended.stdout
    toy.run("--value", "2")
    assert toy.take_notes() == ["a", "b"]
    assert toy.read("report.json") == {"a": 2, "b": 2}


def test_records_of_other_settings_are_not_reported(toy: Toy) -> None:
    toy.run()
    ended = toy.run("--value", "2", "--only", "b")
    assert toy.read("report.json") == {"b": 2}
    assert "1 of 2 cells are in it" in ended.stdout


def test_a_failed_cell_stops_no_other_and_is_tried_again(toy: Toy) -> None:
    ended = toy.run("--does", "a=raise,b=work,c=work", "--processes", "1")
    assert ended.returncode == 1
    assert "a failed:" in ended.stderr and "ValueError: no such number" in ended.stderr
    assert toy.read("report.json") == {"b": 1, "c": 1}
    assert toy.take_notes() == ["a", "b", "c"]
    toy.run("--does", "a=raise,b=work,c=work", "--processes", "1")
    assert toy.take_notes() == ["a"]


def test_a_process_that_dies_takes_only_its_cell_along(toy: Toy) -> None:
    ended = toy.run("--does", "a=die,b=work,c=work", "--processes", "1")
    assert ended.returncode == 1
    assert "a failed:" in ended.stderr and "process died" in ended.stderr
    assert toy.read("report.json") == {"b": 1, "c": 1}


def test_no_process_outlives_its_study(toy: Toy) -> None:
    toy.run("--does", "a=orphan", "--processes", "1")
    worker = int(toy.out.with_suffix(".worker").read_text())
    ends = time.monotonic() + 20
    while is_running(worker) and time.monotonic() < ends:
        time.sleep(0.1)
    assert not is_running(worker)


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not (state.is_file() and state.read_text().rpartition(")")[2].split()[0] == "Z")


def test_names_of_cells_are_names_of_files_and_each_its_own(toy: Toy) -> None:
    for does in ("a/b=work", "a=work,a=work"):
        ended = toy.run("--does", does)
        assert ended.returncode == 1 and "each its own" in ended.stderr
