"""The contrasts that were declared beforehand, read and judged. Trains nothing."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tagwright.evaluation.compare import Comparison, Settings, compare_reports, correct_holm
from tagwright.evaluation.report import Report

PATH = Path(__file__).with_suffix(".toml")
HOPES = {"better": ("better",), "as good": ("better", "equivalent"), "not worse": ("better", "equivalent", "not worse")}


@dataclass(frozen=True)
class Claim:
    """One contrast: `a` and `b` are arms, `hoped` says what would speak for `a`."""

    name: str
    question: str
    a: str
    b: str
    hoped: str


@dataclass(frozen=True)
class Claims:
    """What claims.toml declares."""

    corpora: tuple[str, ...]
    seeds: tuple[int, ...]
    read_at: str
    most_runs: int
    margin: float
    most: int
    grades: Mapping[str, str]
    arms: Mapping[str, Mapping[str, Any]]
    contrasts: tuple[Claim, ...]

    @property
    def runs(self) -> int:
        return len(self.corpora) * len(self.seeds) * len(self.arms)


def read_claims(path: Path = PATH) -> Claims:
    """The declaration, if it holds together: no arm that nobody compares, none that isn't there, and within its cap."""
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    contrasts = tuple(Claim(**each) for each in told["contrasts"])
    named = {field: told[field] for field in ("read_at", "most_runs", "margin", "most", "grades", "arms")}
    claims = Claims(tuple(told["corpora"]), tuple(told["seeds"]), contrasts=contrasts, **named)
    used = {arm for claim in contrasts for arm in (claim.a, claim.b)}
    if used != set(claims.arms):
        raise ValueError(f"{path}: arms and contrasts differ in {sorted(used ^ set(claims.arms))}.")
    if unknown := {claim.hoped for claim in contrasts} - set(HOPES):
        raise ValueError(f"{path}: {sorted(unknown)} can't be hoped for; expected one of {list(HOPES)}.")
    if claims.runs > claims.most_runs:
        raise ValueError(f"{path}: {claims.runs} runs, and at most {claims.most_runs} were declared.")
    return claims


Runs = Mapping[tuple[str, str], Sequence[Report]]  # (arm, corpus) -> a report for each seed


def compare_arms(claims: Claims, runs: Runs, *, metrics: Mapping[str, str]) -> dict[tuple[str, str], Comparison]:
    """(contrast, corpus) -> what can be said, p corrected over all of them. `metrics`: a corpus' score."""
    done = {
        (claim.name, corpus): compare_reports(
            runs[claim.a, corpus],
            runs[claim.b, corpus],
            names=(claim.a, claim.b),
            settings=Settings(metric=metrics[corpus], margin=claims.margin),
        )
        for claim in claims.contrasts
        for corpus in claims.corpora
        if runs.get((claim.a, corpus)) and runs.get((claim.b, corpus))
    }
    return dict(zip(done, correct_holm(list(done.values())), strict=True))


def judge(comparison: Comparison) -> str:
    """better, worse, equivalent, not worse, or open: of the first side, as claims.toml defines them."""
    if comparison.unpredicted:
        return "open"
    if comparison.is_different:
        return "better" if comparison.difference > 0 else "worse"
    if comparison.is_equivalent:
        return "equivalent"
    return "not worse" if comparison.interval90[0] > -comparison.settings.margin else "open"


def grade(claims: Claims, claim: Claim, verdicts: Sequence[str]) -> str:
    """What the verdicts on all corpora make of one contrast."""
    shown = sum(verdict in HOPES[claim.hoped] for verdict in verdicts) >= claims.most and "worse" not in verdicts
    return claims.grades["shown" if shown else "before"]
