"""The sight study: which layers of a small decoder should look right, and is it worth it?

    python benchmarks/sight.py screen     all 16 plans, where words are read, the text given twice; one seed, on dev
    python benchmarks/sight.py confirm    the contrasts of claims.toml on fresh seeds, on test
    python benchmarks/sight.py report     tables and charts of what is there into docs/sight.md

Each step says how many runs it has and how long they should take before the first one starts.
"""

import argparse
import itertools
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cells.finetuning import digest
from cells.rightward import DOCUMENTS as MEASURED
from cells.sight import PARTS, find_file, read_part, run_cell
from claims import Claims, read_claims
from pages.sight import Found, write_page
from study import Cell, Record, Study, make_parser, read_records, run_study, start

ROOT = Path(__file__).parents[1]
PLANS = tuple("".join(bits) for bits in itertools.product("01", repeat=4))
NONE, ALL = PLANS[0], PLANS[-1]
READ_AT = ("mean", "last", "first")
REPEATS = (0, 1)
BEST = 2  # plans beside none and all for which reading and repeating are varied
SCREENED = 0  # the screen's seed; claims.toml has others
CAPS = {"train": 300, "dev": 200, "test": 500}
EPOCHS, BATCH, RATE = 5, 4, 5e-4  # so small a batch, or 300 documents would be too few steps to learn from
TRAINED, PREDICTED, START, MEASURING = 1000, 2600, 6, 90  # words a second and process; seconds a run; seconds a measure


def main() -> int:
    options = read_options()
    claims = read_claims()
    if options.step == "report":
        return report(options, claims)
    corpora = [name for name in claims.corpora if has_files(name, options.data)]
    words = {name: count_words(name, options) for name in corpora}
    caps = cap(options.limit_documents)
    print(
        f"{', '.join(corpora)}: at most {caps['train']} training documents, drawn by the seed, {caps['dev']} of dev "
        f"and {caps['test']} of test, always the same. {options.epochs:g} epochs, batches of {BATCH} documents, "
        f"learning rate {RATE:g}, float32."
    )
    return {"screen": screen, "confirm": confirm}[options.step](options, claims, words)


def read_options() -> argparse.Namespace:
    parser = make_parser(__doc__, out=ROOT / "runs" / "bench" / "sight", seeds=8)
    parser.add_argument("step", choices=("screen", "confirm", "report"))
    parser.add_argument("--decoder", default="builtin:tiny-decoder", metavar="MODEL")
    parser.add_argument("--encoder", default="builtin:tiny-encoder", metavar="MODEL")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="where corpora lie")
    parser.add_argument("--epochs", type=float, default=EPOCHS)
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "sight.md", help="what `report` writes into")
    return parser.parse_args()


def cap(limit: int | None) -> dict[str, int]:
    return {part: most if limit is None else min(most, limit) for part, most in CAPS.items()}


def has_files(corpus: str, folder: Path) -> bool:
    """What is left out is said."""
    absent = [part for part in PARTS if find_file(corpus, str(folder), part=part) is None]
    if absent:
        print(f"{corpus} is left out: {folder / corpus} has no {absent[0]} (--data gives another folder).")
    return not absent


def count_words(corpus: str, options: argparse.Namespace) -> dict[str, float]:
    """About how many words each part has under its cap."""
    caps, words = cap(options.limit_documents), {}
    for part in PARTS:
        documents = read_part(corpus, str(options.data), part=part)
        words[part] = statistics.mean(map(len, documents)) * min(caps[part], len(documents))
    return words


# --- the steps -------------------------------------------------------------------------------------------------------

Words = Mapping[str, Mapping[str, float]]


def screen(options: argparse.Namespace, claims: Claims, words: Words) -> int:
    """Plans first, then, for the best of them, where words are read and whether the text is repeated."""
    options.out = options.out / "screen"
    plans = [*list_needs(options, words), *list_plans(options, words)]
    unknown = [f"best {place}" for place in range(1, BEST + 1)]  # their cells cost what others cost
    later = list_reading(options, words, best=dict.fromkeys(words, unknown))
    announce("Screen", [*plans, *later], options)
    if status := run_study(Study(plans, run_cell, keep), options):
        return status
    found = read_records(plans, options.out / "cells")
    best = {corpus: rank_plans(found.values(), corpus=corpus)[:BEST] for corpus in words}
    print("; ".join(f"{corpus}: best {', '.join(chosen)}" for corpus, chosen in best.items()))
    return run_study(Study([*plans, *list_reading(options, words, best=best)], run_cell, keep), options)


def confirm(options: argparse.Namespace, claims: Claims, words: Words) -> int:
    """Every arm of claims.toml, the chosen plan taken from the screen."""
    plans = list_plans(options, words)
    found = read_records(plans, options.out / "screen" / "cells")
    chosen = {corpus: rank_plans(found.values(), corpus=corpus)[0] for corpus in words}
    print("Chosen on dev: " + "; ".join(f"{corpus} {plan}" for corpus, plan in chosen.items()))
    cells = list_arms(options, claims, words=words, chosen=chosen)
    options.out = options.out / "confirm"
    announce("Confirm", cells, options)
    return run_study(Study(cells, run_cell, keep), options)


def report(options: argparse.Namespace, claims: Claims) -> int:
    """What is there; what isn't there stays "not yet run" on the page."""
    folders = {step: options.out / step / "cells" for step in ("screen", "confirm")}
    paths = {step: sorted(folder.glob("*.json")) for step, folder in folders.items()}
    found = Found(claims, **{step: [Found.read(path) for path in listed] for step, listed in paths.items()})
    write_page(found, options.page, mask_cost=options.out.parent / "mask-cost" / "report.json")
    print(f"Written into {options.page}: {len(found.screen)} cells of Screen, {len(found.confirm)} of Confirm.")
    return 0


def announce(step: str, cells: Sequence[Cell], options: argparse.Namespace) -> None:
    hours = sum(cell.seconds for cell in cells) / options.processes / 3600
    runs = sum(cell.settings["step"] != "need" for cell in cells)
    print(f"{step}: {runs} runs, about {hours:.1f} hours on {options.processes} processes.", flush=True)


def keep(records: Mapping[str, Record]) -> dict[str, Any]:
    return {"cells": len(records), "seconds": sum(record["seconds"] for record in records.values())}


# --- the cells -------------------------------------------------------------------------------------------------------


def list_needs(options: argparse.Namespace, words: Words) -> list[Cell]:
    documents = {part: min(most, options.limit_documents or most) for part, most in MEASURED.items()}
    return [
        Cell(
            f"need-{corpus}",
            {"step": "need", "corpus": corpus, "data": str(options.data), "documents": documents},
            MEASURING,
        )
        for corpus in words
    ]


def list_plans(options: argparse.Namespace, words: Words) -> list[Cell]:
    """All plans, words read at their mean, the text given once."""
    return [make_screened(options, words, corpus=corpus, sight=plan) for corpus in words for plan in PLANS]


def list_reading(options: argparse.Namespace, words: Words, *, best: Mapping[str, Sequence[str]]) -> list[Cell]:
    """Where a word is read and whether the text is repeated, each with each, but what `list_plans` has."""
    return [
        make_screened(options, words, corpus=corpus, sight=plan, read_at=read_at, repeat=repeat)
        for corpus in words
        for plan, read_at, repeat in itertools.product((NONE, ALL, *best[corpus]), READ_AT, REPEATS)
        if (read_at, repeat) != (READ_AT[0], REPEATS[0])
    ]


def list_arms(options: argparse.Namespace, claims: Claims, *, words: Words, chosen: Mapping[str, str]) -> list[Cell]:
    """A seed's cells one after the other, so that a study that is stopped early has whole seeds."""
    cells = []
    for seed, corpus, (name, arm) in itertools.product(claims.seeds[: options.seeds], words, claims.arms.items()):
        plans = {None: None, "none": NONE, "all": ALL, "chosen": chosen[corpus]}
        varied = {"sight": plans[arm.get("sight")], "repeat": arm["repeat"], "read_at": claims.read_at}
        model = getattr(options, arm["model"])
        settings = make_settings(options, step="confirm", model=model, corpus=corpus, seed=seed) | varied
        seconds = think(words[corpus], epochs=options.epochs, repeat=arm["repeat"], scored="test")
        cells.append(Cell(f"{corpus}-{name}-{seed}", settings | {"arm": name}, seconds))
    return cells


def make_screened(
    options: argparse.Namespace, words: Words, *, corpus: str, sight: str, read_at: str = "mean", repeat: int = 0
) -> Cell:
    settings = make_settings(options, step="screen", model=options.decoder, corpus=corpus, seed=SCREENED)
    seconds = think(words[corpus], epochs=options.epochs, repeat=repeat, scored="dev")
    name = f"{corpus}-{sight.replace(' ', '-')}-{read_at}-repeat{repeat}"
    return Cell(name, settings | {"sight": sight, "read_at": read_at, "repeat": repeat}, seconds)


def make_settings(options: argparse.Namespace, **varied: Any) -> dict[str, Any]:
    shared = {"data": str(options.data), "documents": cap(options.limit_documents), "epochs": options.epochs}
    return shared | {"rate": RATE, "batch": BATCH, "digest": digest(varied["model"])} | varied


def think(words: Mapping[str, float], *, epochs: float, repeat: int, scored: str) -> float:
    """The seconds that a cell should take; a text given twice takes twice as long. Training ends with a look at dev."""
    once = epochs * words["train"] / TRAINED + (words["dev"] + words[scored]) / PREDICTED
    return START + (1 + repeat) * once


def rank_plans(records: Iterable[Record], *, corpus: str) -> list[str]:
    """The plans that open some groups and not all, best on dev first; see claims.toml for what comes of equals."""
    found = {
        record["settings"]["sight"]: record["result"]["score"]
        for record in records
        if record["settings"]["step"] == "screen"
        and (record["settings"]["corpus"], record["settings"]["read_at"], record["settings"]["repeat"])
        == (corpus, "mean", 0)
    }
    if absent := [plan for plan in PLANS if plan not in found]:
        sys.exit(
            f"{corpus}: {len(absent)} of {len(PLANS)} plans have no score yet. Run the step screen with these options."
        )
    return sorted(PLANS[1:-1], key=lambda plan: (-found[plan], plan.count("1"), plan))


if __name__ == "__main__":
    start(main)
