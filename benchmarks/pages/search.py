"""docs/sight.md: what each search chose, what it cost, and whether its plan holds on fresh seeds. Trains nothing."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cells.search import GROUPS
from cells.sight import find_metric
from claims import Claims, compare_arms
from pages.contrasts import Comparisons, gather_reports, tabulate_claims, tabulate_contrasts
from pages.markers import fill, make_table
from scipy.stats import spearmanr

from tagwright.search.cell import Cell, Record
from tagwright.search.config import make_search
from tagwright.search.space import Space
from tagwright.search.strategies.search import rank

PLAIN, PLANS = "exhaustive", Space(GROUPS, 0).plans


@dataclass(frozen=True)
class Searched:
    """corpus -> results: of every plan of the exhaustive search by its bits, of the other searches by their name."""

    claims: Claims
    results: Mapping[str, Mapping[str, Any]]

    @property
    def corpora(self) -> list[str]:
        return list(self.results)

    def score(self, corpus: str) -> dict[str, float]:
        """plan -> dev F1 after a whole training."""
        return {plan: self.results[corpus][plan]["dev"][plan] for plan in PLANS}

    def choose(self, corpus: str, arm: str) -> str:
        """The plan that an arm took."""
        return self.search(corpus, arm)[0]

    def cost(self, corpus: str, arm: str) -> int:
        """Tokens through the backbone."""
        return self.search(corpus, arm)[1]

    def search(self, corpus: str, arm: str) -> tuple[str, int]:
        """The plan and its cost: as they were recorded, or, for what trains plans from scratch, looked up there."""
        results, cost = self.results[corpus], 0
        if arm in results:
            return results[arm]["chosen"], results[arm]["tokens"]

        def look_up(cells: Sequence[Cell]) -> list[Record]:
            nonlocal cost
            cost += sum(results[str(cell.plan)]["tokens"] for cell in cells)
            return [Record(cell, results[str(cell.plan)]["dev"]) for cell in cells]

        space = Space(GROUPS, self.claims.corpora.index(corpus))  # each corpus has draws of its own
        chosen = make_search(self._write(corpus, arm)).find(space, look_up).ranking[0].plan
        return chosen, cost

    def _write(self, corpus: str, arm: str) -> str:
        """The strategy of an arm; one that is to be as dear as another gets as many plans."""
        dear = self.claims.arms[arm].get("as_dear_as")
        if dear is None:
            return arm
        one = statistics.mean(self.results[corpus][plan]["tokens"] for plan in PLANS)
        return f"random:{max(1, round(self.cost(corpus, dear) / one))}"


def write_page(found: Searched, confirmed: Sequence[Mapping[str, Any]], *, page: Path, share: float) -> None:
    """Fill the page's places."""
    comparisons = compare(found, confirmed)
    parts = {
        "searches": tabulate_searches(found, share=share),
        "search contrasts": tabulate_confirmed(found, comparisons),
        "search claims": tabulate_claims(found.claims, comparisons),
    }
    page.write_text(fill(page.read_text(encoding="utf-8"), parts), encoding="utf-8")


def compare(found: Searched, confirmed: Sequence[Mapping[str, Any]]) -> Comparisons:
    """(contrast, corpus) -> what the fresh seeds say."""
    reports = gather_reports(confirmed, lambda settings: (settings["corpus"], settings["sight"]))
    runs = {
        (arm, corpus): reports.get((corpus, found.choose(corpus, arm)), [])
        for arm in found.claims.arms
        for corpus in found.corpora
    }
    metrics = {corpus: find_metric(corpus) for corpus in found.corpora}
    return compare_arms(found.claims, runs, metrics=metrics)


def tabulate_searches(found: Searched, *, share: float) -> str:
    """What each chose, where that stands among all plans, what it took; and how well shared weights rank plans."""
    rows = []
    for corpus in found.corpora:
        scores, whole = found.score(corpus), found.cost(corpus, PLAIN)
        order = [one.plan for one in rank(scores, terms="")]
        for arm in found.claims.arms:
            plan, part = found.choose(corpus, arm), found.cost(corpus, arm) / whole
            lost = 100 * (scores[order[0]] - scores[plan])
            kept = "-" if arm == PLAIN else "yes" if part <= share else "no"
            field = found.results[corpus].get(arm, {}).get("dev", {})
            place, cost = str(order.index(plan) + 1), f"{100 * part:.1f} %"
            rows.append([corpus, arm, f"`{plan}`", place, f"{lost:.2f}", cost, kept, _correlate(field, scores)])
    heads = ["corpus", "search", "chosen", "its place of 16", "dev F1 below the best", "cost"]
    return make_table([*heads, f"at most {100 * share:g} %", "rank correlation"], rows)


def _correlate(field: Mapping[str, float], scores: Mapping[str, float]) -> str:
    sides = [field.get(plan) for plan in scores], list(scores.values())
    if len(field) < len(scores) or any(len(set(side)) == 1 for side in sides):  # or there is nothing to order
        return "-"
    return f"{spearmanr(*sides).statistic:.2f}"


def tabulate_confirmed(found: Searched, comparisons: Comparisons) -> str:
    named = {claim.name: claim for claim in found.claims.contrasts}

    def place(name: str, corpus: str) -> list[str]:
        plans = (found.choose(corpus, arm) for arm in (named[name].a, named[name].b))
        return [corpus, " / ".join(f"`{plan}`" for plan in plans)]

    return tabulate_contrasts(comparisons, heads=["corpus", "plans"], place=place)
