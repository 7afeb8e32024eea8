"""The arithmetic held to plain loops, to scipy where one factor is resampled, and to its promise under the null."""

import numpy as np
import pytest
from scipy import stats

from tagwright.evaluation.counts import Counts, Tally
from tagwright.evaluation.report import Metric
from tagwright.evaluation.resampling import bootstrap, permute, tabulate

MICRO = Metric("exact", "micro", None, "f1")


def make_tallies(rights: np.ndarray) -> list[Tally]:
    """One tally for each run from R D numbers of right spans; every document has 4 predicted and 4 gold ones."""
    tallies = []
    for run in rights:
        tally = Tally()
        for document, right in enumerate(run):
            tally.add("exact", None, document=document, counts=Counts(int(right), 0, 4, 4))
        tallies.append(tally)
    return tallies


def test_scores_of_a_table_are_those_of_the_counts() -> None:
    tally = Tally()
    for document, (label, counts) in enumerate([("A", Counts(1, 1, 3, 2)), ("B", Counts(2, 0, 2, 5))]):
        tally.add("partial", label, document=document, counts=counts)
        tally.add("partial", None, document=document, counts=counts)
    scores = dict(tally.scores())["partial"]
    for measure in ("precision", "recall", "f1"):
        micro = tabulate([tally], Metric("partial", "micro", None, measure), documents=5)
        assert micro.score(micro.total) == pytest.approx(getattr(scores.micro, measure))
        macro = tabulate([tally], Metric("partial", "macro", None, measure), documents=5)
        assert macro.score(macro.total) == pytest.approx(getattr(scores.macro, measure))


def test_like_documents_form_one_group() -> None:
    table = tabulate(make_tallies(np.array([[1, 1, 2, 1], [3, 3, 2, 3]])), MICRO, documents=6)
    assert sorted(table.sizes) == [1, 2, 3]


def test_the_bootstrap_over_documents_agrees_with_scipys() -> None:
    rights = np.random.default_rng(1).integers(0, 5, size=(2, 200))
    ours = bootstrap(tabulate(make_tallies(rights), MICRO, documents=200), 1, draws=4000, seed=0)
    theirs = stats.bootstrap(
        (rights[0], rights[1]), lambda a, b, axis: (a - b).mean(axis) / 4, paired=True, n_resamples=4000, rng=0
    )
    assert ours.std(ddof=1) == pytest.approx(theirs.standard_error, rel=0.06)
    assert ours.mean() == pytest.approx((rights[0] - rights[1]).mean() / 4, abs=0.005)


def test_the_permutation_of_documents_agrees_with_scipys() -> None:
    random = np.random.default_rng(2)
    a = random.integers(0, 5, size=60)
    b = np.clip(a - (random.random(60) < 0.2) + (random.random(60) < 0.1), 0, 4)
    null = permute(tabulate(make_tallies(np.stack([a, b])), MICRO, documents=60), 1, draws=4000, seed=0)
    difference = (a - b).mean() / 4
    ours = (np.sum(abs(null) >= abs(difference) - 1e-9) + 1) / 4001
    theirs = stats.permutation_test(
        (a, b), lambda x, y: np.mean(x - y), permutation_type="samples", n_resamples=4000, rng=0
    )
    assert ours == pytest.approx(theirs.pvalue, abs=0.03)


def test_the_spread_over_runs_is_in_the_interval() -> None:
    """Runs that differ as wholes, over many documents: the standard error is that of the mean of the runs."""
    levels = np.array([2.0, 2.4, 2.2, 2.6])
    rights = np.random.default_rng(3).random((4, 4000)) < levels[:, None] / 4
    ours = bootstrap(tabulate(make_tallies(rights * 4), MICRO, documents=4000), 2, draws=4000, seed=0)
    expected = np.sqrt(sum(np.var(side, ddof=1) / 2 for side in (levels[:2] / 4, levels[2:] / 4)))
    assert ours.std() == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize(("first", "others"), [(3, 3), (1, 4)])
def test_two_sides_of_one_system_rarely_differ(first: int, others: int) -> None:
    """Seeds shift whole runs here; a test that swapped documents alone would cry wolf in most of these rounds."""
    random, alarms, rounds = np.random.default_rng(4), 0, 60
    for _ in range(rounds):
        chance = np.clip(0.7 + 0.03 * random.standard_normal((first + others, 1)), 0, 1)
        table = tabulate(make_tallies(random.binomial(4, chance, size=(first + others, 150))), MICRO, documents=150)
        scores = table.score(table.total)
        difference = scores[:first].mean() - scores[first:].mean()
        alarms += np.mean(abs(permute(table, first, draws=200, seed=0)) >= abs(difference)) < 0.05
    assert alarms / rounds <= 0.15
