"""A calibration at work: new scores, thresholds that drop, a coverage that adds, plain JSON and back."""

import json

import pytest

from tagwright.evaluation.calibration.calibration import Calibration, drop_below
from tagwright.evaluation.calibration.coverage import Coverage, Proposal
from tagwright.evaluation.calibration.maps import Odds, Steps
from tagwright.evaluation.calibration.outcomes import CANDIDATES, RELATIONS, SPANS
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Field, Relation, Turn
from tagwright.text.span import Span

HALF, TENTH = Steps((0.0, 1.0), (0.0, 0.5)), Steps((0.0, 1.0), (0.0, 0.1))
CALIBRATION = Calibration(
    {SPANS: HALF, RELATIONS: TENTH, CANDIDATES: TENTH}, {SPANS: 0.2}, Coverage(0.9, 0.1, 1, 30), {"documents": 5}
)
DOCUMENT = Document.from_words(
    list("abcdef"),
    id="d1",
    spans=(Span(0, 1, "PER", 0.8), Span(1, 2, "LOC", 0.2), Span(2, 3, "", 0.6), Span(3, 4, "PER")),
    relations=(Relation(0, 1, "in", 0.9), Relation(0, 2, "role", 0.6), Relation(3, 0, "of")),
)


def list_scores(document: Document) -> list[float | None]:
    return [item.score for item in (*document.spans, *document.relations)]


def test_spans_and_relations_get_new_scores_by_their_own_maps() -> None:
    found = CALIBRATION.apply(DOCUMENT)
    assert found == DOCUMENT
    assert list_scores(found) == pytest.approx([0.4, 0.1, 0.06, None, 0.09, 0.06, None])


def test_given_spans_and_parts_without_a_map_keep_their_scores() -> None:
    given = CALIBRATION.apply(DOCUMENT, given=2)
    assert list_scores(given) == pytest.approx([0.8, 0.2, 0.06, None, 0.09, 0.06, None])
    assert list_scores(Calibration({}).apply(DOCUMENT)) == list_scores(DOCUMENT)


def test_what_is_below_a_threshold_goes_with_its_relations_and_is_counted() -> None:
    ledger = Ledger()
    found = CALIBRATION.keep(DOCUMENT, ledger)
    assert found is DOCUMENT and not ledger
    found = drop_below(DOCUMENT, {SPANS: 0.5, RELATIONS: 0.7}, ledger=ledger, what="--min-score")
    assert found.spans == (Span(0, 1, "PER"), Span(3, 4, "PER"))  # the argument goes with its only relation
    assert found.relations == (Relation(1, 0, "of"),)
    assert list(ledger.lines()) == [
        "2 x span below --min-score, left out: d1, ...",
        "2 x relation below --min-score, left out: d1, ...",
    ]
    kept = drop_below(DOCUMENT, {SPANS: 0.5}, ledger=Ledger(), what="", given=2)
    assert kept.spans == DOCUMENT.spans


def test_fields_get_new_scores_and_go_below_a_threshold() -> None:
    fields = (Field("to", ("Rome",), 0, 0.9), Field("at", ("six",), 0, 0.2), Field("by", ("bus",), 0))
    document = Document.from_words(["taxi"], id="d", turns=(Turn("USER", 0, 1),), fields=fields)
    found = Calibration({"fields": Odds(2.0)}, {"fields": 0.5}).apply(document)
    assert [field.score for field in found.fields] == [pytest.approx(81 / 82), pytest.approx(1 / 17), None]
    ledger = Ledger()
    kept = Calibration({}, {"fields": 0.5}).keep(document, ledger)
    assert [field.name for field in kept.fields] == ["to", "by"]
    assert list(ledger.lines()) == ["1 x field below the labeler's threshold, left out: d"]


def test_a_coverage_adds_candidates_and_hands_documents_over() -> None:
    candidates = [Span(1, 2, "LOC", 0.2), Span(4, 5, "PER", 0.3), Span(5, 6, "PER", 0.05)]
    found, is_handed = CALIBRATION.cover(Proposal(DOCUMENT, candidates))
    assert found.spans == (*DOCUMENT.spans, Span(4, 5, "PER")) and not is_handed
    assert found.spans[-1].score == pytest.approx(0.03) and found.relations == DOCUMENT.relations
    assert CALIBRATION.cover(Proposal(DOCUMENT, [*candidates, Span(5, 6, "LOC", 0.4)]))[1]


def test_it_tells_what_it_rests_on() -> None:
    facts = {"documents": 1200, "errors": {"spans": [0.1234, 0.021]}}
    told = list(Calibration({}, {"spans": 0.2}, Coverage(0.95, 0.1, 1, 30), facts).tell())
    errors = "error of spans 12.34 points before, 2.10 after"
    assert told == ["fitted on 1,200 documents", errors, "spans below 0.2000 left out", "coverage 95 %"]
    assert list(Calibration({}).tell()) == []


def test_it_is_plain_json_and_back() -> None:
    for one in (CALIBRATION, Calibration({SPANS: Odds(0.5, 0.1)})):
        assert Calibration.from_dict(json.loads(json.dumps(one.to_dict()))) == one
