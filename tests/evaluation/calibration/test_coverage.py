"""Conformal coverage: the setting by brute force, the promise over many draws, and what is refused."""

from itertools import chain
from statistics import fmean

import pytest

from scored_documents import draw_candidates, draw_doubts
from tagwright.errors import DataError
from tagwright.evaluation.calibration.coverage import (
    FLOOR,
    NOTHING,
    Case,
    Coverage,
    Proposal,
    fit_coverage,
    make_cases,
    measure_coverage,
)
from tagwright.text.document import Document
from tagwright.text.span import Span


def draw_cases(count: int, *, seed: int = 0) -> list[Case]:
    return make_cases(*draw_candidates(count, seed=seed))


def lose(case: Case, least: float, most: int) -> float:
    """The loss of a document, as it is defined."""
    added = [score for score in case.added if score >= least]
    if len(added) > most:
        return 0.0
    return 1 - (case.covered + sum(score >= least for score in case.hits)) / case.gold


def fit_by_brute_force(cases: list[Case], wanted: float, most: int) -> tuple[float, int] | None:
    known = [case for case in cases if case.gold]
    scores = sorted({score for case in known for score in case.added}, reverse=True)
    settings = [*((least, most) for least in (NOTHING, *scores)), *((FLOOR, m) for m in range(most - 1, -1, -1))]
    for least, fewer in settings:
        risk = fmean(lose(case, least, fewer) for case in known)
        if len(known) / (len(known) + 1) * risk + 1 / (len(known) + 1) <= 1 - wanted + 1e-9:
            return least, fewer
    return None


@pytest.mark.parametrize("wanted", [0.5, 0.7, 0.8, 0.9, 0.95])
@pytest.mark.parametrize("most", [0, 1, 2, 9])
@pytest.mark.parametrize("seed", range(4))
def test_the_setting_is_the_first_that_controls_the_risk(wanted: float, most: int, seed: int) -> None:
    cases = draw_cases(40, seed=seed)
    expected = fit_by_brute_force(cases, wanted, most)
    if expected is None:
        with pytest.raises(DataError, match="out of reach"):
            fit_coverage(cases, wanted=wanted, most=most)
        return
    found = fit_coverage(cases, wanted=wanted, most=most)
    losses = [
        [lose(case, *setting) for case in cases if case.gold] for setting in (expected, (found.least_score, found.most))
    ]
    assert losses[0] == losses[1] and found.most == expected[1]


@pytest.mark.parametrize(("wanted", "most"), [(0.8, 9), (0.9, 9), (0.9, 1)])
def test_new_documents_are_covered_as_promised(wanted: float, most: int) -> None:
    """Over 60 draws of 60 documents each, with 60 new ones: the mean coverage is what is wanted, and hardly more."""
    shares = []
    for seed in range(60):
        cases = draw_cases(120, seed=seed)
        coverage = fit_coverage(cases[:60], wanted=wanted, most=most)
        shares.append(measure_coverage(cases[60:], coverage).share)
    assert wanted - 0.01 < fmean(shares) < wanted + 0.05


@pytest.mark.parametrize("wanted", [0.6, 0.8, 0.9])
def test_without_candidates_the_most_doubtful_documents_are_handed_over(wanted: float) -> None:
    cases = make_cases(*draw_doubts(60))
    known = [case for case in cases if case.gold]
    found = fit_coverage(cases, wanted=wanted, most=5)
    assert found.most_doubt is not None
    higher = min(case.doubt for case in known if case.doubt > found.most_doubt)
    for limit, is_enough in ((found.most_doubt, True), (higher, False)):  # as many as that, and no more
        losses = sum(1 - case.covered / case.gold for case in known if case.doubt <= limit)
        assert ((losses + 1) / (len(known) + 1) <= 1 - wanted + 1e-9) == is_enough
    assert found.hands_over(0, higher) and not found.hands_over(0, found.most_doubt)
    handed = sum(case.doubt > found.most_doubt for case in cases) / len(cases)
    assert measure_coverage(cases, found).handed == pytest.approx(handed)


def test_new_documents_of_a_writer_are_covered_as_promised() -> None:
    shares = []
    for seed in range(60):
        cases = make_cases(*draw_doubts(120, seed=seed))
        shares.append(measure_coverage(cases[60:], fit_coverage(cases[:60], wanted=0.8, most=5)).share)
    assert 0.79 < fmean(shares) < 0.83


def test_what_was_never_asked_is_handed_over_first() -> None:
    cases = [Case(1, 1, (), (), 0.5)] * 20 + [Case(1, 0, (), (), float("inf"))] * 5
    found = fit_coverage(cases, wanted=0.9, most=5)
    assert found.most_doubt == 0.5 and measure_coverage(cases, found).handed == 0.2
    with pytest.raises(DataError, match="covers 0.200, and too much.*is missed even in the likeliest documents"):
        fit_coverage([Case(1, 0, (), (), 0.5)] * 20 + [Case(1, 1, (), (), 0.9)] * 5, wanted=0.9, most=5)


def test_cases_count_what_is_predicted_added_and_right() -> None:
    words = ["w"] * 9
    gold = Document.from_words(words, spans=(Span(0, 1, "A"), Span(2, 3, "A"), Span(4, 5, "A"), Span(6, 7, "A")))
    said = Document.from_words(words, spans=(Span(0, 1, "A", 0.9), Span(8, 9, "A", 0.6)))
    listed = [Span(0, 1, "A", 0.9), Span(2, 3, "A", 0.2), Span(2, 3, "B", 0.1), Span(4, 5, "A", 0.3)]
    (case,) = make_cases([gold], [Proposal(said, listed)])
    assert case == Case(4, 1, (0.3, 0.2, 0.1), (0.2, 0.3)) and len(case.hits) == 2
    coverage = Coverage(0.5, 0.15, 2, 20)
    assert coverage.choose(Proposal(said, listed)) == ([listed[3], listed[1]], False)
    assert coverage.choose(Proposal(said, [*listed, Span(7, 8, "A", 0.5)]))[1]
    done = measure_coverage([case, Case(0, 0, (0.9, 0.8, 0.7), ())], coverage)
    assert (done.documents, done.share, done.spans, done.handed, done.added) == (1, 0.75, 0.75, 0.5, 2.0)
    assert done.interval[0] < 0.75 < done.interval[1]


def test_too_few_documents_and_too_much_to_ask_are_told() -> None:
    cases = draw_cases(30)
    with pytest.raises(DataError, match=r"8 documents have gold spans; a coverage of 0.9 needs at least 9"):
        fit_coverage([case for case in cases if case.gold][:8], wanted=0.9, most=5)
    lost = [Case(2, 0, (), ())] * 50
    with pytest.raises(DataError, match="0.9 is out of reach: all that can be returned covers 0.000"):
        fit_coverage(lost, wanted=0.9, most=5)


def test_nothing_is_added_where_the_predictions_cover_enough() -> None:
    cases = [Case(2, 2, (0.5, 0.4), ())] * 50
    coverage = fit_coverage(cases, wanted=0.9, most=5)
    assert coverage.least_score == NOTHING
    assert measure_coverage(cases, coverage).added == 0
    assert coverage.spread == pytest.approx((0.09 / 52) ** 0.5)
    assert not list(chain(*(coverage.choose(Proposal(Document.from_words(["w"]), [Span(0, 1, "A", 1.0)]))[:1])))
