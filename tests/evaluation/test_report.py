"""The report as a whole: names of scores, what is scored, what is kept, and its JSON."""

import json
from dataclasses import replace

import pytest

from score_references import make_document
from tagwright.errors import RecipeError
from tagwright.evaluation.report import Report, evaluate
from tagwright.text.document import Document
from tagwright.text.relation import Field, Relation
from tagwright.text.span import Span

GOLD = [
    make_document([Span(0, 2, "PER"), Span(3, 4, "a.b")], length=5, id="one"),
    make_document([Span(1, 3, "PER")], length=4, id="two"),
    make_document([], length=3, id="three"),
]
SAID = [
    make_document([Span(0, 2, "PER"), Span(3, 4, "PER")], length=5, id="one"),
    make_document([Span(1, 2, "PER")], length=4, id="two"),
    make_document([], length=3, id="three"),
]


def test_scores_have_names() -> None:
    report = evaluate(GOLD, SAID)
    assert (report.documents, report.words) == (3, 12)
    assert report.score("exact.f1") == report.score("exact.micro.f1") == report.headline == pytest.approx(1 / 3)
    assert report.score("boundary.precision") == pytest.approx(2 / 3)
    assert report.score("type.recall") == pytest.approx(2 / 3)
    assert report.score("partial.f1") == pytest.approx(2.5 / 3)
    assert report.score("label.PER.recall") == report.score("exact.label.PER.recall") == 0.5
    assert report.score("label.a.b.f1") == 0.0
    assert report.score("exact.macro.recall") == 0.25
    assert report.score("accuracy") == report.accuracy == pytest.approx(10 / 12)


def test_an_unknown_score_is_answered_with_the_nearest() -> None:
    with pytest.raises(RecipeError, match="Did you mean 'boundary.f1'"):
        evaluate(GOLD, SAID).score("boundry.f1")


def test_relations_and_fields_are_scored_where_there_are_any() -> None:
    plain = evaluate(GOLD, GOLD)
    assert plain.relations == plain.fields == {}
    linked = make_document([Span(0, 1, "A"), Span(1, 2, "B")], length=2, relations=(Relation(0, 1, "r"),))
    report = evaluate([linked], [linked.with_spans(linked.spans)])
    assert report.headline_name == "relations.f1" and report.headline == 0.0
    assert list(report.relations) == ["strict", "boundary"]
    both = replace(report, scored=("exact", "relations"))  # by a labeler of both
    assert (both.headline_name, both.headline_title) == ("exact+relations.f1", "exact+relations F1")
    assert both.headline == 0.5 and both.caution.startswith("Only 1 relation in gold")
    assert Report.from_dict(both.to_dict()).headline == 0.5
    found = replace(plain, scored=("exact", "roles"))  # neither side has a role
    assert found.headline == 0.5
    state = make_document([], length=1, fields=(Field("area", ("north",)),))
    assert evaluate([state], [state]).headline_name == "joint"
    assert set(evaluate([state], [state]).fields) == {"joint", "slot_accuracy", "slots"}


def test_cases_are_the_first_documents_with_mistakes() -> None:
    assert [case.id for case in evaluate(GOLD, SAID).cases] == ["one", "two"]
    assert [case.id for case in evaluate(GOLD, SAID, cases=1).cases] == ["one"]
    assert evaluate(GOLD, GOLD).cases == ()


def test_repeated_spans_are_said() -> None:
    twice = make_document([Span(0, 1, "A"), Span(0, 1, "A")], length=1, id="d")
    (line,) = evaluate([make_document([Span(0, 1, "A")], length=1, id="d")], [twice]).left_out
    assert line == "1 x repeated span (same words, same label), counted once, in the prediction: document 'd'"


def test_borders_that_words_cannot_say_are_counted() -> None:
    cities = Document("in New York", ((0, 2), (3, 6), (7, 11)), id="d")
    gold = cities.with_spans(
        [
            Span(1, 3, "LOC", fragments=((3, 10),)),
            Span(0, 2, "LOC", fragments=((0, 2), (4, 6))),
            Span(0, 1, "LOC", fragments=((0, 3),)),  # a blank at its end: the words say it
            Span(0, 1, fragments=((0, 1),)),  # without a label, so not scored
        ]
    )
    said = cities.with_spans([Span(1, 3, "LOC"), Span(0, 2, "LOC"), Span(0, 1, "PER", fragments=((1, 2),))])
    report = evaluate([gold, gold], [said, said])
    assert report.left_out == (
        "2 x gold span with a border inside a word, scored by the words it touches: d 'New Yor'; d 'New Yor'",
        "2 x gold span with gaps, scored as one piece by the words from its first to its last: d 'in ew'; d 'in ew'",
        "2 x predicted span with a border inside a word, scored by the words it touches: d 'n'; d 'n'",
    )
    assert report.groups["exact"].micro.correct == 4


def test_a_report_survives_json() -> None:
    report = evaluate(GOLD, SAID)
    again = Report.from_dict(json.loads(report.to_json()))
    assert again == report
    assert again.to_json() == report.to_json()
    assert again.tally is None


def test_rows_give_every_score_once() -> None:
    report = evaluate(GOLD, SAID)
    rows = list(report.rows())
    assert [(row.group, row.part, row.label) for row in rows[:4]] == [
        ("exact", "micro", None),
        ("exact", "macro", None),
        ("exact", "label", "PER"),
        ("exact", "label", "a.b"),
    ]
    assert rows[0].rates.f1 == report.headline
    assert [row.part for row in rows if row.group == "accuracy"] == ["micro"]


def test_nothing_to_score_is_zero_not_an_error() -> None:
    assert evaluate([], []).headline == 0.0
    assert evaluate([Document("", ())], [Document("", ())]).to_dict()["documents"] == 1


def test_order_of_spans_changes_nothing() -> None:
    mixed = [Document(d.text, d.offsets, spans=d.spans[::-1], id=d.id) for d in SAID[::-1]]
    assert evaluate(GOLD, mixed) == evaluate(GOLD, SAID)
