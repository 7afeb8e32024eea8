"""Counts add up, and nothing over nothing is 0."""

import pytest

from tagwright.evaluation.counts import Counts, Scores, Tally


def test_nothing_over_nothing_is_zero() -> None:
    assert Counts().rates == (0.0, 0.0, 0.0)
    assert Counts(predicted=3).rates == (0.0, 0.0, 0.0)
    assert Scores(Counts(), {}).macro == (0.0, 0.0, 0.0)


def test_counts_add_and_half_rights_count_half() -> None:
    total = Counts(1, 1, 2, 4) + Counts(0, 1, 2, 2)
    assert total == Counts(1, 2, 4, 6)
    assert total.precision == 0.5
    assert total.recall == pytest.approx(1 / 3)
    assert total.f1 == pytest.approx(0.4)


def test_macro_is_the_mean_over_labels() -> None:
    scores = Scores(Counts(1, 0, 2, 2), {"A": Counts(1, 0, 1, 1), "B": Counts(0, 0, 1, 1)})
    assert scores.macro == (0.5, 0.5, 0.5)


def test_scores_survive_a_dict() -> None:
    scores = Scores(Counts(1, 1, 2, 3), {"A": Counts(1, 1, 2, 3)})
    assert Scores.from_dict(scores.to_dict()) == scores


def test_a_tally_sums_over_documents() -> None:
    tally = Tally()
    tally.add("exact", None, document=0, counts=Counts(1, 0, 1, 2))
    tally.add("exact", "A", document=0, counts=Counts(1, 0, 1, 2))
    tally.add("exact", None, document=7, counts=Counts(2, 0, 3, 3))
    scores = dict(tally.scores())["exact"]
    assert scores.micro == Counts(3, 0, 4, 5)
    assert scores.labels == {"A": Counts(1, 0, 1, 2)}
