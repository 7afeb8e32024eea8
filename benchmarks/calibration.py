"""Are scores probabilities? The expected calibration error on test before and after a calibration on dev, and the
coverage of gold spans that is promised.

    python benchmarks/calibration.py [--model MODEL] [--corpora conll04,snips] [--heads softmax,crf,pairs] [--seeds 3]

Maps and coverage are chosen on dev and tried on test. They are also chosen on random halves of both together and tried
on the other halves: these are exchangeable, as the promise needs them to be. What so few predictions would show of
perfect scores counts as error too; beside it stands what is left without that, as far as the two add up in squares.
"""

import argparse
import itertools
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cells.calibration import find_files, run_head
from cells.finetuning import cap, digest, in_bfloat16, tell_precision
from rich.console import Console
from rich.table import Table
from study import Cell, Record, Study, make_parser, run_study, start

ROOT = Path(__file__).parents[1]
CORPORA = ("conll04", "litbank_entities", "ncbi_disease", "snips", "ud_en_ewt", "uner_da_ddt")
HEADS: dict[str, dict[str, Any]] = {
    "softmax": {"name": "softmax"},
    "crf": {"name": "crf"},
    "pairs": {"name": "pairs", "longest": 12},
}
RATE, HEAD_RATE, EPOCHS, BATCH, TRAIN = 5e-4, 1e-3, 8, 8, 600
WANTED, MOST_ADDED, DRAWS, ERROR_DRAWS = 0.9, 10, 50, 10
AIM, SLACK = 2.0, 0.01  # times less error; of a mean over draws
SECONDS = 200.0  # thought of a cell of so many documents
console = Console(highlight=False, width=None if sys.stdout.isatty() else 180)


def main() -> int:
    options = read_options()
    corpora = find_corpora(options.corpora.split(","), options.data)
    most = cap(options.limit_documents, train=TRAIN)
    precision = tell_precision(options.out)
    print(
        f"At most {most['train']} training documents, drawn by the seed; dev {most['dev']}, test {most['test']}, the "
        f"same for all. {options.epochs} epochs of batches of {BATCH}, in {precision}."
    )
    return run_study(Study(list_cells(options, corpora), run_head, report), options)


def read_options() -> argparse.Namespace:
    parser = make_parser(__doc__, out=ROOT / "runs" / "bench" / "calibration", seeds=3)
    parser.add_argument("--model", default="builtin:tiny-encoder", help="the backbone; default: %(default)s")
    parser.add_argument("--corpora", default=",".join(CORPORA))
    parser.add_argument("--heads", default="softmax", help=f"of {', '.join(HEADS)}; default: %(default)s")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="where corpora lie")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--coverage", type=float, default=WANTED, help="wanted; default: %(default)s")
    options = parser.parse_args()
    options.heads = options.heads.split(",")
    if unknown := [name for name in options.heads if name not in HEADS]:
        parser.error(f"no head is called {unknown[0]!r}: choose of {', '.join(HEADS)}")
    return options


def find_corpora(names: Sequence[str], folder: Path) -> list[str]:
    """Those that are there; what is left out is said."""
    found = [name for name in names if find_files(folder / name)]
    for name in names:
        if name not in found:
            print(f"{name} is left out: {folder / name} lacks train, dev or test (--data gives another folder).")
    return found


def list_cells(options: argparse.Namespace, corpora: Sequence[str]) -> list[Cell]:
    """A seed's cells one after the other, so that a study that is stopped early has whole seeds."""
    most, cells = cap(options.limit_documents, train=TRAIN), []
    fixed = {"model": options.model, "digest": digest(options.model), "data": str(options.data), "documents": most}
    fixed |= {"rate": RATE, "head_rate": HEAD_RATE, "epochs": options.epochs, "batch": BATCH}
    fixed |= {"bf16": in_bfloat16(options.out), "wanted": options.coverage, "most_added": MOST_ADDED}
    fixed |= {"draws": DRAWS, "error_draws": ERROR_DRAWS}
    for seed, corpus, head in itertools.product(range(1, options.seeds + 1), corpora, options.heads):
        settings = {"corpus": corpus, "head": HEADS[head], "seed": seed, **fixed}
        thought = SECONDS * options.epochs / EPOCHS * most["train"] / TRAIN + 20
        cells.append(Cell(f"{corpus}-{head}-{seed}", settings, thought))
    return cells


# --- what they say ---------------------------------------------------------------------------------------------------


def report(records: dict[str, Record]) -> dict[str, Any]:
    found = list(records.values())
    return {"errors": show_errors(found), "coverage": show_coverage(found), "cells": found}


def group(records: Sequence[Record]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The results of all seeds, by corpus and head."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for record in records:
        key = record["settings"]["corpus"], record["settings"]["head"]["name"]
        found.setdefault(key, []).append(record["result"])
    return found


def show_errors(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Means over seeds, in points; the interval is that of the first seed."""
    table = Table(title="Expected calibration error on test, points, mean over seeds", title_justify="left")
    columns = ("corpus", "head", "of", "F1", "seeds", "predicted", "before", "after", "95 %, seed 1", "if perfect")
    for column in (
        *columns,
        "times less",
        f"aim {AIM:g} times",
        "times less beyond chance",
        "maps",
        "random halves: before, after, if perfect",
    ):
        table.add_column(column)
    rows = []
    for (corpus, head), results in group(records).items():
        for part in dict.fromkeys(name for result in results for name in result["errors"]):
            runs = [result["errors"][part] for result in results if part in result["errors"]]
            before, after = (statistics.mean(run[when]["error"] for run in runs) for when in ("before", "after"))
            perfect = statistics.mean(run["after"]["perfect"] for run in runs)
            low, high = runs[0]["after"]["interval"]
            row = {"corpus": corpus, "head": head, "part": part, "before": before, "after": after, "perfect": perfect}
            row |= {
                "times": before / max(after, 1e-9),
                "beyond": [find_excess(runs, when) for when in ("before", "after")],
            }
            row |= {"f1": statistics.mean(result["f1"] for result in results)}
            told = [f"{100 * each:.2f}" for each in (before, after)]
            told += [f"{100 * low:.2f} to {100 * high:.2f}", f"{100 * perfect:.2f}", f"{row['times']:.2f}"]
            sizes = f"{row['f1']:.1f}", str(len(runs)), f"{statistics.mean(run['predicted'] for run in runs):.0f}"
            maps = ", ".join(dict.fromkeys(run["method"] for run in runs))
            row["drawn"] = [drawn for result in results if (drawn := result["drawn_errors"].get(part))]
            judged = "met" if row["times"] >= AIM else "missed"
            table.add_row(
                corpus, head, part, *sizes, *told, judged, tell_times(*row["beyond"]), maps, tell_halves(row["drawn"])
            )
            rows.append(row)
    if rows:
        console.print(table)
    return rows


def find_excess(runs: Sequence[dict[str, Any]], when: str) -> float:
    """The mean error without what perfect scores would show."""
    error, perfect = (statistics.mean(run[when][name] for run in runs) for name in ("error", "perfect"))
    return max(0.0, error**2 - perfect**2) ** 0.5


def tell_times(before: float, after: float) -> str:
    """From how much to how much, in points, and how many times less that is."""
    times = f"{before / after:.2f}" if after else "none left" if before else "none"
    return f"{times} ({100 * before:.2f} to {100 * after:.2f})"


def tell_halves(drawn: Sequence[dict[str, float]]) -> str:
    """Means over seeds of the mean over draws: before, after, and what perfect scores would show."""
    names = ("before", "after", "perfect")
    return ", ".join(f"{100 * statistics.mean(run[name] for run in drawn):.2f}" for name in names) if drawn else "-"


def show_coverage(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Official: dev to test, seed by seed. Drawn: random halves, the mean over draws and seeds."""
    table = Table(title="Gold spans covered in a document, percent", title_justify="left")
    columns = (
        "corpus",
        "head",
        "wanted",
        "seed: on test, 95 % binomial",
        "handed over",
        "spans added",
        "reaches wanted",
    )
    for column in (*columns, "random halves, mean", "handed over", "as promised"):
        table.add_column(column)
    rows = []
    wanted = {key: record["settings"]["wanted"] for record in records for key in group([record])}
    for (corpus, head), results in group(records).items():
        official = [result["coverage"]["official"] for result in results]
        drawn = [result["coverage"]["drawn"] for result in results]
        row = {"corpus": corpus, "head": head, "wanted": wanted[corpus, head], "official": official, "drawn": drawn}
        table.add_row(corpus, head, f"{100 * row['wanted']:g}", *tell_official(official), *tell_drawn(row))
        rows.append(row)
    if rows:
        console.print(table)
    return rows


def tell_official(found: Sequence[dict[str, Any] | None]) -> list[str]:
    """Each seed with its interval; the wanted share should lie in it, or below."""
    runs = [run for run in found if run is not None]
    if not runs:
        return ["out of reach", "-", "-", "-"]
    shares = [f"{100 * r['share']:.1f} ({100 * r['interval'][0]:.1f} to {100 * r['interval'][1]:.1f})" for r in runs]
    met = sum(run["interval"][1] >= run["wanted"] for run in runs)
    handed, added = (statistics.mean(run[name] for run in runs) for name in ("handed", "added"))
    return ["; ".join(shares), f"{100 * handed:.1f}", f"{added:.1f}", f"{met} of {len(found)}"]


def tell_drawn(row: dict[str, Any]) -> list[str]:
    runs = [run for run in row["drawn"] if run is not None]
    if not runs:
        return ["out of reach", "-", "-"]
    share, handed = (statistics.mean(run[name] for run in runs) for name in ("share", "handed"))
    promised = "met" if share >= row["wanted"] - SLACK else "missed"
    return [f"{100 * share:.1f}", f"{100 * handed:.1f}", promised]


if __name__ == "__main__":
    start(main)
