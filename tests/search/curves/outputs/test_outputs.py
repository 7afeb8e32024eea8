"""What a curve leaves: a page that stands alone, tables, everything as JSON, a picture."""

import csv
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from made_curves import make_outcome
from page_markup import Reader
from tagwright.search.curves.outputs import files
from tagwright.search.curves.outputs.files import write_outputs
from tagwright.search.curves.outputs.lines import Axes, Line, Place, draw_lines


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "can_draw", lambda: False)


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_everything_is_written(plain: None, tmp_path: Path) -> None:
    (missing,) = write_outputs(make_outcome(), tmp_path)
    assert "curve.png needs matplotlib: pip install 'tagwright[plot]'" in missing
    assert {path.name for path in tmp_path.iterdir()} == {"curve.html", "curve.csv", "curve.json", "steps.csv"}
    told: dict[str, Any] = json.loads((tmp_path / "curve.json").read_text(encoding="utf-8"))
    assert (told["setting"], told["documents"], told["part"]) == ("fusion.name", [10, 40], "test")
    assert len(told["runs"]) == 12 and len(told["trials"]) == 6 and "scored alike" in told["doubts"][0]


def test_the_tables_hold_scores_intervals_and_both_spreads(plain: None, tmp_path: Path) -> None:
    write_outputs(make_outcome(), tmp_path)
    rows = read_rows(tmp_path / "curve.csv")
    assert [(row["value"], row["documents"], row["runs"]) for row in rows] == [
        ("last", "10", "4"),
        ("mix", "10", "4"),
        ("last", "40", "2"),
        ("mix", "40", "2"),
    ]
    assert (rows[0]["f1"], rows[0]["sd_draws"], rows[0]["sd_seeds"]) == ("22.5000", "7.0711", "0.7071")
    assert float(rows[0]["f1_low"]) < 22.5 < float(rows[0]["f1_high"]) and rows[2]["sd_draws"] == ""
    assert rows[0]["difference"] == "" and rows[1]["difference"] == "20.0000"
    steps = read_rows(tmp_path / "steps.csv")
    assert [(row["value"], row["step"]) for row in steps[:4]] == [
        ("last", "4"),
        ("last", "8"),
        ("mix", "4"),
        ("mix", "8"),
    ]


def test_the_page_draws_lines_with_bands_and_stands_alone(plain: None, tmp_path: Path) -> None:
    write_outputs(make_outcome(vary="fusion=last,mix"), tmp_path)
    page = (tmp_path / "curve.html").read_text(encoding="utf-8")
    read = Reader(page)
    assert len(read.find("figure", "many")) == 4  # F1 and difference over documents, and over steps for both sizes
    assert len(read.find("polyline")) == 8 and all(band["points"] for band in read.find("polygon")[:2])
    assert "http" not in page.replace("http-equiv", "") and "22.50" in read.text and "+20.00" in read.text
    assert "scored alike" in read.text and "flatter" not in read.text


def test_dev_scores_are_called_what_they_are(plain: None, tmp_path: Path) -> None:
    write_outputs(make_outcome(has_test=False, seeds=1, trials=1), tmp_path)
    text = Reader((tmp_path / "curve.html").read_text(encoding="utf-8")).text
    assert "Exact F1 on dev" in text and "chose each run's epoch" in text and "Dev F1 of each trial" not in text


def test_without_looks_at_dev_there_are_no_steps(plain: None, tmp_path: Path) -> None:
    outcome = make_outcome()
    write_outputs(replace(outcome, runs=[replace(record, steps=()) for record in outcome.runs]), tmp_path)
    assert 'id="steps"' not in (tmp_path / "curve.html").read_text(encoding="utf-8")
    assert (tmp_path / "steps.csv").read_text(encoding="utf-8").split() == ["value,documents,step"]


def test_sizes_stand_as_far_apart_as_their_ratios() -> None:
    line = Line("a", [Place(10, 1.0, 0.5, 1.5), Place(100, 2.0), Place(1000, 3.0, 2.0, 4.0)])
    read = Reader(draw_lines([line], Axes("F1", "documents", (10, 100, 1000))))
    first, middle, last = (float(dot["cx"] or 0) for dot in read.find("circle"))
    assert middle - first == pytest.approx(last - middle, abs=0.2)
    assert len((read.find("polygon")[0]["points"] or "").split()) == 4
    single = Reader(draw_lines([Line("a", [Place(10, 1.0)])], Axes("F1", "documents", (10,))))
    assert len(single.find("circle")) == 1


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    assert write_outputs(make_outcome(), tmp_path) == []
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG") and "matplotlib.pyplot" not in sys.modules
