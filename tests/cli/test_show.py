"""What verbs print: labelled text, score tables, ledgers."""

from collections.abc import Collection
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from tagwright.cli.terminal.show import (
    draw_document,
    pick_labelled,
    show_ledger,
    show_legend,
    show_loading,
    show_report,
)
from tagwright.evaluation.report import evaluate
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Field, Relation, Turn
from tagwright.text.span import Span

ADA = Document.from_words(["Ada", "saw", "Rome"], spans=(Span(0, 1, "PER", score=0.5), Span(0, 3, "EVENT")))


def capture() -> tuple[Console, StringIO]:
    stream = StringIO()
    return Console(file=stream, width=120), stream


def draw(document: Document, given: Collection[str] = ()) -> list[str]:
    return [line.plain for line in draw_document(document, given=given)]


def test_text_is_marked_with_its_outermost_spans_and_those_that_overlap_them_stand_beneath() -> None:
    assert draw(ADA) == ["[Ada saw Rome | EVENT]", "  [Ada | PER 0.50]"]
    assert draw(ADA.with_spans([Span(0, 1, "PER", score=0.5)])) == ["[Ada | PER 0.50] saw Rome"]


def test_of_labels_of_the_same_words_the_likeliest_comes_first() -> None:
    scores = {"LOC": 0.17, "ORG": 0.32, "PER": 0.56}
    cape = ADA.with_spans([Span(2, 3, label, score=score) for label, score in scores.items()])
    assert draw(cape) == ["Ada saw [Rome | PER 0.56, ORG 0.32, LOC 0.17]"]


def test_relations_are_shown_and_what_was_given_is_called_so() -> None:
    edges = (Relation(0, 1, "fled", score=0.2), Relation(0, 1, "saw", score=0.55), Relation(0, 2, "was"))
    spans = (Span(0, 1, "PER"), Span(2, 3, "LOC", score=0.9), Span(1, 2))
    document = replace(ADA, spans=spans, relations=edges)
    beneath = ["  saw(Ada, Rome) 0.55", "  fled(Ada, Rome) 0.20", "  was(Ada, saw)"]
    assert draw(document) == ["[Ada | PER] saw [Rome | LOC 0.90]", *beneath]
    assert draw(document, given=["spans"])[0] == "[Ada | PER given] saw [Rome | LOC given]"


def test_a_dialogue_shows_the_state_after_each_turn() -> None:
    fields = (Field("day", ("friday",), 2, score=0.5), Field("area", ("centre", "center")), Field("day", ("monday",)))
    turns = tuple(Turn("user" if at % 2 == 0 else "system", at, at + 1) for at in range(3))
    dialogue = Document.from_words(["monday", "fine", "friday"], turns=turns, fields=fields)
    states = ["  turn 1: area = centre or center; day = monday", "  turn 3: day = friday 0.50"]
    assert draw(dialogue) == ["monday fine friday", *states]
    assert pick_labelled([ADA, dialogue], 1) == [dialogue]


def test_a_label_in_brackets_is_no_markup() -> None:
    console, stream = capture()
    gold = [ADA.with_spans([Span(0, 1, "[bold]")])]
    show_report(console, evaluate(gold, gold), title="test")
    ledger = Ledger()
    ledger.note("odd", "[red]place[/]")
    show_ledger(console, ledger, title="Left:")
    assert "[bold]" in stream.getvalue()
    assert "[red]place[/]" in stream.getvalue()


def test_a_report_without_a_span_is_still_shown() -> None:
    console, stream = capture()
    show_report(console, evaluate([Document.from_words(["a"])], [Document.from_words(["a"])]), title="dev")
    assert "exact (micro)" in stream.getvalue()
    assert "borders don't count): 100.00" in stream.getvalue()


def test_scores_of_spans_that_were_given_are_not_shown() -> None:
    related = replace(ADA, relations=(Relation(0, 1, "in"),))
    console, stream = capture()
    show_report(console, evaluate([related], [related]), title="dev", given=["spans"])
    assert "relations (micro)" in stream.getvalue() and "exact" not in stream.getvalue()
    assert "accuracy" not in stream.getvalue()
    show_report(console, evaluate([ADA], [ADA]), title="dev", given=["spans"])
    assert "exact (micro)" in stream.getvalue()


def test_an_empty_ledger_says_nothing() -> None:
    console, stream = capture()
    show_ledger(console, Ledger(), title="Left:")
    assert stream.getvalue() == ""


def test_labelled_documents_are_picked_first() -> None:
    plain = Document.from_words(["a"])
    related = replace(ADA, relations=(Relation(0, 1, "in"),))
    assert pick_labelled([plain, ADA, related], 2) == [related]
    assert pick_labelled([plain, ADA, plain], 2) == [ADA]
    assert pick_labelled([plain, plain], 1) == [plain]


def test_the_legend_explains_the_ways_of_counting_that_were_shown() -> None:
    console, stream = capture()
    show_legend(console, [evaluate([ADA], [ADA])])
    assert "exact: bounds and label agree; boundary: bounds agree" in stream.getvalue()
    assert "recall: how much of gold is found" in stream.getvalue() and "relations" not in stream.getvalue()
    console, stream = capture()
    show_legend(console, [])
    assert stream.getvalue() == ""


def test_a_score_on_few_spans_says_how_little_it_says() -> None:
    console, stream = capture()
    show_report(console, evaluate([ADA] * 4, [ADA] * 4), title="dev")
    assert "Note: Only 8 spans in gold: 8 found means a recall of 63 to 100 % on text like it" in stream.getvalue()
    console, stream = capture()
    show_report(console, evaluate([ADA] * 50, [ADA] * 50), title="dev")
    assert "Only" not in stream.getvalue()


def test_loading_is_told_on_a_terminal_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with show_loading("runs/first"):
        pass
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("FORCE_COLOR", "1")  # what makes rich take it for a terminal
    with show_loading("runs/first"):
        pass
    assert "Loading runs/first ..." in capsys.readouterr().err
