"""Kill training at random points, again and again: does every resumed run end in the same weights, bit for bit?

    .venv/bin/python benchmarks/torture.py [--kills 50] [--seed 0]

One run goes undisturbed. Then the same run is started in a fresh folder and killed (SIGKILL) at a random moment, or
just while it writes a checkpoint, and started again until it ends; its final weights are compared byte for byte.
The exit status is 1 where any differ. Dropout is on; same machine, threads and versions throughout.
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
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

MOST_KILLS = 3  # of one run, before it may end
FINAL, STARTED = "final.safetensors", "started"
QUIET = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}
# every run is a process of its own, forked from one that has done the imports
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["tagwright.training.trainer", "tagwright.evaluation.report", "tagwright.text.synthetic"]
)


def train(folder: Path) -> None:
    """The run under test: a small labeler, dropout on, a dev score, early stopping, many checkpoints."""
    from transformers import set_seed

    from tagwright.backbone.config import BackboneConfig
    from tagwright.evaluation.report import evaluate
    from tagwright.heads import HeadConfig
    from tagwright.inference.runner import Runner
    from tagwright.models.folder import write_weights
    from tagwright.models.tagger import TaggerPlan, build_tagger
    from tagwright.text.labels import Labels
    from tagwright.text.ledger import Ledger
    from tagwright.text.synthetic import make_corpus
    from tagwright.training.arguments import make_arguments
    from tagwright.training.checkpoints import find_checkpoint
    from tagwright.training.config import TrainingConfig
    from tagwright.training.trainer import LabelerTrainer, TrainingData, encode
    from tagwright.tuning import TUNINGS, TuningConfig

    set_seed(1)
    train, dev = make_corpus("ner", documents=48, seed=1), make_corpus("ner", documents=12, seed=2)
    plan = TaggerPlan(Labels.from_documents(train), BackboneConfig(), HeadConfig(name="crf", scheme="BIO", dropout=0.3))
    labeler = build_tagger(plan, (word for document in train for word in document.words))
    labeler.backbone.model.config.attention_dropout = 0.2
    config = TrainingConfig(
        num_train_epochs=5,
        tokens_per_batch=256,
        gradient_accumulation_steps=2,
        learning_rate=1e-3,
        early_stopping_patience=3,
        use_cpu=True,
        save_strategy="steps",
        save_steps=2,
        eval_strategy="steps",
        eval_steps=2,
    )
    trainer = LabelerTrainer(
        labeler,
        make_arguments(config, folder, has_dev=True),
        config=config,
        data=TrainingData(
            encode(labeler, train, ledger=Ledger()),
            lambda model: {"f1": evaluate(dev, Runner(model).predict(dev), cases=0).accuracy},  # moves from the start
        ),
        tuning=TUNINGS["full"](TuningConfig()),
    )
    (folder / STARTED).touch()
    trainer.train(find_checkpoint(folder))
    write_weights(labeler, folder / "draft.safetensors")
    (folder / "draft.safetensors").replace(folder / FINAL)


@dataclass
class Run:
    """One run in a folder of its own, started anew after every kill."""

    folder: Path

    def start(self) -> ForkServerProcess:
        (self.folder / STARTED).unlink(missing_ok=True)
        process = PROCESSES.Process(target=train, args=(self.folder,))
        process.start()
        return process

    def finish(self) -> str:
        """Run to the end; gives the hash of the final weights: the best ones and the last ones."""
        process = self.start()
        process.join()
        if process.exitcode != 0:
            raise SystemExit(f"The run in {self.folder} failed by itself: see above.")
        last = max(self.folder.glob("checkpoint-*/model.safetensors"), key=lambda path: int(path.parent.name[11:]))
        weights = (self.folder / FINAL).read_bytes() + last.read_bytes()
        return hashlib.blake2b(weights).hexdigest()

    def kill(self, drawn: random.Random, seconds: float) -> str | None:
        """Start and kill at a random point of training; gives what was going on, or None where the run ended first."""
        process = self.start()
        in_saving = drawn.random() < 0.4
        self._wait(process, STARTED)
        time.sleep(drawn.uniform(0, seconds * (0.6 if in_saving else 1)))
        if in_saving:
            self._wait(process, "staged-*", pause=0.0002)
            time.sleep(drawn.uniform(0, 0.01))
        if not process.is_alive():
            return None
        process.kill()
        process.join()
        if (self.folder / FINAL).exists():
            return "after the end"
        if any(self.folder.glob("staged-*")):
            return "while saving"
        return "with a checkpoint" if any(self.folder.glob("checkpoint-*")) else "before the first checkpoint"

    def _wait(self, process: ForkServerProcess, pattern: str, *, pause: float = 0.01) -> None:
        while process.is_alive() and not any(self.folder.glob(pattern)):
            time.sleep(pause)


def torture(kills: int, seed: int, folder: Path) -> int:
    """Kill as often as asked; gives the number of runs that ended in other weights."""
    console, drawn = Console(), random.Random(seed)
    whole = Run(folder / "whole")
    whole.folder.mkdir()
    whole_hash = whole.finish()
    seconds = (whole.folder / FINAL).stat().st_mtime - (whole.folder / STARTED).stat().st_mtime
    console.print(f"undisturbed: {seconds:.1f} s of training, weights {whole_hash[:16]}")
    moments: Counter[str] = Counter()
    runs = different = 0
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("kills", total=kills)
        while moments.total() < kills:
            run = Run(folder / f"run-{runs}")
            run.folder.mkdir()
            for _ in range(min(drawn.randint(1, MOST_KILLS), kills - moments.total())):
                if (moment := run.kill(drawn, seconds)) is None:
                    break
                moments[moment] += 1
                bar.update(task, completed=moments.total())
            runs += 1
            if run.finish() != whole_hash:
                different += 1
                console.print(f"{run.folder.name} ended in other weights", style="bold red")
    print(f"{'killed':32}{'times':>6}")
    for moment, times in moments.most_common():
        print(f"{moment:32}{times:6}")
    print(f"{moments.total()} kills of {runs} runs; {runs - different} ended bit-identical, {different} did not")
    return different


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    os.environ.update(QUIET)
    with TemporaryDirectory() as folder:
        return int(torture(arguments.kills, arguments.seed, Path(folder)) > 0)


if __name__ == "__main__":
    sys.exit(main())
