"""What a fusion costs while all weights move: time of a step, and the most memory that one takes, beside `last`.

    python benchmarks/fusion_cost.py [--model minilm] [--fusions last,dwatt] [--rounds 9]

All sides learn the same documents in the same batches; they take turns within a round, and ratios are medians over
rounds. With one thread it is the time of the processor that counts, in which others have no part. Memory is that of
live tensors, counted as operations make them: weights, gradients, the state of AdamW, activations. Aims of dwatt with
the MiniLM: at most 1.15 times the time and 1.25 times the memory. MODEL is a built-in, a folder, a hub id, or `minilm`,
which the extra [bench] installs.
"""

import argparse
import gc
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from memory import Meter
from rich.console import Console
from rich.table import Table
from study import start, write_found
from train import find_model

from tagwright.recipe.build import build, resolve
from tagwright.recipe.recipe import Recipe
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.synthetic import make_corpus
from tagwright.training.batches import Collator
from tagwright.training.trainer import encode

ROOT = Path(__file__).parents[1]
LAST = "last"
AIMS = {"dwatt": {"time": 1.15, "memory": 1.25}}
console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)


class Side:
    """A tagger with one fusion, and the batches that it learns."""

    def __init__(self, fusion: str, documents: Sequence[Document], options: argparse.Namespace) -> None:
        recipe = Recipe().change({"backbone.model": options.model, "fusion.name": fusion})
        self.tagger: Any = build(resolve(recipe, documents), documents).train()
        self.pieces = encode(self.tagger, documents, ledger=Ledger())
        rows = sorted(range(len(self.pieces)), key=lambda at: len(self.pieces.pieces[at]))
        cut = [rows[at : at + options.batch] for at in range(0, len(rows), options.batch)]
        collate = Collator(self.tagger)
        self.batches = [collate([self.pieces[row] for row in batch]) for batch in cut]

    def begin(self) -> None:
        """Within the tagger's focus, whose parameters are those that a training steps."""
        usual: dict[str, Any] = {"lr": 1e-5, "betas": (0.9, 0.999), "eps": 1e-8}
        self.optimizer = self.tagger.tuning.make_optimizer(
            self.tagger, torch.optim.AdamW, settings=usual, weight_decay=0.0
        )

    def run(self) -> None:
        for batch in self.batches:
            (self.tagger(**batch) / batch["counts"].sum()).backward()
            self.optimizer.step()
            self.optimizer.zero_grad()

    def measure(self) -> int:
        """Bytes: the most that is alive in any step but the first, the weights included."""
        weights = sum(weight.numel() * weight.element_size() for weight in self.tagger.parameters())
        with Meter() as meter:
            meter.leave_out(self.tagger)
            self.run()
            gc.collect()
            meter.restart()
            self.run()
        return weights + meter.most


def main() -> int:
    options = read_options()
    torch.set_num_threads(options.threads)
    clock = time.process_time if options.threads == 1 else time.perf_counter
    documents = make_corpus("ner", documents=options.documents, seed=0)
    sides = {name: Side(name, documents, options) for name in dict.fromkeys([LAST, *options.fusions.split(",")])}
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    with ExitStack() as focus:
        for side in sides.values():
            focus.enter_context(side.tagger.focus(side.pieces.pieces))
            side.begin()
        memory = {name: side.measure() for name, side in sides.items()}
        for _ in range(options.rounds):
            for name, side in sides.items():
                began = clock()
                side.run()
                seconds[name].append((clock() - began) / len(side.batches))
    rows = [make_row(name, sides[name], seconds=seconds, memory=memory) for name in sides]
    show(rows)
    write_found(options.out / f"{Path(options.model).name.replace(':', '-')}.json", options, rows=rows)
    return 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="builtin:tiny-encoder", help="default: %(default)s")
    parser.add_argument("--fusions", default="mix,concat,dwatt", help="default: %(default)s")
    parser.add_argument("--documents", type=int, default=48, help="of the built-in corpus")
    parser.add_argument("--batch", type=int, default=16, help="documents")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--out", type=Path, default=ROOT / "runs" / "bench" / "fusion-cost", help="default: %(default)s"
    )
    options = parser.parse_args()
    options.model = find_model(options.model)
    return options


def make_row(
    name: str, side: Side, *, seconds: dict[str, list[float]], memory: dict[str, int]
) -> dict[str, str | int | float]:
    ratios = [one / other for one, other in zip(seconds[name], seconds[LAST], strict=True)]
    return {
        "fusion": name,
        "added": side.tagger.fusion.added,
        "step": statistics.median(seconds[name]),
        "time": statistics.median(ratios),
        "bytes": memory[name],
        "memory": memory[name] / memory[LAST],
    }


def show(rows: Sequence[dict[str, Any]]) -> None:
    table = Table("fusion", "weights added", "step s", "time", "MiB at most", "memory")
    for row in rows:
        shares = [f"{row[name]:.2f}x{judge(row, name)}" for name in ("time", "memory")]
        size = f"{row['bytes'] / 2**20:.1f}"
        table.add_row(row["fusion"], f"{row['added']:,}", f"{row['step']:.3f}", shares[0], size, shares[1])
    console.print(table)


def judge(row: dict[str, Any], name: str) -> str:
    aim = AIMS.get(row["fusion"], {}).get(name)
    if aim is None:
        return ""
    return f" ({aim}: {'met' if row[name] <= aim else 'missed'})"


if __name__ == "__main__":
    start(main)
