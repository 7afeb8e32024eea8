"""The contrasts that were declared beforehand, read and judged. Trains nothing."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from math import ceil
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
    """What a declaration says. A place is where arms are compared: a corpus and what else is the same for them; it may
    have seeds and arms of its own. `most`: in so many places, or in such a share of them. `rest`: for one study alone.
    """

    places: Mapping[str, Mapping[str, Any]]
    seeds: Sequence[int]
    read_at: str
    most_runs: int
    margin: float
    most: float
    grades: Mapping[str, str]
    arms: Mapping[str, Mapping[str, Any]]
    contrasts: tuple[Claim, ...]
    rest: Mapping[str, Any]

    @property
    def corpora(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(place["corpus"] for place in self.places.values()))

    @property
    def runs(self) -> int:
        return sum(len(self.list_arms(place)) * len(self.list_seeds(place)) for place in self.places)

    def list_arms(self, place: str) -> Sequence[str]:
        found: Sequence[str] = self.places[place].get("arms", list(self.arms))
        return found

    def list_seeds(self, place: str) -> Sequence[int]:
        found: Sequence[int] = self.places[place].get("seeds", self.seeds)
        return found

    def count_needed(self, claim: Claim) -> int:
        """In how many places what is hoped must be seen."""
        both = sum({claim.a, claim.b} <= set(self.list_arms(place)) for place in self.places)
        return int(self.most) if self.most >= 1 else ceil(self.most * both)


def read_claims(path: Path = PATH) -> Claims:
    """The declaration, if it holds together: no arm that nobody compares, none that isn't there, and within its cap."""
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    told["contrasts"] = tuple(Claim(**each) for each in told["contrasts"])
    told["places"] = told.get("places") or {corpus: {"corpus": corpus} for corpus in told.pop("corpora")}
    names = {field.name for field in fields(Claims)}
    named = {name: value for name, value in told.items() if name in names}
    claims = Claims(**named, rest={name: value for name, value in told.items() if name not in names})
    contrasts = claims.contrasts
    used = {arm for claim in contrasts for arm in (claim.a, claim.b)}
    if used != set(claims.arms):
        raise ValueError(f"{path}: arms and contrasts differ in {sorted(used ^ set(claims.arms))}.")
    if unknown := {claim.hoped for claim in contrasts} - set(HOPES):
        raise ValueError(f"{path}: {sorted(unknown)} can't be hoped for; expected one of {list(HOPES)}.")
    if stray := {arm for place in claims.places for arm in claims.list_arms(place)} - set(claims.arms):
        raise ValueError(f"{path}: places name the arms {sorted(stray)}, which aren't there.")
    if claims.runs > claims.most_runs:
        raise ValueError(f"{path}: {claims.runs} runs, and at most {claims.most_runs} were declared.")
    return claims


Runs = Mapping[tuple[str, str], Sequence[Report]]  # (arm, place) -> a report for each seed


def compare_arms(
    claims: Claims, runs: Runs, *, metrics: Mapping[str, str], floors: Mapping[str, float] | None = None
) -> dict[tuple[str, str], Comparison]:
    """(contrast, place) -> what can be said, p corrected over all of them.

    metrics: a place's score. floors: points of it that an arm must pass to have said anything.
    """
    done = {
        (claim.name, place): _compare_sides(
            claims, claim, (runs[claim.a, place], runs[claim.b, place]), metric=metrics[place]
        )
        for claim in claims.contrasts
        for place in claims.places
        if runs.get((claim.a, place)) and runs.get((claim.b, place))
    }
    corrected = dict(zip(done, correct_holm(list(done.values())), strict=True))
    return {key: _hold_to_floor(one, (floors or {}).get(key[1])) for key, one in corrected.items()}


def _compare_sides(
    claims: Claims, claim: Claim, sides: tuple[Sequence[Report], Sequence[Report]], *, metric: str
) -> Comparison:
    """Arms that share their runs differ by nothing, whatever other seeds would have given."""
    settings = Settings(metric=metric, margin=claims.margin)
    found = compare_reports(*sides, names=(claim.a, claim.b), settings=settings)
    if sides[0] is not sides[1]:
        return found
    return replace(found, interval=(0.0, 0.0), interval90=(0.0, 0.0), p=1.0)


def _hold_to_floor(comparison: Comparison, floor: float | None) -> Comparison:
    if floor is None or max(comparison.means) > floor:
        return comparison
    return replace(comparison, unpredicted=f"anything above the floor of {floor:.1f}")


def judge(comparison: Comparison) -> str:
    """better, worse, equivalent, not worse, or open: of the first side, as claims.toml defines them.

    floor: neither side predicts anything to speak of, so that nothing can be said.
    """
    if comparison.unpredicted:
        return "floor"
    if comparison.is_different:
        return "better" if comparison.difference > 0 else "worse"
    if comparison.is_equivalent:
        return "equivalent"
    return "not worse" if comparison.interval90[0] > -comparison.settings.margin else "open"


def grade(claims: Claims, claim: Claim, verdicts: Sequence[str]) -> str:
    """What the verdicts in all places make of one contrast."""
    shown = (
        sum(verdict in HOPES[claim.hoped] for verdict in verdicts) >= claims.count_needed(claim)
        and "worse" not in verdicts
    )
    return claims.grades["shown" if shown else "before"]
