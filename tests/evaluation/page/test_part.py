"""One report: its headline, and a section for whatever was scored."""

from dataclasses import replace

from page_markup import Reader, make_pair, make_report, score
from tagwright.evaluation.page.part import draw_headline, draw_part
from tagwright.evaluation.report import Report, evaluate
from tagwright.text.document import Document
from tagwright.text.relation import Field, Relation, Turn
from tagwright.text.span import Span


def make_dialogue() -> Report:
    turn = Turn("user", 0, 3)
    gold = Document.from_words(["a", "table", "please"], turns=(turn,), fields=(Field("day", ("monday",)),))
    return evaluate([gold], [replace(gold, fields=(Field("day", ("friday",)),))])


def test_the_headline_of_spans() -> None:
    read = Reader(draw_headline(make_report(), "test"))
    assert "Exact F1 on test" in read.text and "40.00" in read.text
    assert "word accuracy (words in no span too)" in read.text and "4 documents, 14 words" in read.text


def test_the_headline_of_a_labeler_that_is_scored_by_two() -> None:
    read = Reader(draw_headline(replace(make_report(), scored=("exact", "relations")), "dev"))
    assert "Mean, exact+relations F1, on dev" in read.text and "20.00" in read.text
    assert "exact F1 40.00" in " ".join(read.text.split()) and "relations F1" in read.text


def test_the_headline_of_a_dialogue_and_its_fields() -> None:
    report = make_dialogue()
    headline = Reader(draw_headline(report, "dev")).text
    assert "Joint goal accuracy on dev" in headline and "accuracy of slots" in headline
    assert "word accuracy" not in headline
    text = Reader(draw_part(report, {}, name="x")).text
    assert "0 of 1 turns" in text and "day" in text and "Exact" not in text


def test_relations_and_roles_have_their_tables() -> None:
    gold, _ = make_pair("Anna runs shops", [Span(0, 1, ""), Span(1, 2, "run")], [])
    gold = replace(gold, relations=(Relation(1, 0, "ARG0"),))
    report = evaluate([gold], [gold])
    text = Reader(draw_part(report, {"run": 0}, name="x")).text
    assert report.headline_name in ("relations.f1", "roles.f1")
    for expected in ("Relations, boundary", "Roles", "ARG0", "Other ways of counting"):
        assert expected in text


def test_a_report_without_anything_says_so() -> None:
    empty = Reader(draw_part(score(make_pair("nothing here", [], [])), {}, name="x"))
    assert "Neither gold nor the prediction" in empty.text and not empty.find("table")
