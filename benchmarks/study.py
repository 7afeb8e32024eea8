"""Studies: many independent cells, each a name and plain settings, run by single-threaded processes.

Every finished cell is a file of its own, so a study that was killed goes on where it stopped; a cell whose settings
have changed is done again. Knows nothing of what a cell does.
"""

import argparse
import json
import os
import platform
import re
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib.metadata import version
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import Any

from tagwright.errors import TagwrightError

NAME = re.compile(r"[\w.+-]+")
Settings = Mapping[str, Any]
Record = dict[str, Any]  # cell, settings, seconds, result


@dataclass(frozen=True)
class Cell:
    """`settings` holds all that the result depends on, as JSON can hold it. `seconds` is what it is thought to take."""

    name: str
    settings: Settings
    seconds: float


@dataclass(frozen=True)
class Study:
    """`run_cell` stands in a module, so that other processes find it. `report` prints what the records of all finished
    cells say, and gives what is to be kept of it."""

    cells: Sequence[Cell]
    run_cell: Callable[[Settings], dict[str, Any]]
    report: Callable[[dict[str, Record]], Any]


def start(main: Callable[[], int]) -> None:
    """Run a script; an error that its reader can act on ends it without a traceback."""
    try:
        sys.exit(main())
    except TagwrightError as error:
        sys.exit(str(error))


def make_parser(description: str | None, *, out: Path, seeds: int) -> argparse.ArgumentParser:
    """The options that every study has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=out, help="folder of the results; default: %(default)s")
    parser.add_argument("--seeds", type=int, default=seeds, help="default: %(default)s")
    parser.add_argument("--limit-documents", type=int, help="at most so many documents of each part, for a trial")
    parser.add_argument("--processes", type=int, default=2, help="of one thread each; default: %(default)s")
    parser.add_argument("--only", default="", metavar="PATTERN", help="run only cells with this in their names (*, ?)")
    return parser


def run_study(study: Study, options: argparse.Namespace) -> int:
    """Run what is missing, then report; 1 if a cell failed."""
    check_cells(study.cells)
    folder = options.out / "cells"
    folder.mkdir(parents=True, exist_ok=True)
    chosen = [cell for cell in study.cells if fnmatch(cell.name, f"*{options.only}*")]
    found = read_records(study.cells, folder)
    left = {cell.name: cell for cell in chosen if cell.name not in found}
    basis = "by those done" if found else "an estimate"
    print(f"{len(chosen)} cells, {len(chosen) - len(left)} of them done.", flush=True)
    print(f"The rest on {options.processes} processes: {tell_left(study, found, left, options)}, {basis}.", flush=True)
    failed = []
    for cell, error in run_cells(study, list(left.values()), folder=folder, processes=options.processes):
        del left[cell.name]
        if error:
            failed.append(cell.name)
            print(f"{cell.name} failed:\n{error}", file=sys.stderr, flush=True)
            continue
        found |= read_records([cell], folder)
        mean = sum(record["seconds"] for record in found.values()) / len(found)
        told = f"{found[cell.name]['seconds']:.0f} s; mean {mean:.0f} s, {tell_left(study, found, left, options)} left"
        print(f"[{len(chosen) - len(left)}/{len(chosen)}] {cell.name}: {told}", flush=True)
    if found:
        done = {cell.name: found[cell.name] for cell in study.cells if cell.name in found}
        write_json(options.out / "report.json", study.report(done))
        print(f"Written to {options.out / 'report.json'}; {len(found)} of {len(study.cells)} cells are in it.")
    if failed:
        print(f"{len(failed)} cells failed: {', '.join(failed)}. The same command tries them again.", file=sys.stderr)
    return 1 if failed else 0


def tell_left(study: Study, found: Mapping[str, Record], left: Mapping[str, Cell], options: argparse.Namespace) -> str:
    """The time that cells will take: as thought, times what those that are done took of what was thought."""
    thought = sum(cell.seconds for cell in study.cells if cell.name in found)
    pace = sum(record["seconds"] for record in found.values()) / thought if thought else 1.0
    return f"{pace * sum(cell.seconds for cell in left.values()) / options.processes / 3600:.2f} hours"


def check_cells(cells: Sequence[Cell]) -> None:
    names = [cell.name for cell in cells]
    if wrong := [name for name in names if not NAME.fullmatch(name) or names.count(name) > 1]:
        raise ValueError(f"Names of cells are names of files, each its own: {wrong[0]!r} can't be one.")


def run_cells(study: Study, cells: Sequence[Cell], *, folder: Path, processes: int) -> Iterator[tuple[Cell, str]]:
    """Each cell with its error, empty if there is none. A process that dies takes only its own cell along."""
    os.environ["OMP_NUM_THREADS"] = os.environ["RAYON_NUM_THREADS"] = "1"  # the processes inherit them
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    waiting = deque(cells)
    running: dict[Future[str], tuple[Cell, ProcessPoolExecutor]] = {}

    def start_next(pool: ProcessPoolExecutor) -> None:
        if not waiting:
            pool.shutdown()
            return
        cell = waiting.popleft()
        running[pool.submit(do_cell, study.run_cell, cell, folder)] = cell, pool

    for _ in range(min(processes, len(cells))):
        start_next(open_pool(folder))
    while running:
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            cell, pool = running.pop(future)
            try:
                error = future.result()
            except BrokenProcessPool as broken:
                pool.shutdown()
                error, pool = f"Its process died: {broken}", open_pool(folder)
            start_next(pool)
            yield cell, error


def open_pool(folder: Path) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=start_process, initargs=(folder,))


def start_process(folder: Path) -> None:
    """What cells print would run into what the others print: each process has a log. None outlives its study."""
    Thread(target=leave_with_parent, daemon=True).start()
    log = os.open(folder.parent / f"process-{os.getpid()}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


def leave_with_parent() -> None:
    if parent := parent_process():
        parent.join()
        os._exit(1)


def do_cell(run_cell: Callable[[Settings], dict[str, Any]], cell: Cell, folder: Path) -> str:
    """Run one cell and write its file; gives the error, as text, since not every exception can be sent."""
    began = time.perf_counter()
    try:
        result = run_cell(cell.settings)
        seconds = time.perf_counter() - began
        record = {"cell": cell.name, "settings": cell.settings, "seconds": seconds, "result": result}
        write_json(folder / f"{cell.name}.json", record)
    except Exception:
        return traceback.format_exc()
    return ""


def write_json(path: Path, content: Any) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    draft.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)


def write_found(
    path: Path, options: argparse.Namespace, *, about: Mapping[str, Any] | None = None, **found: Any
) -> None:
    """What a script measured, with its options and versions beside it."""
    facts = {name: str(value) for name, value in vars(options).items()} | {"torch": version("torch")}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {"facts": facts | {"python": platform.python_version()} | dict(about or {}), **found})
    print(f"Written to {path}.")


def read_records(cells: Sequence[Cell], folder: Path) -> dict[str, Record]:
    """What cells gave that were run with these very settings, in the order of the cells."""
    paths = {cell.name: folder / f"{cell.name}.json" for cell in cells}
    found = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in paths.items() if path.is_file()}
    wanted = {cell.name: json.loads(json.dumps(cell.settings)) for cell in cells}
    return {name: record for name, record in found.items() if record["settings"] == wanted[name]}
