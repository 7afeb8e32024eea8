"""Many labelers on one base: what a shelf of them takes beside the base alone, and how fast it is.

    python benchmarks/shelf.py [--labelers 100] [--model builtin:tiny-encoder]

A labeler is tuned by fish-dip for a few steps and put on the shelf under many names, each time with a delta and a head
of its own in memory. Memory is that of all live tensors. Documents are labelled

    one      by one labeler, all at once
    shares   by one labeler, share by share, which fills its batches worse
    many     share by share, each by another labeler: what is more than with `shares` is the price of swapping

Sides take turns, medians over rounds; with one thread the time of the processor counts. Aims: at most 1.3 times the
base's memory plus the deltas' bytes (heads included); words a second within 10 % of one labeler's.
"""

import argparse
import gc
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from study import start, write_found

import tagwright
from tagwright.backbone.backbone import load_backbone
from tagwright.backbone.config import BackboneConfig
from tagwright.inference.shelf import Shelf
from tagwright.text.document import Document
from tagwright.text.synthetic import make_corpus

ROOT = Path(__file__).parents[1]
AIMS = {"memory": 1.3, "speed": 0.9}


def main() -> int:
    options = read_options()
    torch.set_num_threads(options.threads)
    backbone = load_backbone(BackboneConfig(model=options.model))
    base = count_bytes()
    del backbone
    shelf = fill(options)
    taken = count_bytes()
    documents = [document.only() for document in make_corpus("ner", documents=options.documents, seed=1)]
    pace = measure_pace(shelf, documents, options)
    row = {"labelers": options.labelers, "base": base, "own": shelf.size, "taken": taken, **pace}
    row |= {"memory": (taken - shelf.size) / base, "speed": pace["many"] / pace["one"]}
    row |= {"swapping": pace["many"] / pace["shares"]}
    tell(row)
    write_found(options.out / "shelf.json", options, row=row)
    return 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="builtin:tiny-encoder", help="default: %(default)s")
    parser.add_argument("--labelers", type=int, default=100, help="default: %(default)s")
    parser.add_argument("--steps", type=int, default=20, help="of training; default: %(default)s")
    parser.add_argument("--documents", type=int, default=3200, help="to be labelled; default: %(default)s")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "bench" / "shelf", help="default: %(default)s")
    return parser.parse_args()


def count_bytes() -> int:
    """Of all tensors that are alive, those that share their memory counted once."""
    gc.collect()
    storages = [each.untyped_storage() for each in gc.get_objects() if issubclass(type(each), torch.Tensor)]
    return sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())


def fill(options: argparse.Namespace) -> Shelf:
    """A shelf of so many labelers."""
    settings = {"tuning.name": "fish-dip", "tuning.every": 10, "training.max_steps": options.steps}
    settings |= {"training.eval_strategy": "no", "training.save_strategy": "no"}
    shelf, train = Shelf(), make_corpus("ner", documents=40, seed=0)
    with TemporaryDirectory() as folder:
        tagwright.train(train, model=options.model, settings=settings, out=folder)
        for at in range(options.labelers):
            shelf.add(f"labeler-{at}", folder)
    return shelf


def measure_pace(shelf: Shelf, documents: list[Document], options: argparse.Namespace) -> dict[str, float]:
    """Words a second by one labeler, and where the documents are shared out to all."""
    clock: Callable[[], float] = time.process_time if options.threads == 1 else time.perf_counter
    first, shares = shelf.names[0], [documents[at :: options.labelers] for at in range(options.labelers)]
    labelers = [shelf.names[at % options.labelers] for at in range(len(documents))]
    sides: dict[str, Callable[[], Any]] = {
        "one": lambda: shelf.predict(documents, first),
        "shares": lambda: [shelf.predict(share, first) for share in shares],
        "many": lambda: shelf.predict(documents, labelers),
    }
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(options.rounds):
        for name, label in sides.items():
            began = clock()
            label()
            seconds[name].append(clock() - began)
    words = sum(map(len, documents))
    return {name: words / statistics.median(found) for name, found in seconds.items()}


def tell(row: dict[str, Any]) -> None:
    base, own, taken = (f"{row[name] / 2**20:.1f} MiB" for name in ("base", "own", "taken"))
    judged = {name: "met" if (row[name] <= aim) == (name == "memory") else "missed" for name, aim in AIMS.items()}
    print(f"The base takes {base}, what {row['labelers']} labelers have of their own {own}, the shelf in all {taken}:")
    print(f"  without what is theirs {row['memory']:.2f}x the base (aim {AIMS['memory']}: {judged['memory']}).")
    told = ", ".join(f"{name} {row[name]:,.0f}" for name in ("one", "shares", "many"))
    print(f"Words a second: {told};")
    print(f"  many / one {row['speed']:.2f} (aim {AIMS['speed']}: {judged['speed']}); / shares {row['swapping']:.2f}.")


if __name__ == "__main__":
    start(main)
