"""Marked texts: nothing of the text is lost, marks nest and cross, long texts are shortened openly."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from page_markup import Reader, make_report
from tagwright.evaluation.mistakes import Case, Mark
from tagwright.evaluation.page.texts import draw_case, find_regions

COLOURS = {"PER": 0, "LOC": 1}
BADGE = re.compile(r"<b .*?</b>")


def read(case: Case) -> Reader:
    return Reader(draw_case(case, COLOURS, kinds=()))


def test_each_kind_has_its_badge_and_its_style() -> None:
    cases = {case.id: read(case) for case in make_report().cases}
    expected = {
        "missed": ("missed", "PER\xa0missed"),
        "spurious": ("spurious", "PER\xa0spurious"),
        "label": ("label", "PER,\xa0said\xa0LOC"),
        "boundary": ("said", "LOC\xa0said"),
    }
    for kind, (style, badge) in expected.items():
        assert badge in cases[kind].text and cases[kind].find("span", style) and cases[kind].find("b", style)
    assert "LOC\xa0gold" in cases["boundary"].text and cases["boundary"].find("span", "boundary")
    assert "AnnaPER" in cases["missed"].text and cases["missed"].find("b", "right")


@settings(max_examples=80)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 6), st.sampled_from(["missed", "right"])), max_size=8))
def test_any_marks_leave_the_text_whole_and_have_one_badge_each(places: list[tuple[int, int, str]]) -> None:
    text = "a <b> & c d e f &amp;"
    marks = sorted({Mark(kind, start, start + size, "PER", "") for start, size, kind in places}, key=lambda m: m.start)
    drawn = draw_case(Case("", text, tuple(marks)), COLOURS, kinds=())
    assert len(BADGE.findall(drawn)) == len(marks)
    assert Reader(BADGE.sub("", drawn)).text == text


def test_marks_over_one_another_have_lines_at_different_depths() -> None:
    marks = (Mark("missed", 0, 8, "LOC"), Mark("missed", 4, 12, "PER"))
    drawn = read(Case("", "New York City", marks))
    assert [span.get("style") for span in drawn.find("span", "m")] == [None, None, "--lane:1", "--lane:1"]


def test_a_long_text_is_cut_between_its_mistakes_and_says_how_much() -> None:
    text = "word " * 400
    marks = (Mark("right", 0, 4, "LOC", "LOC"), Mark("missed", 800, 804, "PER"), Mark("missed", 1500, 1504, "PER"))
    case = Case("", text, marks)
    (first, second) = find_regions(case)
    assert first[0] < 800 < 804 < first[1] < second[0] < 1500 < second[1]
    drawn = read(case)
    gaps = [int(gap.replace(",", "")) for gap in re.findall(r"\[([\d,]+) characters left out\]", drawn.text)]
    assert len(gaps) == 3 and sum(gaps) + sum(end - start for start, end in (first, second)) == len(text)
    assert len(drawn.find("b", "missed")) == 2 and not drawn.find("b", "right")


def test_a_long_text_with_near_mistakes_is_one_piece() -> None:
    marks = tuple(Mark("missed", at, at + 4, "PER") for at in range(0, 1000, 100))
    assert len(find_regions(Case("", "word " * 220, marks))) == 1


def test_marks_that_can_not_be_drawn_are_counted() -> None:
    assert "3 marks not drawn" in read(Case("", "text", (Mark("missed", 2, 2, "PER"),), left_out=2)).text
    assert "not drawn" not in read(Case("", "text", (Mark("missed", 2, 3, "PER"),))).text


def test_text_of_any_direction_decides_its_own() -> None:
    assert read(Case("", "שלום", ())).find("p", "text")[0]["dir"] == "auto"
