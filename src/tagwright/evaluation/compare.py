"""Is one side better than the other, are they equal, or can the data not tell? Knows reports and numbers, no documents.

A side is one or more runs (seeds) of one system over the same gold documents. `resampling` does the arithmetic.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean, stdev
from typing import Any

from tagwright.errors import DataError, RecipeError
from tagwright.evaluation.report import SHARES, Metric, Report, evaluate
from tagwright.evaluation.resampling import bootstrap, permute, tabulate
from tagwright.registry import suggest
from tagwright.text.document import Document

Runs = Sequence[Sequence[Document]]
LEVEL, POWER, FEW = 0.05, 0.80, 30


@dataclass(frozen=True)
class Settings:
    """How to compare; `margin` is in points (hundredths), the difference that would not matter."""

    metric: str = "exact.f1"
    draws: int = 2000
    seed: int = 0
    margin: float = 1.0

    def __post_init__(self) -> None:
        if self.draws < 100 or self.margin <= 0:
            raise DataError(f"{self.draws} draws and a margin of {self.margin}: take at least 100, and above 0.")


@dataclass(frozen=True)
class Contrast:
    """Two sides over the same gold documents."""

    gold: Sequence[Document]
    a: Runs
    b: Runs
    names: tuple[str, str] = ("A", "B")


@dataclass(frozen=True)
class Comparison:
    """What can be said of A minus B. Scores, difference, intervals, margin and `detectable` are in points.

    `interval` holds 95 %, `interval90` 90 % (two one-sided tests at 5 % each: it lies within the margin or not).
    `p` is the permutation test's; `p_holm` the same after Holm's correction over several contrasts.
    `detectable` is the smallest true difference that data like these would show 4 times in 5, by interval and test.
    `least_p` is the p of the largest difference that the test met: above 5 %, the test can show nothing.
    `unpredicted` says what neither side predicts, if there is nothing to compare.
    """

    names: tuple[str, str]
    settings: Settings
    documents: int
    scores: tuple[tuple[float, ...], tuple[float, ...]]
    difference: float
    interval: tuple[float, float]
    interval90: tuple[float, float]
    p: float
    detectable: float
    p_holm: float | None = None
    least_p: float = 0.0
    unpredicted: str | None = None

    @property
    def means(self) -> tuple[float, float]:
        return fmean(self.scores[0]), fmean(self.scores[1])

    @property
    def deviations(self) -> tuple[float | None, float | None]:
        """Standard deviation over the runs of each side; None for a single run."""
        a, b = (stdev(runs) if len(runs) > 1 else None for runs in self.scores)
        return a, b

    @property
    def is_different(self) -> bool:
        """The 95 % interval leaves out 0 and p (Holm's, if there) is below 5 %."""
        return self._passes_test and self._excludes_zero

    @property
    def _passes_test(self) -> bool:
        return (self.p if self.p_holm is None else self.p_holm) < LEVEL

    @property
    def _excludes_zero(self) -> bool:
        return not self.interval[0] <= 0 <= self.interval[1]

    @property
    def is_equivalent(self) -> bool:
        """The 90 % interval lies within the margin, and there is something to compare."""
        if self.unpredicted or self._is_at_floor:
            return False
        return -self.settings.margin < self.interval90[0] and self.interval90[1] < self.settings.margin

    @property
    def verdict(self) -> str:
        """One sentence, and what to bear in mind."""
        if self.unpredicted:
            return f"Neither side predicts {self.unpredicted}; nothing to compare."
        if self._is_at_floor:
            return f"Neither side finds any: {self.settings.metric} is 0 on both, which doesn't make them equivalent."
        return " ".join([self._judge(), *self.notes])

    @property
    def _is_at_floor(self) -> bool:
        return not any(map(any, self.scores))

    def _judge(self) -> str:
        a, b = self.names if self.difference >= 0 else self.names[::-1]
        unit, margin = _name_unit(self.settings.metric), f"{self.settings.margin:g}"
        size = f"{abs(self.difference):.1f} {unit} (95 % interval {self._show(self.interval)}"
        evidence = f"{size}, {self._p})"
        if self.is_different:
            small = f" The difference is small all the same: equivalent within {margin}." if self.is_equivalent else ""
            return f"{a} is better than {b} by {evidence}.{small}"
        if self.is_equivalent:
            shown = self._show(self.interval90)
            return f"{a} and {b} are equivalent within {margin} {unit}: {a} is ahead by {shown} (90 % interval)."
        if self._excludes_zero or self._passes_test:
            return f"Not settled: {a} is ahead of {b} by {size}). {self._tell_disagreement()}"
        could = f"the data could have shown {self.detectable:.1f}."
        if self.least_p >= LEVEL:
            could = f"the test over so few {self._scarce} can show none (its smallest p is {self.least_p:.2g})."
        return f"No difference shown: {a} is ahead of {b} by {evidence}; {could}"

    def _tell_disagreement(self) -> str:
        """Interval and test say different things of whether there is a difference."""
        more = "more runs a side would tell." if self._scarce == "runs" else "more documents would tell."
        if self._passes_test:
            return f"The interval includes 0, but the test finds a difference: {self._p}; {more}"
        least = f" (its smallest is {self.least_p:.2g})" if self.least_p >= LEVEL else ""
        few = f" over so few {self._scarce}" if self._is_scarce else ""
        return f"The interval excludes 0, but the test{few} can't confirm it: {self._p}{least}; {more}"

    @property
    def _p(self) -> str:
        return f"p = {self.p:.2g}" if self.p_holm is None else f"p = {self.p_holm:.2g} after Holm's correction"

    @property
    def _scarce(self) -> str:
        """What the test has too few of. One run a side: it goes by the documents alone."""
        runs = [len(side) for side in self.scores]
        return "runs" if max(runs) > 1 and min(runs) <= 2 else "documents"

    @property
    def _is_scarce(self) -> bool:
        return self._scarce == "runs" or self.documents < FEW

    def _show(self, interval: tuple[float, float]) -> str:
        """The interval as seen from the side that is ahead."""
        low, high = interval if self.difference >= 0 else (-interval[1], -interval[0])
        return f"{low:.1f} to {high:.1f}"

    @property
    def notes(self) -> list[str]:
        """What small numbers of runs or documents mean here."""
        runs = [len(side) for side in self.scores]
        notes = []
        if max(runs) == 1:
            notes.append("One run a side: this is about these two models, not about what another seed would give.")
        elif min(runs) == 1:
            name = self.names[runs.index(1)]
            notes.append(f"{name} has one run: what another seed of it would give is not in the interval.")
        elif min(runs) == 2:
            notes.append("Two runs on a side say little of the spread over seeds.")
        if self.documents < FEW:
            notes.append(f"Only {self.documents} document{'s' * (self.documents != 1)}: the interval is rough.")
        return notes

    def to_dict(self) -> dict[str, Any]:
        said = {"means": self.means, "deviations": self.deviations, "verdict": self.verdict}
        return asdict(self) | said


def _name_unit(metric: str) -> str:
    return {"f1": "F1"}.get(metric.rsplit(".", 1)[-1], f"points of {metric}")


def compare(
    gold: Sequence[Document], a: Runs, *, against: Runs, names: tuple[str, str] = ("A", "B"), **how: Any
) -> Comparison:
    """Score the runs of `a` and of those `against` it, and compare them; `how` are the fields of `Settings`."""
    return compare_reports(_score(gold, a), _score(gold, against), names=names, settings=Settings(**how))


def compare_many(contrasts: Iterable[Contrast], **how: Any) -> list[Comparison]:
    """Compare each contrast, with Holm's correction of the p-values over all of them."""
    settings = Settings(**how)
    done = [
        compare_reports(_score(each.gold, each.a), _score(each.gold, each.b), names=each.names, settings=settings)
        for each in contrasts
    ]
    return correct_holm(done)


def correct_holm(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The comparisons with `p_holm`: the chance of one false claim among all of them stays below 5 %."""
    corrected, largest = list(comparisons), 0.0
    order = sorted(range(len(comparisons)), key=lambda place: comparisons[place].p)
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * comparisons[place].p))
        corrected[place] = replace(comparisons[place], p_holm=largest)
    return corrected


def compare_reports(
    a: Sequence[Report], b: Sequence[Report], *, names: tuple[str, str] = ("A", "B"), settings: Settings | None = None
) -> Comparison:
    """Compare the runs of two sides that have been scored."""
    settings = settings or Settings()
    reports = _check(a, b)
    metric = _find_metric(settings.metric, reports)
    table = tabulate([report.tally for report in reports if report.tally], metric, documents=reports[0].documents)
    scores = [float(score) for score in 100 * table.score(table.total)]
    sides = tuple(scores[: len(a)]), tuple(scores[len(a) :])
    drawn = 100 * bootstrap(table, len(a), draws=settings.draws, seed=settings.seed)
    null = abs(100 * permute(table, len(a), draws=settings.draws, seed=settings.seed))
    difference = fmean(sides[0]) - fmean(sides[1])
    p = _find_p(null, abs(difference))
    return Comparison(
        names=names,
        settings=settings,
        documents=reports[0].documents,
        scores=sides,
        difference=difference,
        interval=_cut(drawn, LEVEL),
        interval90=_cut(drawn, 2 * LEVEL),
        p=p,
        detectable=_find_detectable(float(drawn.std(ddof=1)), null),
        least_p=min(p, _find_p(null, null.max())),
        unpredicted=_find_unpredicted(reports, settings.metric, found=bool(table.total[..., 1].any())),
    )


def _score(gold: Sequence[Document], runs: Runs) -> list[Report]:
    return [evaluate(gold, run, cases=0) for run in runs]


def _check(a: Sequence[Report], b: Sequence[Report]) -> list[Report]:
    """All reports of both sides, if they can be compared."""
    reports = [*a, *b]
    if not (a and b):
        raise DataError(f"A comparison needs a run on each side: found {len(a)} and {len(b)}.")
    golds = set()
    for report in reports:
        if report.tally is None:
            raise DataError("A report read from JSON has no counts of single documents. Score the predictions again.")
        golds.add((report.documents, report.tally.read_gold("accuracy")))
    if len(golds) > 1:
        raise DataError("The runs were scored on different documents. Compare runs over one and the same gold file.")
    if not reports[0].documents:
        raise DataError("There is no document to compare on.")
    return reports


def _find_metric(name: str, reports: Iterable[Report]) -> Metric:
    known = {name: metric for report in reports for name, metric in report.metrics.items()}
    if name not in known:
        raise RecipeError(f"No score is called {name!r}.{suggest(name, known)}")
    return known[name]


def _cut(drawn: Any, outside: float) -> tuple[float, float]:
    """The interval that leaves out this share of the draws, half on each side."""
    import numpy as np

    low, high = np.quantile(drawn, [outside / 2, 1 - outside / 2])
    return float(low), float(high)


def _find_p(null: Any, difference: float) -> float:
    """The share of the differences drawn, and the one at hand, that are at least as large."""
    return float((sum(null >= difference - 1e-9) + 1) / (len(null) + 1))


def _find_detectable(error: float, null: Any) -> float:
    """The difference that interval and test both show with 80 % power, from the standard error and the test's draws."""
    import numpy as np
    from scipy.stats import norm

    critical = max(float(norm.ppf(1 - LEVEL / 2)) * error, float(np.quantile(null, 1 - LEVEL)))
    return critical + float(norm.ppf(POWER)) * error


def _find_unpredicted(reports: Iterable[Report], metric: str, *, found: bool) -> str | None:
    """What no run predicts: anything at all, or anything that the metric counts."""
    counted = [scores.micro for report in reports for group, scores in report.groups.items() if group not in SHARES]
    if not any(counts.predicted for counts in counted):
        return "anything"
    return None if found else f"anything that {metric} counts"
