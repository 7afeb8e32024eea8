"""The page of a study that compares arms: rates that were found, scores, contrasts, claims, ablation, costs; and JSON.

A part that wasn't run says so. Trains nothing.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log10
from pathlib import Path
from typing import Any

from backbones import compare, tell_gain
from claims import Claims, compare_arms
from pages.charts import draw_gains, join_panels, show
from pages.contrasts import Comparisons, gather_reports, list_facts, spread, tabulate_claims, tabulate_contrasts
from pages.markers import fill, make_table, write_facts
from scipy.stats import t as student

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """The records of all steps, each of the settings that are declared now; `factors`: (place, arm) -> of the rate."""

    counted = "runs"  # what a record is of

    claims: Claims
    factors: Mapping[tuple[str, str], float]
    screen: Sequence[Record]
    ablation: Sequence[Record]
    confirm: Sequence[Record]

    @cached_property
    def comparisons(self) -> Comparisons:
        runs = gather_reports(self.confirm, lambda settings: (settings["arm"], settings["place"]))
        corpora = self.claims.rest["corpora"]
        metrics = {name: corpora[place["corpus"]]["metric"] for name, place in self.claims.places.items()}
        return compare_arms(self.claims, runs, metrics=metrics)


def write_page(found: Found, page: Path) -> None:
    """Fill the page's places, and write the chart and JSON beside it."""
    parts = {
        "caps": tell_caps(found),
        "rates": tabulate_rates(found),
        "scores": tabulate_scores(found),
        "contrasts": tabulate_contrasts(found.comparisons, heads=["place"], place=lambda _, place: [place]),
        "claims": tabulate_claims(found.claims, found.comparisons),
        "gain": show(draw_gain(found), page, "gain"),
        "ablation": tabulate_ablation(found),
        "effects": tabulate_effects(found),
        "costs": tabulate_costs(found),
    }
    page.write_text(fill(page.read_text(encoding="utf-8"), parts), encoding="utf-8")
    write_facts(page.with_suffix(".json"), gather(found))


def gather(found: Found) -> dict[str, Any]:
    """All numbers of the page, for machines."""
    kept = {
        step: [
            record["settings"]
            | {name: told for name, told in record["result"].items() if name not in ("spans", "relations", "fields")}
            for record in records
        ]
        for step, records in (("screen", found.screen), ("ablation", found.ablation), ("confirm", found.confirm))
    }
    return kept | {"contrasts": list_facts(found.comparisons)}


# --- tables ----------------------------------------------------------------------------------------------------------


def tell_caps(found: Found) -> str:
    """How much was run, and in which precision."""
    steps = (("Trials", found.screen), ("Ablation", found.ablation), ("Confirm", found.confirm))
    lines = []
    for name, records in ((name, records) for name, records in steps if records):
        hours = sum(record["seconds"] for record in records) / 3600
        precision = "bfloat16" if records[0]["settings"]["recipe"]["training.bf16"] else "float32"
        lines.append(f"- {name}: {len(records)} {found.counted}, {hours:.1f} hours of one thread, in {precision}.")
    return "\n".join(lines)


def take(records: Sequence[Record], **wanted: Any) -> dict[int, float]:
    """Seed -> score of the cells with these settings."""
    return {
        record["settings"]["seed"]: record["result"]["score"]
        for record in records
        if wanted.items() <= record["settings"].items()
    }


def list_settings(records: Sequence[Record], name: str) -> list[Any]:
    return list(dict.fromkeys(record["settings"][name] for record in records))


def tabulate_rates(found: Found) -> str:
    """The rate that each arm took; one at the edge of what was tried is marked, since a better one may lie beyond."""
    rates = {
        (s["place"], s["arm"]): s["rate"]
        for s in (record["settings"] for record in found.screen)
        if found.factors.get((s["place"], s["arm"])) == s["factor"]
    }
    trials, arms = found.claims.rest["training"]["trials"], list(found.claims.arms)
    rows = []
    for place in dict.fromkeys(place for place, arm in rates if arm in arms):
        told = [f"{rates[place, arm]:.2g}" if (place, arm) in rates else "-" for arm in arms]
        marks = ["*" if found.factors.get((place, arm)) in (min(trials), max(trials)) else "" for arm in arms]
        rows.append([place, *(rate + mark for rate, mark in zip(told, marks, strict=True))])
    return make_table(["place", *arms], rows)


def tabulate_scores(found: Found) -> str:
    arms, rows = list(found.claims.arms), []
    for place in list_settings(found.confirm, "place"):
        scores = {arm: take(found.confirm, place=place, arm=arm) for arm in arms}
        seeds = max(len(runs) for runs in scores.values())
        rows.append([place, str(seeds), *(spread(runs.values()) if runs else "-" for runs in scores.values())])
    return make_table(["place", "seeds", *arms], rows)


def tabulate_ablation(found: Found) -> str:
    """Dev scores of every variant beside those of the first one, seed by seed."""
    told, rows = found.claims.rest["ablation"], []
    first = next(iter(told["arms"]))
    places = [place for place in told["places"] if place in list_settings(found.ablation, "place")]
    for arm in told["arms"] if places else ():
        row = [f"`{arm}`"]
        for place in places:
            scores, base = (take(found.ablation, place=place, arm=one) for one in (arm, first))
            row += [
                spread(scores.values()) if scores else "-",
                "" if arm == first else tell_gain(compare(scores, base)),
            ]
        rows.append(row)
    heads = [head for place in places for head in (place, f"beside `{first}`, 95 %")]
    return make_table(["variant", *heads], rows)


def tabulate_effects(found: Found) -> str:
    """The mean of all variants with one level of a factor: what the factor does whatever the others are."""
    told, rows = found.claims.rest["ablation"], []
    levels = {arm: variant["levels"] for arm, variant in told["arms"].items() if "levels" in variant}
    places = [place for place in told["places"] if place in list_settings(found.ablation, "place")]
    pairs = dict.fromkeys(pair for each in levels.values() for pair in each.items())
    for factor, level in sorted(pairs, key=lambda pair: pair[0]) if places else ():
        arms = [arm for arm, each in levels.items() if each.get(factor) == level]
        runs = [[s for arm in arms for s in take(found.ablation, place=place, arm=arm).values()] for place in places]
        rows.append([factor, level, str(len(arms)), *map(tell_mean, runs)])
    return make_table(["factor", "level", "variants", *places], rows)


def tell_mean(scores: Sequence[float]) -> str:
    """With its 95 % interval by Student's t."""
    if len(scores) < 2:
        return "-"
    reach = float(student.ppf(0.975, len(scores) - 1)) * statistics.stdev(scores) / len(scores) ** 0.5
    mean = statistics.mean(scores)
    return f"{mean:.2f} ({mean - reach:.2f} to {mean + reach:.2f})"


def tabulate_costs(found: Found) -> str:
    """Weights that move, and seconds of training beside the first arm's in the same places."""
    places, rows = found.claims.places, []
    groups = dict.fromkeys((places[name]["model"], places[name]["kind"]) for name in places)
    first = next(iter(found.claims.arms))
    for arm in found.claims.arms:
        row = []
        for group in groups:
            runs = [r for r in found.confirm if _find_group(found, r) == group]
            mine, base = ([r for r in runs if r["settings"]["arm"] == one] for one in (arm, first))
            row.append(_tell_cost(mine, [r for r in base if _is_beside(r, mine)]))
        if any(told != "-" for told in row):
            rows.append([arm, *row])
    return make_table(["arm", *(" ".join(group) for group in groups)], rows)


def _find_group(found: Found, record: Record) -> tuple[str, str] | None:
    place = found.claims.places.get(record["settings"]["place"])
    return place and (place["model"], place["kind"])


def _is_beside(record: Record, others: Sequence[Record]) -> bool:
    return record["settings"]["place"] in list_settings(others, "place")


def _tell_cost(runs: Sequence[Record], base: Sequence[Record]) -> str:
    if not runs:
        return "-"
    moved = statistics.median(record["result"]["moved"] for record in runs)
    seconds = [statistics.median(r["result"]["train_seconds"] for r in side) for side in (runs, base) if side]
    return f"{moved:,.0f}" + (f", {seconds[0] / seconds[1]:.2f}x" if len(seconds) == 2 else "")


# --- chart -----------------------------------------------------------------------------------------------------------


def draw_gain(found: Found) -> str:
    """What the declared contrast gains, against the number of documents."""
    wanted = found.claims.rest["chart"]
    gains = {
        place: (log10(found.claims.places[place]["shots"]), one.difference, *one.interval)
        for (name, place), one in found.comparisons.items()
        if name == wanted
    }
    if not gains:
        return ""
    drawn = draw_gains(gains, title=f"{wanted}, points on test, 95 %", along="training documents, as a power of 10")
    return join_panels([drawn], said=f"Difference of the contrast {wanted} against the number of documents.")
