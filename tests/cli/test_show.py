"""What verbs print: labelled text, score tables, ledgers."""

from io import StringIO

from rich.console import Console

from tagwright.cli.terminal.show import colour, pick_labelled, show_ledger, show_report
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
