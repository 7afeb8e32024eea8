"""Score tables: every label and every number is there, in order."""

from page_markup import Reader, make_report
from tagwright.evaluation.counts import Counts, Scores
from tagwright.evaluation.page.elements import show_rate
from tagwright.evaluation.page.tables import draw_labels, draw_rates, draw_scores, sort_labels


def test_the_scores_hold_every_mode_with_micro_and_macro() -> None:
    report = make_report()
    read = Reader(draw_scores(report.spans))
    for scores in report.spans.values():
        for rate in (*scores.micro.rates, *scores.macro):
            assert show_rate(rate) in read.text
    for name in ("Exact", "Boundary", "Type", "Partial", "3 + 1 half"):
        assert name in read.text


def test_labels_come_best_first_with_bars_as_long_as_their_f1() -> None:
    scores = Scores(Counts(), {"a": Counts(1, 0, 4, 4), "b<": Counts(3, 0, 3, 3), "c": Counts(0, 0, 0, 1200)})
    assert sort_labels(scores) == ["b<", "a", "c"]
    read = Reader(draw_labels(scores, {"a": 0, "b<": 1}))
    assert read.text.index("b<") < read.text.index("a25.00") and "1,200" in read.text
    assert [bar["style"] for bar in read.find("i") if bar.get("style")] == [
        "width:100.00%",
        "width:25.00%",
        "width:0.00%",
    ]
    assert len(read.find("i", "dot")) == 2


def test_rates_stand_side_by_side_also_where_a_group_lacks_a_label() -> None:
    groups = {"type": Scores(Counts(), {"a": Counts(1, 0, 2, 1)}), "partial": Scores(Counts(), {})}
    read = Reader(draw_rates(groups, ["a"], colours={}))
    assert read.text.endswith("a50.00100.0066.670.000.000.00")
