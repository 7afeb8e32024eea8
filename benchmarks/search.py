"""The study of searches: do the cheap ones find the sight that training all plans finds, and more than chance finds?

    python benchmarks/search.py search     every strategy on every corpus, one seed, on dev
    python benchmarks/search.py confirm    the plans they chose, trained again on fresh seeds, on test
    python benchmarks/search.py report     tables of what is there into docs/sight.md

Contrasts, margin and the share of the cost are declared in search.toml. Documents and training are those of sight.py.
Each step says how many runs it has and how long they should take before the first one starts.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cells.search import GROUPS, run
from claims import Claims, read_claims
from pages.search import Searched, write_page
from sight import EPOCHS, PLANS, ROOT, Words, announce, count_words, has_files, keep, make_settings, think
from study import Cell, Study, make_parser, read_records, run_study, start

from tagwright.search.space import Space
from tagwright.search.strategies.oneshot import KEPT, SHARE

DECLARED = Path(__file__).with_suffix(".toml")
SEARCHES = ("oneshot", "learned")
SEED = 0  # of the searches; search.toml has others


def main() -> int:
    options = read_options()
    claims = read_claims(DECLARED)
    if options.step == "report":
        return report(options, claims)
    words = {name: count_words(name, options) for name in claims.corpora if has_files(name, options.data)}
    return {"search": search, "confirm": confirm}[options.step](options, claims, words)


def read_options() -> argparse.Namespace:
    parser = make_parser(__doc__, out=ROOT / "runs" / "bench" / "search", seeds=5)
    parser.add_argument("step", choices=("search", "confirm", "report"))
    parser.add_argument("--decoder", default="builtin:tiny-decoder", metavar="MODEL")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="where corpora lie")
    parser.add_argument("--epochs", type=float, default=EPOCHS)
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "sight.md", help="what `report` writes into")
    return parser.parse_args()


# --- the steps -------------------------------------------------------------------------------------------------------


def search(options: argparse.Namespace, claims: Claims, words: Words) -> int:
    """All plans one by one, which is the exhaustive search, and each of the others as a whole."""
    cells = list_searches(options, claims, words)
    options.out = options.out / "search"
    announce("Search", cells, options)
    return run_study(Study(cells, run, keep), options)


def confirm(options: argparse.Namespace, claims: Claims, words: Words) -> int:
    """The chosen plans on fresh seeds; arms with the same plan share their runs."""
    found = read_searched(options, claims, words)
    for corpus in words:
        chosen = ", ".join(f"{arm} {found.choose(corpus, arm)}" for arm in claims.arms)
        print(f"{corpus}: {chosen}")
    cells = list_confirming(options, claims, words=words, found=found)
    options.out = options.out / "confirm"
    announce("Confirm", cells, options)
    return run_study(Study(cells, run, keep), options)


def report(options: argparse.Namespace, claims: Claims) -> int:
    """What is there; what isn't there stays "not yet run" on the page."""
    present = [name for name in claims.corpora if has_files(name, options.data)]
    words = {name: count_words(name, options) for name in present}
    found = read_searched(options, claims, words, whole=False)
    cells = list_confirming(options, claims, words={name: words[name] for name in found.corpora}, found=found)
    records = read_records(cells, options.out / "confirm" / "cells")
    write_page(found, list(records.values()), page=options.page, share=claims.rest["share"])
    print(f"Written into {options.page}: searches on {len(found.corpora)} corpora, {len(records)} runs of Confirm.")
    return 0


def read_searched(options: argparse.Namespace, claims: Claims, words: Words, *, whole: bool = True) -> Searched:
    """The records of the searches, of those corpora on which all of them are done. `whole`: of all, or not at all."""
    records = read_records(list_searches(options, claims, words), options.out / "search" / "cells")
    found: dict[str, dict[str, Any]] = {corpus: {} for corpus in words}
    for record in records.values():
        settings = record["settings"]
        found[settings["corpus"]][settings["plan"] or settings["strategy"]] = record["result"]
    done = {corpus: results for corpus, results in found.items() if {*PLANS, *SEARCHES} <= set(results)}
    if whole and (absent := [corpus for corpus in words if corpus not in done]):
        sys.exit(f"{', '.join(absent)}: not every search is done. Run the step search with these options.")
    return Searched(claims, done)


# --- the cells -------------------------------------------------------------------------------------------------------


def list_searches(options: argparse.Namespace, claims: Claims, words: Words) -> list[Cell]:
    cells = []
    for corpus in words:
        for strategy, plan in [*((name, None) for name in SEARCHES), *(("exhaustive", plan) for plan in PLANS)]:
            varied = {"strategy": strategy, "plan": plan, "read_at": claims.read_at}
            settings = make_settings(options, step="search", model=options.decoder, corpus=corpus, seed=SEED)
            seconds = think_search(words[corpus], strategy, epochs=options.epochs)
            cells.append(Cell(f"{corpus}-{plan or strategy}", settings | varied, seconds))
    return cells


def think_search(words: Mapping[str, float], strategy: str, *, epochs: float) -> float:
    """The seconds that a search should take: trainings, and looks at dev."""
    if strategy == "oneshot":
        scored = words | {"dev": words["dev"] * (len(Space(GROUPS, SEED).plans) + KEPT)}
        return think(scored, epochs=epochs * (1 + KEPT * SHARE), repeat=0, scored="dev")
    return think(words, epochs=epochs, repeat=0, scored="dev")


def list_confirming(options: argparse.Namespace, claims: Claims, *, words: Words, found: Searched) -> list[Cell]:
    """A seed's cells one after the other, so that a study that is stopped early has whole seeds."""
    cells = []
    for seed in claims.seeds[: options.seeds]:
        for corpus in words:
            for plan in dict.fromkeys(found.choose(corpus, arm) for arm in claims.arms):
                settings = make_settings(options, step="confirm", model=options.decoder, corpus=corpus, seed=seed)
                varied = {"sight": plan, "repeat": 0, "read_at": claims.read_at}
                seconds = think(words[corpus], epochs=options.epochs, repeat=0, scored="test")
                cells.append(Cell(f"{corpus}-{plan}-{seed}", settings | varied, seconds))
    return cells


if __name__ == "__main__":
    start(main)
