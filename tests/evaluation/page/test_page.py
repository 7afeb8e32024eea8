"""The page: whole, escaped, complete, alike from run to run, small, and silent on the network."""

import re
from math import nan

import pytest

from page_markup import Reader, make_pair, make_report, score
from tagwright.evaluation.page.elements import show_rate
from tagwright.evaluation.page.page import POLICY, Page, render_page
from tagwright.evaluation.report import Report
from tagwright.text.span import Span
from tagwright.text.synthetic import make_corpus

EVIL = "<script>alert('x')</script>&\"'"
HISTORY = (
    {"step": 10, "epoch": 0.5, "loss": 2.25, "learning_rate": 1e-3},
    {"step": 20, "epoch": 1.0, "loss": nan, "learning_rate": 5e-4},
    {"step": 20, "epoch": 1.0, "eval_f1": 0.5},
    {"step": 30, "epoch": 1.5, "loss": 0.125, "learning_rate": 1e-4},
    {"step": 40, "epoch": 2.0, "eval_f1": 0.875},
    {"step": 40, "epoch": 2.0, "train_runtime": 3.0, "train_loss": 1.0},
)


def make_page() -> Page:
    reports = {"test": make_report(), "dev": make_report()}
    lost = ["14 x nested span, one tag column can't hold it"]
    return Page("runs/demo", {"Model": "tiny", "Seed": "13"}, reports, HISTORY, lost, "[training]\nseed = 13\n")


def make_large_report(documents: int) -> Report:
    """Documents of the built-in corpus whose every first span is missed."""
    gold = [document for document in make_corpus(documents=2 * documents, seed=1) if document.spans][:documents]
    return score(*((document, document.with_spans(document.spans[1:])) for document in gold))


def test_everything_told_is_on_the_page() -> None:
    page = make_page()
    read = Reader(render_page(page))
    for line in (page.title, *page.facts, *page.facts.values(), *page.unheld, page.recipe, "Test", "Dev"):
        assert line in read.text
    for report in page.reports.values():
        for row in report.rows():
            assert row.group == "accuracy" or all(show_rate(rate) in read.text for rate in row.rates)
    assert "last 0.125; 1 value not a number" in read.text
    assert "best 87.50 at step 40" in read.text
    assert len(read.find("figure")) == 2


def test_a_pretraining_log_shows_loss_and_bits() -> None:
    log = (
        {"step": 5, "loss": 3.5, "tokens_per_second": 100.0},
        {"step": 5, "eval_bits_per_byte": 2.25, "eval_loss": 5},
    )
    read = Reader(render_page(Page("backbone", history=log)))
    assert len(read.find("figure")) == 2
    assert "Held-out bits per byte" in read.text and "last 2.25" in read.text


def test_links_lead_somewhere_and_ids_are_unique() -> None:
    read = Reader(render_page(make_page()))
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert len(set(ids)) == len(ids)
    assert {f"#{name}" for name in ids} >= {link["href"] for link in read.find("a")}
    assert {select["data-filters"] for select in read.find("select")} <= set(ids)


def test_no_text_becomes_markup() -> None:
    report = score(make_pair(f"{EVIL} sang", [Span(0, 1, EVIL)], [], id=EVIL))
    page = Page(EVIL, {EVIL: EVIL}, {EVIL: report}, unheld=[EVIL], recipe=EVIL)
    read = Reader(render_page(page))
    assert len(read.find("script")) == 1
    assert read.text.count("alert('x')") >= 9


def test_nothing_is_fetched() -> None:
    html = render_page(make_page())
    read = Reader(html)
    for _, attributes in read.elements:
        assert not {"src", "srcset", "action", "data"} & set(attributes)
        assert str(attributes.get("href", "#")).startswith("#")
    assert not re.search(r"https?:|//[a-z]|url\(|@import|fetch\(|import\(", html)
    policies = [meta["content"] for meta in read.find("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert policies == [POLICY]


def test_paper_gets_light_colours_and_all_that_is_folded() -> None:
    html = render_page(make_page())
    assert "@media print" in html and "color-scheme: light;" in html
    dark = re.findall(r"@media([^{]*)\(prefers-color-scheme: ?dark\)", html)
    assert dark and all("screen" in media for media in dark)
    assert 'addEventListener("beforeprint"' in html and "overflow: visible" in html


def test_the_same_page_gives_the_same_text() -> None:
    assert render_page(make_page()) == render_page(make_page())


@pytest.mark.parametrize(
    "page",
    [
        Page("bare"),
        Page("no history", reports={"test": make_report()}),
        Page("history alone", history=HISTORY),
        Page("one point", history=HISTORY[:1]),
        Page("no numbers", history=({"step": 1, "loss": nan},)),
        Page("no spans", reports={"": score(make_pair("nothing here", [], []))}),
        Page("from JSON", reports={"test": Report.from_dict(make_report().to_dict())}),
    ],
    ids=lambda page: page.title,
)
def test_whatever_is_absent_leaves_a_whole_page(page: Page) -> None:
    read = Reader(render_page(page))
    assert page.title in read.text and "Out of reach" in read.text
    assert "nan" not in read.text


def test_what_scoring_left_out_is_told_with_its_part() -> None:
    twice = [Span(0, 1, "PER"), Span(0, 1, "PER", 0.5)]
    report = score(make_pair("Anna sang", twice, [Span(0, 1, "PER")], id="d"))
    assert "dev: 1 x repeated span" in Reader(render_page(Page("t", reports={"dev": report}))).text


def test_a_border_inside_a_word_is_told() -> None:
    report = score(make_pair("Anna sang", [Span(0, 1, "PER", fragments=((0, 3),))], [Span(0, 1, "PER")], id="d"))
    shown = Reader(render_page(Page("t", reports={"dev": report}))).text
    assert "dev: 1 x gold span with a border inside a word, scored by the words it touches: d 'Ann'" in shown


def test_two_hundred_documents_stay_below_a_megabyte() -> None:
    report = make_large_report(200)
    html = render_page(Page("large", reports={"dev": report, "test": report}))
    assert len(report.cases) == 200 and len(html.encode("utf-8")) < 1_000_000


def test_the_sight_is_a_row_of_numbered_boxes() -> None:
    shown = render_page(Page("run", {"Model": "m"}, sight=(False, True)))
    assert '<li title="looks left only">0</li><li class="open" title="looks right">1</li>' in shown
    assert 'class="sight"' not in render_page(Page("run", {"Model": "m"}))


def test_the_sight_stands_before_the_scores_with_what_its_gates_say() -> None:
    report = score(make_pair("Anna sang", [Span(0, 1, "PER")], [Span(0, 1, "PER")], id="d"))
    shown = render_page(Page("run", reports={"dev": report}, sight=(False, True), gates="gates: 9 91 %"))
    assert shown.index('id="sight"') < shown.index('<p class="note">Gates: 9 91 %.</p>') < shown.index('id="part-0"')
