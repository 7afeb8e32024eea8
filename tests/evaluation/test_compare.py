"""What a comparison says of better, equal and can't tell, and when it refuses."""

import json
import random
from dataclasses import replace

import pytest

from score_references import make_document
from tagwright.errors import DataError, RecipeError
from tagwright.evaluation.compare import (
    Comparison,
    Contrast,
    Settings,
    compare,
    compare_many,
    compare_reports,
    correct_holm,
)
from tagwright.evaluation.report import Report, evaluate
from tagwright.text.document import Document
from tagwright.text.span import Span

SPANS = [Span(0, 1, "PER"), Span(2, 3, "LOC"), Span(4, 5, "PER")]
GOLD = [make_document(SPANS, length=6, id=str(at)) for at in range(120)]


def run(seed: int, *, right: float) -> list[Document]:
    """A prediction that finds each span with this chance."""
    drawn = random.Random(seed)
    return [document.with_spans([span for span in SPANS if drawn.random() < right]) for document in GOLD]


GOOD, POOR = [[run(seed + at, right=right) for at in range(3)] for seed, right in ((10, 0.9), (20, 0.7))]


def test_a_clear_difference_is_shown_from_both_sides() -> None:
    ahead = compare(GOLD, GOOD, against=POOR, names=("crf", "softmax"))
    assert ahead.verdict.startswith("crf is better than softmax by ")
    assert ahead.interval[0] < ahead.difference < ahead.interval[1] and ahead.interval[0] > 0
    assert ahead.difference == pytest.approx(ahead.means[0] - ahead.means[1])
    behind = compare(GOLD, POOR, against=GOOD, names=("softmax", "crf"))
    assert behind.verdict.startswith("crf is better than softmax by ")
    assert behind.difference == pytest.approx(-ahead.difference)
    assert behind.p < 0.05


def test_the_same_predictions_are_equivalent() -> None:
    same = compare(GOLD, GOOD, against=GOOD, margin=5.0)
    assert same.is_equivalent and not same.is_different
    assert "A and B are equivalent within 5 F1" in same.verdict
    assert same.p > 0.9


def test_too_little_data_says_what_it_could_have_shown() -> None:
    one = compare(GOLD[:20], [GOOD[0][:20]], against=[GOOD[1][:20]])
    assert one.verdict.startswith("No difference shown: ")
    assert f"the data could have shown {one.detectable:.1f}." in one.verdict
    assert "One run a side" in one.verdict and "Only 20 documents" in one.verdict
    assert one.deviations == (None, None)


def test_numbers_of_runs_are_said() -> None:
    assert "B has one run" in compare(GOLD, GOOD, against=POOR[:1]).verdict
    assert "Two runs on a side" in compare(GOLD, GOOD, against=POOR[:2]).verdict
    assert compare(GOLD, GOOD, against=POOR).notes == []


def test_a_comparison_repeats_itself_and_is_written_as_json() -> None:
    first, second = (compare(GOLD, GOOD, against=POOR, draws=300, seed=5) for _ in range(2))
    assert first == second
    assert json.loads(json.dumps(first.to_dict()))["verdict"] == first.verdict
    assert compare(GOLD, GOOD, against=POOR, draws=300, seed=6).interval != first.interval


@pytest.mark.parametrize("metric", ["exact.macro.f1", "label.LOC.recall", "boundary.precision", "accuracy"])
def test_any_score_can_be_compared(metric: str) -> None:
    said = compare(GOLD, GOOD, against=POOR, metric=metric, draws=100)
    assert said.scores[0][0] == pytest.approx(100 * evaluate(GOLD, GOOD[0]).score(metric))


FAR = [run(30, right=0.35), run(31, right=0.75)]  # two runs that lie far apart
BEST = [run(32, right=0.98)]


def test_an_interval_that_the_test_cannot_confirm_is_not_settled() -> None:
    said = compare(GOLD, FAR, against=BEST)
    assert said.interval[1] < 0 and said.p >= 0.05
    assert said.verdict.startswith("Not settled: B is ahead of A by ")
    doubt = f"The interval excludes 0, but the test over so few runs can't confirm it: p = {said.p:.2g}; more runs a"
    assert doubt in said.verdict
    assert "could have shown" not in said.verdict
    assert said.detectable > abs(said.difference)


def test_a_test_over_a_few_documents_says_its_smallest_p() -> None:
    few = GOLD[:4]
    said = compare(few, [[document.with_spans([]) for document in few]], against=[few])
    assert said.p == said.least_p == pytest.approx(2 / 2**4, abs=0.03)
    assert f"so few documents can't confirm it: p = {said.p:.2g} (its smallest is {said.least_p:.2g})" in said.verdict
    pair = few[:2]
    half = [[pair[0].with_spans(SPANS[:1]), pair[1]], [pair[0], pair[1].with_spans(SPANS[:2])]]
    said = compare(pair, half[:1], against=half[1:])
    assert "the test over so few documents can show none (its smallest p is " in said.verdict


def test_what_the_test_shows_it_can_show() -> None:
    """Differences between whole runs alone, so that the test meets a few values only, and this one is beyond them."""
    silent = [document.with_spans([]) for document in GOLD]
    most = [[*GOLD[:110], *silent[110:]], [*GOLD[:112], *silent[112:]]]
    said = compare(GOLD, most, against=[silent])
    assert said.is_different and said.least_p <= said.p < 0.05


@pytest.mark.parametrize(
    ("p", "p_holm", "low", "doubt"),
    [
        (0.01, None, -0.1, "The interval includes 0, but the test finds a difference: p = 0.01; more documents"),
        (0.03, 0.09, 0.1, "but the test can't confirm it: p = 0.09 after Holm's correction; more documents"),
    ],
)
def test_interval_and_test_may_disagree(p: float, p_holm: float | None, low: float, doubt: str) -> None:
    said = replace(make_comparison(p), interval=(low, 3.5), p_holm=p_holm)
    assert not said.is_different
    assert doubt in said.verdict and "No difference" not in said.verdict


@pytest.mark.parametrize("metric", ["exact.f1", "accuracy"])
def test_two_sides_that_predict_nothing_are_not_called_equal(metric: str) -> None:
    silent = [[document.with_spans([]) for document in GOLD]]
    said = compare(GOLD, silent, against=silent * 2, metric=metric, draws=100)
    assert said.verdict == "Neither side predicts anything; nothing to compare."
    assert not said.is_equivalent and not said.is_different


def test_a_label_that_neither_side_predicts_is_not_called_equal() -> None:
    only = [[document.with_spans(SPANS[:1]) for document in GOLD]]
    said = compare(GOLD, only, against=only, metric="label.LOC.f1", draws=100)
    assert said.verdict == "Neither side predicts anything that label.LOC.f1 counts; nothing to compare."
    assert compare(GOLD, only, against=only, draws=100).is_equivalent
    assert compare(GOLD, only, against=[[d.with_spans([]) for d in GOLD]], draws=100).unpredicted is None


def test_two_sides_that_find_nothing_are_not_called_equal() -> None:
    wrong = [[document.with_spans([replace(SPANS[0], label="WRONG")]) for document in GOLD]]
    said = compare(GOLD, wrong, against=wrong, draws=100)
    assert said.verdict == "Neither side finds any: exact.f1 is 0 on both, which doesn't make them equivalent."
    assert not said.is_equivalent and said.unpredicted is None


def make_comparison(p: float) -> Comparison:
    scores = ((80.0,), (78.0,))
    return Comparison(("A", "B"), Settings(), 99, scores, 2.0, (0.5, 3.5), (0.8, 3.2), p=p, detectable=2.0)


def test_holms_correction() -> None:
    corrected = correct_holm([make_comparison(p) for p in (0.03, 0.01, 0.04, 0.9)])
    assert [one.p_holm for one in corrected] == pytest.approx([0.09, 0.04, 0.09, 0.9])
    assert [one.is_different for one in corrected] == [False, True, False, False]
    assert make_comparison(0.03).is_different


def test_many_contrasts_are_corrected_together() -> None:
    said = compare_many([Contrast(GOLD, GOOD, POOR), Contrast(GOLD, GOOD, GOOD, ("x", "y"))], draws=200)
    assert said[0].p_holm == pytest.approx(2 * said[0].p)
    assert "after Holm's correction" in said[0].verdict
    assert said[1].names == ("x", "y")


def test_a_small_real_difference_is_called_small() -> None:
    small = Comparison(
        ("A", "B"), Settings(), 999, ((80.0,), (79.6,)), 0.4, (0.1, 0.7), (0.2, 0.6), p=0.01, detectable=0.4
    )
    assert "A is better than B by 0.4 F1 (95 % interval 0.1 to 0.7, p = 0.01)." in small.verdict
    assert "small all the same: equivalent within 1." in small.verdict


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(DataError, match="found 3 and 0"):
        compare(GOLD, GOOD, against=[])
    with pytest.raises(DataError, match="different documents"):
        compare_reports([evaluate(GOLD, GOLD)], [evaluate(GOLD[:50], GOLD[:50])])
    with pytest.raises(DataError, match="Score the predictions again"):
        compare_reports([Report.from_dict(evaluate(GOLD, GOLD).to_dict())], [evaluate(GOLD, GOLD)])
    with pytest.raises(DataError, match="no document"):
        compare([], [[]], against=[[]])
    with pytest.raises(RecipeError, match="Did you mean 'exact.f1'"):
        compare(GOLD, GOOD, against=POOR, metric="exat.f1")
    with pytest.raises(DataError, match="at least 100"):
        compare(GOLD, GOOD, against=POOR, draws=5)
