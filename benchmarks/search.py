"""The study of searches: do the cheap ones find the sight that training all plans finds, and more than chance finds?

    python benchmarks/search.py search     every strategy on every corpus, one seed, on dev; after `sight.py screen`
    python benchmarks/search.py confirm    the plans they chose, trained again on fresh seeds, on test
    python benchmarks/search.py report     tables of what is there into docs/sight.md

Contrasts, margin and the share of the cost are declared in search.toml. Documents and training are those of sight.py,
so nothing is run twice: the exhaustive search is the 16 plans of its Screen, and runs of its Confirm stand for those
with the same plan and seed. One plan is trained again by the search's own code: it has to score the same, and tells
what each of the 16 costs.
Each step says how many runs it has and how long they should take before the first one starts.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cells.search import GROUPS, run
from claims import Claims, read_claims
from pages.search import Searched, write_page
from sight import EPOCHS, PLANS, ROOT, Words, announce, count_words, has_files, keep, list_plans, make_settings, think
from study import Cell, Study, make_parser, read_records, run_study, start, write_json

from tagwright.search.space import Space
from tagwright.search.strategies.oneshot import KEPT, SHARE

DECLARED = Path(__file__).with_suffix(".toml")
SEARCHES = ("oneshot", "learned")
CHECKED, PLAN = "plain", "1111"  # one plan trained as the exhaustive search does it
SAME = 1e-9  # as two scores are that come of the same training
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
    parser.add_argument("--sight", type=Path, default=ROOT / "runs" / "bench" / "sight", help="results of sight.py")
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "sight.md", help="what `report` writes into")
    return parser.parse_args()


# --- the steps -------------------------------------------------------------------------------------------------------


def search(options: argparse.Namespace, claims: Claims, words: Words) -> int:
    """Each strategy as a whole, and one plan alone."""
    read_plans(options, words, whole=True)
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
    print(f"{borrow(cells, options)} of them are runs of sight.py's Confirm.")
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
    """What the searches found, on those corpora on which all of them are done. `whole`: on all, or not at all."""
    records = read_records(list_searches(options, claims, words), options.out / "search" / "cells")
    found = read_plans(options, words, whole=whole)
    for record in records.values():
        corpus, name = record["settings"]["corpus"], record["settings"]["strategy"]
        found[corpus][name] = record["result"]
    done = {corpus: results for corpus, results in found.items() if {*PLANS, CHECKED, *SEARCHES} <= set(results)}
    if whole and (absent := [corpus for corpus in words if corpus not in done]):
        sys.exit(f"{', '.join(absent)}: not every search is done. Run the step search with these options.")
    for corpus, results in done.items():
        check_plan(corpus, results)
    return Searched(claims, done)


def read_plans(options: argparse.Namespace, words: Words, *, whole: bool) -> dict[str, dict[str, Any]]:
    """corpus -> plan -> its dev score in Screen. `whole`: an absent one ends the script."""
    wanted = list_plans(options, words)
    records = read_records(wanted, options.sight / "screen" / "cells")
    if whole and len(records) < len(wanted):
        absent = len(wanted) - len(records)
        sys.exit(f"{absent} of {len(wanted)} plans have no score yet. Run `sight.py screen` with these options.")
    found: dict[str, dict[str, Any]] = {corpus: {} for corpus in words}
    for record in records.values():
        plan = record["settings"]["sight"]
        found[record["settings"]["corpus"]][plan] = {"dev": {plan: record["result"]["score"] / 100}}
    return found


def check_plan(corpus: str, results: dict[str, Any]) -> None:
    """The plan that was trained both ways has to score the same; its tokens are those of every plan."""
    own, screened = results[CHECKED]["dev"][PLAN], results[PLAN]["dev"][PLAN]
    if abs(own - screened) > SAME:
        sys.exit(f"{corpus}, {PLAN}: {100 * own:.2f} by the search's own code, {100 * screened:.2f} in Screen.")
    for plan in PLANS:
        results[plan]["tokens"] = results[CHECKED]["tokens"]


def borrow(cells: Sequence[Cell], options: argparse.Namespace) -> int:
    """Take over the runs that sight.py's Confirm has with the same settings; gives their number."""
    folder = options.out / "cells"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {json.dumps(cell.settings, sort_keys=True): cell for cell in cells}
    count = 0
    for path in sorted((options.sight / "confirm" / "cells").glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        settings = {name: value for name, value in record["settings"].items() if name != "arm"}
        if cell := wanted.get(json.dumps(settings, sort_keys=True)):
            write_json(folder / f"{cell.name}.json", record | {"cell": cell.name, "settings": settings})
            count += 1
    return count


# --- the cells -------------------------------------------------------------------------------------------------------


def list_searches(options: argparse.Namespace, claims: Claims, words: Words) -> list[Cell]:
    cells = []
    for corpus in words:
        for strategy, plan in [*((name, None) for name in SEARCHES), (CHECKED, PLAN)]:
            varied = {"strategy": strategy, "plan": plan, "read_at": claims.read_at}
            settings = make_settings(options, step="search", model=options.decoder, corpus=corpus, seed=SEED)
            seconds = think_search(words[corpus], strategy, epochs=options.epochs)
            cells.append(Cell(f"{corpus}-{strategy}", settings | varied, seconds))
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
