"""What verbs print: labelled text, score tables, ledgers."""

from io import StringIO

from rich.console import Console

from tagwright.cli.terminal.show import colour, pick_labelled, show_ledger, show_legend, show_report
from tagwright.evaluation.report import evaluate
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.span import Span

ADA = Document.from_words(["Ada", "saw", "Rome"], spans=(Span(0, 1, "PER", score=0.5), Span(0, 3, "EVENT")))


def capture() -> tuple[Console, StringIO]:
    stream = StringIO()
    return Console(file=stream, width=120), stream


def test_text_is_marked_with_its_outermost_spans() -> None:
    assert colour(ADA).plain == "Ada saw Rome [EVENT]"
    assert colour(ADA.with_spans([Span(0, 1, "PER", score=0.5)])).plain == "Ada [PER 0.50] saw Rome"


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


def test_an_empty_ledger_says_nothing() -> None:
    console, stream = capture()
    show_ledger(console, Ledger(), title="Left:")
    assert stream.getvalue() == ""


def test_labelled_documents_are_picked_first() -> None:
    plain = Document.from_words(["a"])
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
