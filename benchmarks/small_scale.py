"""The small-scale study: does taking away a decoder's causal mask help, where an encoder of the same size, text and
steps stands beside it? Decoder as it is, decoder opened in all layers, encoder; a word read at the mean of its tokens,
at the last or at the first.

    python benchmarks/small_scale.py [--decoder MODEL] [--encoder MODEL] [--seeds 3]
"""

import argparse
import itertools
import statistics
from pathlib import Path
from typing import Any

from backbones import (
    EPOCHS,
    RATES,
    compare,
    console,
    make_cell,
    take_scores,
    tell_gain,
    tell_scores,
    tell_settings,
)
from cells.finetuning import CAPS, find_corpora, fine_tune
from rich.table import Table
from study import Cell, Record, Study, make_parser, run_study, start

ROOT = Path(__file__).parents[1]
CORPORA = ("ud_en_ewt", "ncbi_disease", "snips", "litbank_entities")
DOCUMENTS = 600
READ_AT = ("mean", "last", "first")
SIDES = {"causal": ("decoder", None), "opened": ("decoder", "all"), "encoder": ("encoder", None)}  # backbone, sight


def main() -> int:
    options = read_options()
    corpora = find_corpora(options.corpora.split(","), options.data)
    print(f"{tell_settings(corpora, options)} Learning rate {options.rate:g}.")
    return run_study(Study(list_cells(options, corpora), fine_tune, report), options)


def read_options() -> argparse.Namespace:
    parser = make_parser(__doc__, out=ROOT / "runs" / "bench" / "small-scale", seeds=3)
    parser.set_defaults(limit_documents=DOCUMENTS)
    parser.add_argument("--decoder", default="builtin:tiny-decoder", metavar="MODEL")
    parser.add_argument("--encoder", default="builtin:tiny-encoder", metavar="MODEL")
    parser.add_argument("--corpora", default=",".join(CORPORA))
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="where corpora lie")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--rate", type=float, default=RATES["pretrained"])
    options = parser.parse_args()
    options.backbones = {"decoder": options.decoder, "encoder": options.encoder}
    return options


def list_cells(options: argparse.Namespace, corpora: list[str]) -> list[Cell]:
    """A seed's cells one after the other, so that a study that is stopped early has whole seeds."""
    cells = []
    for seed, corpus, read_at, side in itertools.product(range(1, options.seeds + 1), corpora, READ_AT, SIDES):
        name, sight = SIDES[side]
        varied = {"weights": "pretrained", "rate": options.rate, "read_at": read_at, "sight": sight, "side": side}
        mark = f"-{side}-{read_at}"
        cells.append(make_cell(options, name=name, corpus=corpus, mark=mark, seed=seed, **varied))
    return cells


def report(records: dict[str, Record]) -> dict[str, Any]:
    table = Table(title="Test F1 (accuracy for parts of speech), mean ± standard deviation over seeds")
    columns = ("corpus", "read at", *SIDES, "opened - causal, 95 %", "opened - encoder, 95 %", "seconds a cell")
    for column in columns:
        table.add_column(column)
    found, rows = list(records.values()), []
    for corpus, read_at in dict.fromkeys((r["settings"]["corpus"], r["settings"]["read_at"]) for r in found):
        runs = {side: take_scores(found, corpus=corpus, read_at=read_at, side=side) for side in SIDES}
        gains = {other: compare(runs["opened"], runs[other]) for other in ("causal", "encoder")}
        here = [r for r in found if (r["settings"]["corpus"], r["settings"]["read_at"]) == (corpus, read_at)]
        seconds = statistics.mean(record["seconds"] for record in here)
        told = [tell_scores(runs[side].values()) for side in SIDES] + [tell_gain(gain) for gain in gains.values()]
        table.add_row(corpus, read_at, *told, f"{seconds:.0f}")
        rows.append({"corpus": corpus, "read_at": read_at, **runs, "opened_minus": gains})
    console.print(table)
    return {"caps": CAPS, "table": rows, "cells": found}


if __name__ == "__main__":
    start(main)
