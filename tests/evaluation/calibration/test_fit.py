"""Fitting: what is worth telling of it, bad input with what to do, and the page."""

import json
from dataclasses import replace
from math import exp, log

import pytest

from page_markup import Reader
from scored_documents import draw_candidates, draw_documents
from tagwright.errors import DataError, RecipeError
from tagwright.evaluation.calibration.calibration import Calibration
from tagwright.evaluation.calibration.fit import FitConfig, fit_calibration
from tagwright.evaluation.calibration.outcomes import CANDIDATES, collect
from tagwright.evaluation.calibration.page import render_calibration
from tagwright.evaluation.calibration.reliability import measure
from tagwright.text.relation import Relation
from tagwright.text.span import Span


def chance(score: float) -> float:
    """Scores are too bold, and too high."""
    return 1 / (1 + exp(-(0.5 * log(score / (1 - score)) - 1)))


GOLD, PREDICTED = draw_documents(300, chance=chance)


def test_scores_become_probabilities_on_new_documents() -> None:
    fitted = fit_calibration(GOLD, PREDICTED)
    part = fitted.parts["spans"]
    assert part.after.error < part.before.error / 2 and part.choice.method == "platt"
    gold, predicted = draw_documents(300, chance=chance, seed=1)
    calibrated = [fitted.calibration.apply(document) for document in predicted]
    before, after = (measure(collect(gold, said)["spans"]).error for said in (predicted, calibrated))
    assert after < before / 2
    assert Calibration.from_dict(json.loads(json.dumps(fitted.calibration.to_dict()))) == fitted.calibration
    assert json.loads(json.dumps(fitted.to_dict()))["parts"]["spans"]["method"] == "platt"


@pytest.mark.parametrize("method", ["none", "temperature", "platt", "isotonic"])
def test_a_method_can_be_named(method: str) -> None:
    fitted = fit_calibration(GOLD[:60], PREDICTED[:60], config=FitConfig(method))
    assert fitted.calibration.maps["spans"].to_dict()["method"] == method
    assert list(fitted.parts["spans"].choice.losses) == [method]


def test_a_threshold_is_of_calibrated_scores() -> None:
    fitted = fit_calibration(GOLD, PREDICTED, config=FitConfig(precision=0.5))
    least = fitted.calibration.thresholds["spans"]
    scores = fitted.calibration.maps["spans"].apply(collect(GOLD, PREDICTED)["spans"].scores)
    threshold = fitted.parts["spans"].threshold
    assert threshold is not None and (scores >= least).sum() == threshold.kept
    assert threshold.precision >= 0.5 and 0.3 < least < 0.6


def test_a_coverage_has_a_map_for_what_it_adds() -> None:
    gold, proposals = draw_candidates(200)
    predicted = [each.document for each in proposals]
    fitted = fit_calibration(gold, predicted, config=FitConfig(coverage=0.9), proposals=proposals)
    assert CANDIDATES in fitted.calibration.maps and fitted.covered is not None
    assert fitted.covered.share >= 0.9
    with pytest.raises(DataError, match="needs spans that the labeler predicts itself"):
        fit_calibration(gold, predicted, config=FitConfig(coverage=0.9))


def test_too_few_predictions_say_what_they_tell_and_how_many_would_do() -> None:
    with pytest.raises(DataError) as caught:
        fit_calibration(GOLD[:5], PREDICTED[:5])
    told = str(caught.value)
    assert "spans were predicted of 5 documents" in told and "a map needs 30" in told
    assert "± " in told and "documents like these would do" in told and "for ± 5 points" in told
    nothing = [document.with_spans(()) for document in PREDICTED]
    with pytest.raises(DataError, match="Nothing was predicted of the 300 documents"):
        fit_calibration(GOLD, nothing)


def test_few_predictions_and_labels_never_seen_are_noted() -> None:
    fitted = fit_calibration(GOLD[:40], PREDICTED[:40], labels=("PER", "LOC", ""))
    assert any("± 5 points take about" in note for note in fitted.notes)
    assert "1 x label that these documents never show: its scores go by the map of all labels: LOC" in fitted.notes
    other = [document.with_spans([*document.spans, Span(9, 10, "ORG")]) for document in GOLD[:40]]
    fitted = fit_calibration(other, PREDICTED[:40], labels=("PER",))
    assert any(note.startswith("40 x label in gold that the labeler doesn't know") for note in fitted.notes)


def test_documents_without_labels_calibrate_nothing() -> None:
    bare = [document.with_spans(()) for document in GOLD]
    with pytest.raises(DataError, match="None of these 300 documents has a labelled span"):
        fit_calibration(bare, PREDICTED, labels=("PER",))


def test_scores_that_come_to_say_nothing_are_noted() -> None:
    told = "All scores of spans become "
    flat = fit_calibration(*draw_documents(100, chance=lambda score: 0.6 - 0.5 * score))
    assert sum(note.startswith(told) for note in flat.notes) == 1
    assert not any(note.startswith(told) for note in fit_calibration(GOLD, PREDICTED).notes)


def test_a_kind_of_too_few_keeps_its_scores_and_that_is_noted() -> None:
    edges = (Relation(0, 0, "is", score=0.5),)
    predicted = [replace(document, relations=edges if document.spans else ()) for document in PREDICTED[:20]]
    fitted = fit_calibration(GOLD[:20], predicted)
    assert set(fitted.calibration.maps) == {"spans"}
    assert any(
        "relations were predicted" in note and note.endswith("as the labeler gives them.") for note in fitted.notes
    )


@pytest.mark.parametrize(
    ("how", "fault"),
    [
        ({"method": "temprature"}, "No calibration is called 'temprature'.*Did you mean 'temperature'"),
        ({"precision": 1.5}, "A precision of 1.5 was asked for: give a share between 0 and 1"),
        ({"coverage": 90}, "A coverage of 90"),
        ({"precision": 0.9, "recall": 0.9}, "one threshold"),
        ({"most_added": -1}, "give 0 or more"),
    ],
)
def test_what_cannot_be_asked_for_is_told(how: dict[str, object], fault: str) -> None:
    with pytest.raises(RecipeError, match=fault):
        FitConfig(**how)  # type: ignore[arg-type]


def test_documents_with_none_of_its_labels_are_refused() -> None:
    gold, predicted = draw_documents(60)
    with pytest.raises(DataError, match=r"No label of these documents \('PER'\) is one .* \('LOC', 'ORG'\).*Rename"):
        fit_calibration(gold, predicted, labels=("ORG", "LOC", ""))


def test_the_page_shows_both_pictures_and_the_coverage() -> None:
    gold, proposals = draw_candidates(120)
    config = FitConfig(coverage=0.9)
    predicted = [each.document for each in proposals]
    fitted = fit_calibration(gold, predicted, config=config, proposals=proposals, labels=("PER", "<X>"))
    page = render_calibration(fitted, title="first", facts={"Documents": "dev.conll"})
    read = Reader(page)
    assert len(read.find("svg")) == 2 and len(read.find("circle", "point")) == sum(
        len(side.bins) for side in (fitted.parts["spans"].before, fitted.parts["spans"].after)
    )
    assert "<X>" in read.text and "handed over" in read.text and "90 % of a document" in read.text
    assert page == render_calibration(fitted, title="first", facts={"Documents": "dev.conll"})
