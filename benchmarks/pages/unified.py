"""The page of the study of writers: a run of several tasks is taken apart, and a place at the floor tells nothing.

A part that wasn't run says so. Trains nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from cells.sight import cut_part, find_file, read_part
from claims import compare_arms
from pages import arms
from pages.arms import Record, list_settings, tabulate_costs, tabulate_rates, tabulate_scores, take, tell_caps
from pages.contrasts import Comparisons, Key, gather_reports, spread, tabulate_claims, tabulate_contrasts
from pages.markers import fill, make_table, write_facts

import tagwright
from tagwright.evaluation.report import Report
from tagwright.formats import TASKS

STATES = ("sgd_sample", "multiwoz21")


def flatten(record: Record) -> list[dict[str, Any]]:
    """A record for each task of a run, as if it had been one alone: of its time, an equal share."""
    shared, result = dict(record["settings"]), record["result"]
    tasks, places, count = shared.pop("tasks"), result["places"], len(result["places"])
    return [
        {
            "settings": shared | tasks[place] | {"place": place},
            "seconds": record["seconds"] / count,
            "result": found | {"moved": result["moved"], "train_seconds": result["train_seconds"] / count},
        }
        for place, found in places.items()
    ]


class Found(arms.Found):
    """As of any study that compares arms, and what documents score in which nothing is predicted."""

    counted = "scores"

    @cached_property
    def nothing(self) -> Mapping[str, float]:
        """Place -> points."""
        any_seed = {record["settings"]["place"]: record["settings"] for record in self.confirm}
        return {place: score_nothing(settings) for place, settings in any_seed.items()}

    @cached_property
    def floors(self) -> Mapping[str, float]:
        return {place: points + self.claims.rest["floor"] for place, points in self.nothing.items()}

    @cached_property
    def reports(self) -> Mapping[Key, Sequence[Report]]:
        """(arm, place) -> a report for each seed."""
        return gather_reports(self.confirm, lambda settings: (settings["arm"], settings["place"]))

    @cached_property
    def comparisons(self) -> Comparisons:
        corpora = self.claims.rest["corpora"]
        metrics = {name: corpora[place["corpus"]]["metric"] for name, place in self.claims.places.items()}
        return compare_arms(self.claims, self.reports, metrics=metrics, floors=self.floors)


def score_nothing(settings: Mapping[str, Any]) -> float:
    """In percent: of a dialogue, the share of turns after which nothing holds yet."""
    gold = cut_part(settings, part="test")
    given = TASKS[settings["task"]].given
    report = tagwright.evaluate(gold, [document.only(given) for document in gold], cases=0)
    return 100 * report.score(settings["metric"])


def write_page(found: Found, page: Path, *, data: Path) -> None:
    """Fill the page's places, and write the numbers beside it. `data`: where corpora lie."""
    parts = {
        "caps": tell_caps(found),
        "scores": tabulate_scores(found),
        "further": tabulate_further(found),
        "floors": tabulate_floors(found),
        "contrasts": tabulate_contrasts(found.comparisons, heads=["place"], place=lambda _, place: [place]),
        "claims": tabulate_claims(found.claims, found.comparisons),
        "rates": tabulate_rates(found),
        "costs": tabulate_costs(found),
        "states": tabulate_states(data),
    }
    page.write_text(fill(page.read_text(encoding="utf-8"), parts), encoding="utf-8")
    numbers = arms.gather(found) | {"nothing": dict(found.nothing)}
    write_facts(page.with_name("unified.json"), numbers)


def tabulate_further(found: Found) -> str:
    """A second score, where a corpus names one."""
    rows = []
    for place, told in found.claims.places.items():
        metric = found.claims.rest["corpora"][told["corpus"]].get("further")
        runs = {arm: found.reports.get((arm, place), ()) for arm in found.claims.arms}
        if metric and any(runs.values()):
            scores = [[100 * report.score(metric) for report in reports] for reports in runs.values()]
            rows.append([f"{place}, {metric}", *(spread(each) if each else "-" for each in scores)])
    return make_table(["place, score", *found.claims.arms], rows)


def tabulate_floors(found: Found) -> str:
    """What saying nothing scores, what an arm must pass to count, the best arm, and which arms don't pass."""
    rows = []
    for place in list_settings(found.confirm, "place"):
        scores = {arm: list(take(found.confirm, place=place, arm=arm).values()) for arm in found.claims.arms}
        means = {arm: sum(runs) / len(runs) for arm, runs in scores.items() if runs}
        best, floor = max(means, key=means.__getitem__), found.floors[place]
        below = [arm for arm, mean in means.items() if mean <= floor]
        told = "all of them: **this place tells nothing**" if len(below) == len(means) else ", ".join(below) or "none"
        rows.append([place, f"{found.nothing[place]:.2f}", f"{floor:.2f}", f"{best} {spread(scores[best])}", told])
    return make_table(["place", "nothing predicted", "floor", "best arm", "at the floor"], rows)


def tabulate_states(data: Path) -> str:
    """Dialogue states by their score alone, also of a corpus that nothing can be trained on.

    Right whatever variant is given: a slot that has several is given its last one.
    """
    rows = []
    for corpus in STATES:
        if find_file(corpus, str(data), part="test") is None:
            continue
        gold = read_part(corpus, str(data), part="test", whole=True)
        empty = [document.only(("turns",)) for document in gold]
        last = [
            replace(document, fields=tuple(replace(field, values=field.values[-1:]) for field in document.fields))
            for document in gold
        ]
        fields = [field for document in gold for field in document.fields]
        counts = str(len(gold)), str(len(fields)), str(sum(len(field.values) > 1 for field in fields))
        scores = (tagwright.evaluate(gold, said, cases=0).score("joint") for said in (empty, last))
        rows.append([corpus, *counts, *(f"{100 * score:.2f}" for score in scores)])
    heads = ["corpus", "dialogues", "values of slots", "with variants", "nothing predicted", "the last variant of each"]
    return make_table(heads, rows)
