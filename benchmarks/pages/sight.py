"""docs/sight.md: tables, charts and JSON of the sight study's records. A part that wasn't run says so."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cells.sight import find_metric
from claims import Claims, compare_arms
from pages.charts import draw_gains, draw_plans, join_panels, show
from pages.contrasts import gather_reports, list_facts, tabulate_claims, tabulate_contrasts
from pages.markers import fill, make_table, write_facts

from tagwright.evaluation.compare import Comparison
from tagwright.evaluation.report import Report

Record = Mapping[str, Any]
SAME = ("documents", "epochs", "rate", "batch")
PLACES = (("mean", 0), ("last", 0), ("first", 0), ("mean", 1), ("last", 1), ("first", 1))  # read at, repeat


@dataclass(frozen=True)
class Found:
    """The records of both steps, as they lie there; records of different settings can't stand in one table."""

    claims: Claims
    screen: Sequence[Record]
    confirm: Sequence[Record]

    def __post_init__(self) -> None:
        for name, records in (("Screen", self.screened), ("Confirm", self.confirm)):
            kinds = {json.dumps([record["settings"][key] for key in SAME]) for record in records}
            states = {(record["settings"]["model"], record["settings"]["digest"]) for record in records}
            if len(kinds) > 1 or len(states) > len({model for model, _ in states}):
                raise ValueError(f"{name} has cells of different settings or weights. Delete those of the old ones.")

    @staticmethod
    def read(path: Path) -> Record:
        found: Record = json.loads(path.read_text(encoding="utf-8"))
        return found

    @cached_property
    def screened(self) -> list[Record]:
        return [record for record in self.screen if record["settings"]["step"] == "screen"]

    @cached_property
    def needs(self) -> dict[str, dict[str, float]]:
        """corpus -> what was measured of its right context."""
        return {
            record["settings"]["corpus"]: record["result"]
            for record in self.screen
            if record["settings"]["step"] == "need"
        }

    @cached_property
    def chosen(self) -> dict[str, str]:
        """corpus -> the plan that Confirm took."""
        return {
            r["settings"]["corpus"]: r["settings"]["sight"] for r in self.confirm if r["settings"]["arm"] == "chosen"
        }

    @cached_property
    def runs(self) -> dict[tuple[str, str], list[Report]]:
        """(arm, corpus) -> the reports of its seeds, in their order."""
        return gather_reports(self.confirm, lambda settings: (settings["arm"], settings["corpus"]))

    @cached_property
    def comparisons(self) -> dict[tuple[str, str], Comparison]:
        metrics = {corpus: find_metric(corpus) for corpus in self.claims.corpora}
        return compare_arms(self.claims, self.runs, metrics=metrics)

    def score(self, corpus: str, sight: str, *, read_at: str = "mean", repeat: int = 0) -> float | None:
        """A dev score of the screen."""
        wanted = {"corpus": corpus, "sight": sight, "read_at": read_at, "repeat": repeat}
        hits = (r["result"]["score"] for r in self.screened if wanted.items() <= r["settings"].items())
        return next(hits, None)


def write_page(found: Found, page: Path, *, mask_cost: Path) -> None:
    """Fill the page's places, and write charts and JSON beside it."""
    costs = json.loads(mask_cost.read_text(encoding="utf-8")) if mask_cost.is_file() else {}
    parts = {
        "caps": tell_caps(found),
        "need": tabulate_needs(found),
        "screen": tabulate_plans(found) + show(draw_screen(found), page, "screen"),
        "reading": tabulate_reading(found),
        "confirm": tabulate_confirmed(found),
        "claims": tabulate_claims(found.claims, found.comparisons),
        "gain": show(draw_gain(found), page, "gain"),
        "time": tabulate_time(found),
        "mask": tabulate_costs(costs),
    }
    page.write_text(fill(page.read_text(encoding="utf-8"), parts), encoding="utf-8")
    write_facts(page.with_suffix(".json"), gather(found, costs))


def gather(found: Found, costs: Mapping[str, Any]) -> dict[str, Any]:
    """All numbers of the page, for machines."""
    return {
        "need": found.needs,
        "screen": [record["settings"] | record["result"] for record in found.screened],
        "confirm": [
            record["settings"] | {key: value for key, value in record["result"].items() if key != "spans"}
            for record in found.confirm
        ],
        "contrasts": list_facts(found.comparisons),
        "mask_cost": costs,
    }


# --- tables ----------------------------------------------------------------------------------------------------------


def tell_caps(found: Found) -> str:
    """How much was run, and under which caps."""
    lines = []
    for name, records in (("Screen", found.screened), ("Confirm", found.confirm)):
        if records:
            settings, hours = records[0]["settings"], sum(record["seconds"] for record in records) / 3600
            caps = ", ".join(f"{count} of {part}" for part, count in settings["documents"].items())
            rest = f"{settings['epochs']:g} epochs, batches of {settings['batch']}, learning rate {settings['rate']:g}"
            lines.append(
                f"- {name}: {len(records)} runs, {hours:.1f} hours of one thread. At most {caps} documents; {rest}."
            )
    return "\n".join(lines)


def tabulate_needs(found: Found) -> str:
    rows = [
        [corpus, f"{need['left']:.3f}", f"{need['both']:.3f}", f"{need['need']:.1f} %"]
        for corpus, need in sorted(found.needs.items(), key=lambda pair: -pair[1]["need"])
    ]
    return make_table(["corpus", "bits a word, left words seen", "right words too", "need"], rows)


def tabulate_plans(found: Found) -> str:
    plans = list(dict.fromkeys(sorted(record["settings"]["sight"] for record in found.screened)))
    corpora = [name for name in found.claims.corpora if any(found.score(name, plan) is not None for plan in plans)]
    best = {corpus: max((found.score(corpus, plan) or 0.0 for plan in plans), default=0.0) for corpus in corpora}
    rows = []
    for plan in plans:
        scores = {corpus: found.score(corpus, plan) for corpus in corpora}
        rows.append([f"`{plan}`", *(_bold(score, score == best[corpus]) for corpus, score in scores.items())])
    return make_table(["plan", *corpora], rows)


def tabulate_reading(found: Found) -> str:
    varied = dict.fromkeys(
        (record["settings"]["corpus"], record["settings"]["sight"])
        for record in found.screened
        if record["settings"]["read_at"] != "mean"
    )
    rows = []
    for corpus, plan in varied:
        scores = [found.score(corpus, plan, read_at=read_at, repeat=repeat) for read_at, repeat in PLACES]
        rows.append([corpus, f"`{plan}`", *(_bold(score, False) for score in scores)])
    heads = [read_at + (", given twice" if repeat else "") for read_at, repeat in PLACES]
    return make_table(["corpus", "plan", *heads], rows)


def tabulate_confirmed(found: Found) -> str:
    return tabulate_contrasts(
        found.comparisons,
        heads=["corpus", "chosen plan"],
        place=lambda _, corpus: [corpus, f"`{found.chosen.get(corpus, '?')}`"],
    )


def tabulate_time(found: Found) -> str:
    """Seconds of training, beside the untouched decoder on the same corpus."""
    seconds: dict[tuple[str, str], list[float]] = {}
    for record in found.confirm:
        key = record["settings"]["arm"], record["settings"]["corpus"]
        seconds.setdefault(key, []).append(record["result"]["train_seconds"])
    medians = {key: statistics.median(values) for key, values in seconds.items()}
    arms = dict.fromkeys(arm for arm, _ in medians)
    corpora = [name for name in found.claims.corpora if ("none", name) in medians]
    rows = [[arm, *(_ratio(medians.get((arm, corpus)), medians["none", corpus]) for corpus in corpora)] for arm in arms]
    return make_table(["arm", *corpora], rows)


def tabulate_costs(costs: Mapping[str, Any]) -> str:
    rows = [
        [
            str(row["tokens"]),
            row["batch"],
            f"{row['untouched']:.1f} ms",
            *(f"{row['ratios'][name]:.3f}x" for name in costs["sides"]),
            row["aim"],
        ]
        for row in costs.get("rows", [])
    ]
    return make_table(["tokens", "batch", "untouched", *costs.get("sides", []), "aim"], rows)


# --- charts ----------------------------------------------------------------------------------------------------------


def draw_screen(found: Found) -> str:
    panels = []
    for corpus in found.claims.corpora:
        plans = sorted({r["settings"]["sight"] for r in found.screened if r["settings"]["corpus"] == corpus})
        scores = {plan: score for plan in plans if (score := found.score(corpus, plan)) is not None}
        if len(scores) > 1:
            panels.append(draw_plans(scores, title=f"{corpus}, dev", marked=found.chosen.get(corpus, "")))
    said = "Dev score of each plan, input to output; the dashed line is the plan that opens nothing."
    return join_panels(panels, said=said) if panels else ""


def draw_gain(found: Found) -> str:
    """What a chosen plan gains, against how much a corpus needs its right context."""
    gains = {
        corpus: (found.needs[corpus]["need"], one.difference, *one.interval)
        for (name, corpus), one in found.comparisons.items()
        if name == "chosen-none" and corpus in found.needs
    }
    if not gains:
        return ""
    drawn = draw_gains(gains, title="chosen - none, points on test, 95 %", along="need of right context, %")
    return join_panels([drawn], said="Gain of the chosen plan against the need of right context, corpus by corpus.")


def _bold(score: float | None, is_best: bool) -> str:
    return "-" if score is None else f"**{score:.2f}**" if is_best else f"{score:.2f}"


def _ratio(value: float | None, base: float) -> str:
    return "-" if value is None else f"{value / base:.2f}x"
