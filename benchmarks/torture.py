"""Kill training at random points, again and again: does every resumed run end in the same weights, bit for bit?

    .venv/bin/python benchmarks/torture.py [--what train|pretrain|all] [--kills 50] [--seed 0]

One run goes undisturbed. Then the same run is started in a fresh folder and killed (SIGKILL) at a random moment, or
while it starts, or just while it writes a checkpoint, and started again until it ends; its loss curve and its final
weights are compared byte for byte. The exit status is 1 where any differ. The labeler's dropout is on; same machine,
threads and versions throughout.
"""

import argparse
import hashlib
import multiprocessing
import os
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn
from victims.traces import CURVE, FINAL, STARTED

MOST_KILLS = 3  # of one run, before it may end
VICTIMS = {"train": "victims.labeler", "pretrain": "victims.pretraining"}
QUIET = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
# every run is a process of its own, forked from one that has done the imports
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["tagwright.training.trainer", "tagwright.pretraining.run", "tagwright.evaluation.report"]
)


def train(what: str, folder: Path) -> None:
    """In a process of its own: the run under test."""
    import_module(VICTIMS[what]).train(folder)


@dataclass(frozen=True)
class Times:
    """Seconds of an undisturbed run until it trains, and of its training."""

    starting: float
    training: float


@dataclass
class Run:
    """One run in a folder of its own, started anew after every kill."""

    what: str
    folder: Path

    def start(self) -> ForkServerProcess:
        (self.folder / STARTED).unlink(missing_ok=True)
        process = PROCESSES.Process(target=train, args=(self.what, self.folder))
        process.start()
        return process

    def finish(self) -> str:
        """Run to the end; gives the hash of the loss curve and the final weights: the best ones and the last ones."""
        process = self.start()
        process.join()
        if process.exitcode != 0:
            raise SystemExit(f"The run in {self.folder} failed by itself: see above.")
        last = max(self.folder.glob("**/checkpoint-*/model.safetensors"), key=lambda path: int(path.parent.name[11:]))
        written = [path.read_bytes() for path in (self.folder / CURVE, self.folder / FINAL, last)]
        return hashlib.blake2b(b"".join(written)).hexdigest()

    def kill(self, drawn: random.Random, times: Times) -> str | None:
        """Start and kill at a random point; gives what was going on, or None where the run ended first."""
        process = self.start()
        moment = drawn.random()
        in_start, in_saving = moment < 0.15, moment > 0.6
        if in_start:
            time.sleep(drawn.uniform(0, times.starting))
        else:
            self._wait(process, STARTED)
            time.sleep(drawn.uniform(0, times.training * (0.6 if in_saving else 1)))
        if in_saving:
            self._wait(process, "**/staged-*", pause=0.0002)
            time.sleep(drawn.uniform(0, 0.01))
        if not process.is_alive():
            return None
        process.kill()
        process.join()
        return self._tell_moment()

    def _tell_moment(self) -> str:
        """What a killed process was doing."""
        if (self.folder / FINAL).exists():
            return "after the end"
        if not (self.folder / STARTED).exists():
            return "before training"
        if any(self.folder.glob("**/staged-*")):
            return "while saving"
        found = any(self.folder.glob("**/checkpoint-*"))
        return "with a checkpoint" if found else "before the first checkpoint"

    def _wait(self, process: ForkServerProcess, pattern: str, *, pause: float = 0.01) -> None:
        while process.is_alive() and not any(self.folder.glob(pattern)):
            time.sleep(pause)


def torture(what: str, kills: int, *, seed: int, folder: Path) -> int:
    """Kill as often as asked; gives the number of runs that ended in something else."""
    console, drawn = Console(), random.Random(seed)
    whole_hash, times = run_whole(Run(what, folder / "whole"))
    console.print(f"{what}, undisturbed: {times.training:.1f} s of training, {whole_hash[:16]}", highlight=False)
    moments: Counter[str] = Counter()
    runs = different = 0
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("kills", total=kills)
        while moments.total() < kills:
            run = Run(what, folder / f"run-{runs}")
            run.folder.mkdir()
            for _ in range(min(drawn.randint(1, MOST_KILLS), kills - moments.total())):
                if (moment := run.kill(drawn, times)) is None:
                    break
                moments[moment] += 1
                bar.update(task, completed=moments.total())
            runs += 1
            if run.finish() != whole_hash:
                different += 1
                console.print(f"{run.folder.name} ended in other weights or had another curve", style="bold red")
    print(f"{'killed':32}{'times':>6}")
    for moment, count in moments.most_common():
        print(f"{moment:32}{count:6}")
    print(f"{moments.total()} kills of {runs} runs; {runs - different} ended bit-identical, {different} did not")
    return different


def run_whole(run: Run) -> tuple[str, Times]:
    """The hash of a run that nobody disturbs, and how long it took."""
    run.folder.mkdir(parents=True)
    began = time.time()
    found = run.finish()
    started, ended = ((run.folder / name).stat().st_mtime for name in (STARTED, FINAL))
    return found, Times(started - began, ended - started)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--what", choices=[*VICTIMS, "all"], default="all", help="the training that is killed")
    parser.add_argument("--kills", type=int, default=50, help="of each")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.environ.update(QUIET)
    chosen = [what for what in VICTIMS if options.what in (what, "all")]
    with TemporaryDirectory() as folder:
        different = [torture(what, options.kills, seed=options.seed, folder=Path(folder) / what) for what in chosen]
    return int(sum(different) > 0)


if __name__ == "__main__":
    sys.exit(main())
