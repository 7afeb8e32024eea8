"""What every declared study says on its page: reports of what cells keep, contrasts with intervals, claims and grades.

Trains nothing, and knows no study.
"""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from cells.sight import cut_part, rebuild
from claims import Claims, grade, judge
from pages.markers import make_table

from tagwright.evaluation.compare import Comparison
from tagwright.evaluation.report import Report, evaluate

Key = tuple[str, str]
Comparisons = Mapping[Key, Comparison]  # (contrast, place) -> what can be said


def gather_reports(
    records: Iterable[Mapping[str, Any]], find_key: Callable[[Mapping[str, Any]], Key]
) -> dict[Key, list[Report]]:
    """The reports of all seeds, in their order, under what `find_key` makes of a cell's settings."""
    reports: dict[Key, list[Report]] = {}
    for record in sorted(records, key=lambda record: record["settings"]["seed"]):
        gold = cut_part(record["settings"], part="test")
        report = evaluate(gold, rebuild(gold, record["result"]), cases=0)
        reports.setdefault(find_key(record["settings"]), []).append(report)
    return reports


def tabulate_contrasts(
    comparisons: Comparisons, *, heads: Sequence[str], place: Callable[[str, str], Sequence[str]]
) -> str:
    """`place` says of a contrast and a place what stands in the columns that `heads` names."""
    rows = []
    for (name, where), one in comparisons.items():
        a, b = (spread(scores) for scores in one.scores)
        gain = f"{one.difference:+.2f} ({one.interval[0]:+.2f} to {one.interval[1]:+.2f})"
        rows.append([name, *place(name, where), a, b, gain, f"{one.p_holm:.3f}", judge(one)])
    return make_table(["contrast", *heads, "first", "second", "difference, 95 %", "p, Holm", "first is"], rows)


def tabulate_claims(claims: Claims, comparisons: Comparisons) -> str:
    rows = []
    for claim in claims.contrasts:
        verdicts = [judge(one) for (name, _), one in comparisons.items() if name == claim.name]
        if verdicts:
            told = ", ".join(f"{verdicts.count(each)} {each}" for each in dict.fromkeys(verdicts))
            rows.append([claim.question, claim.hoped, told, grade(claims, claim, verdicts)])
    return make_table(["question", "hoped", "seen", "grade"], rows)


def list_facts(comparisons: Comparisons) -> list[dict[str, Any]]:
    """For machines."""
    return [
        {"contrast": name, "place": place, "judged": judge(one), **one.to_dict()}
        for (name, place), one in comparisons.items()
    ]


def spread(scores: Iterable[float]) -> str:
    """Mean and standard deviation."""
    values = list(scores)
    return f"{statistics.mean(values):.2f}" + (f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else "")
