"""The mistakes of a report: counts by kind, the filter, the fold, and what is said of documents not kept."""

from dataclasses import replace

from page_markup import Reader, make_pair, make_report, score
from tagwright.evaluation.page.cases import FIRST, count_mistakes, draw_mistakes
from tagwright.text.span import Span

COLOURS = {"LOC": 1, "PER": 0}


def test_mistakes_are_counted_by_kind() -> None:
    assert count_mistakes(make_report().confusion) == {"missed": 1, "spurious": 1, "label": 1, "boundary": 1}


def test_a_case_can_be_found_by_its_kinds_and_labels() -> None:
    read = Reader(draw_mistakes(make_report(), COLOURS, name="x"))
    assert "4 documents with 4 of 4 mistakes" in read.text
    assert [case["data-of"] for case in read.find("article")] == [
        "missed label-1",
        "spurious label-1",
        "label label-0 label-1",
        "boundary label-0",
    ]
    values = {option["value"] for option in read.find("option")}
    assert values == {"", "missed", "spurious", "label", "boundary", "label-0", "label-1"}
    assert read.find("select")[0]["data-filters"] == "x" and read.find("div")[1]["id"] == "x"


def test_many_cases_are_folded_but_there() -> None:
    pairs = [make_pair("Anna sang", [Span(0, 1, "PER")], [], id=str(n)) for n in range(FIRST + 3)]
    read = Reader(draw_mistakes(score(*pairs), {"PER": 0}, name="x"))
    assert len(read.find("article")) == FIRST + 3
    assert read.find("details", "more") and "3 more documents" in read.text


def test_no_mistakes_and_no_cases() -> None:
    perfect = score(make_pair("Anna sang", [Span(0, 1, "PER")], [Span(0, 1, "PER")]))
    read = Reader(draw_mistakes(perfect, {"PER": 0}, name="x"))
    assert not read.find("article") and not read.find("select")
    bare = Reader(draw_mistakes(replace(make_report(), cases=()), COLOURS, name="x"))
    assert "No document was kept" in bare.text
