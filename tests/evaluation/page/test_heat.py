"""The heat map: every cell, missed, spurious, wrong bounds, and what happens to very many labels."""

from page_markup import Reader, make_report
from tagwright.evaluation.mistakes import Confusion
from tagwright.evaluation.page.heat import MOST, draw_choices, draw_confusion, draw_layers


def test_rows_are_gold_and_columns_are_predictions() -> None:
    markup = draw_confusion(make_report().confusion, {})
    rows = [Reader(row.split("</tr>")[0].join(("<tr>", "</tr>"))).text for row in markup.split("<tr")[1:]]
    read = [row.partition(">")[2] for row in rows]
    assert read[0].endswith("LOCPERmissedwrong bounds")
    assert read[1:] == ["LOC1··1", "PER111·", "spurious·1"]


def test_a_cell_is_as_dark_as_its_share_of_the_row() -> None:
    read = Reader(draw_confusion(Confusion({"A": {"A": 3, "B": 1}}, {"A": 4}), {}))
    assert [cell["style"] for cell in read.find("td", "hit")] == ["--p:0.38"]
    assert [cell["style"] for cell in read.find("td", "slip")] == ["--p:0.12", "--p:0.50"]


def test_of_very_many_labels_those_with_most_mistakes_are_drawn_and_the_rest_counted() -> None:
    cells = {f"L{n:03}": {f"L{n:03}": 5} for n in range(MOST + 3)} | {"worst": {"": 9}, "": {"L042": 2}}
    read = Reader(draw_confusion(Confusion(cells), {}))
    assert "worst" in read.text and "L042" in read.text and "L000" in read.text
    assert "L041" not in read.text and "4 labels left out" in read.text


def test_nothing_to_confuse() -> None:
    assert Reader(draw_confusion(Confusion(), {})).find("table")


def test_layers_are_told_in_hundredths_and_the_most_read_is_darkest() -> None:
    facts = {"layers": [0, 2], "labels": {"O": [0.75, 0.25], "PER": [0.5, 0.5]}, "words": {"O": 3, "PER": 1}}
    (markup,) = draw_layers(facts)
    read = Reader(markup)
    assert [cell["style"] for cell in read.find("td", "hit")] == ["--p:1.00", "--p:0.33", "--p:0.67", "--p:0.67"]
    assert "02O7525PER5050" in read.text
    assert list(draw_layers({})) == []


def test_of_very_many_labels_the_layers_of_the_rarest_are_left_out() -> None:
    facts = {"layers": [0], "labels": {f"L{n}": [1.0] for n in range(MOST + 2)}}
    assert "2 rarer labels left out" in Reader(next(draw_layers(facts))).text


def test_chosen_weights_are_told_by_place_and_by_step() -> None:
    facts = {
        "choices": 40,
        "steps": [0, 50],
        "layers": ["0", "outside"],
        "ever": {"mlp": [0.032, None], "embed": [None, 0.016]},
        "by_layer": {"0": [1.0, 0.5], "outside": [0.0, 0.5]},
        "by_kind": {"mlp": [1.0, 0.5], "embed": [0.0, 0.5]},
    }
    ever, by_layer, by_kind = (Reader(markup) for markup in draw_choices(facts))
    assert "0outsidemlp3.2·embed·1.6" in ever.text
    assert [cell["style"] for cell in ever.find("td", "hit")] == ["--p:1.00", "--p:0.50"]
    assert "0500" + "10050" + "outside" + "050" in by_layer.text and "40 choices in all" in by_layer.text
    assert "mlp10050embed050" in by_kind.text
    assert list(draw_choices({})) == []
