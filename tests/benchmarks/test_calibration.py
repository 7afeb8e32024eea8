"""The study of calibration: a cell for each corpus, head and seed; what a cell measures; what its tables say."""

import argparse
from pathlib import Path

import calibration
import pytest
from cells.calibration import draw_errors, find_files, measure_coverages, measure_errors
from study import check_cells

from scored_documents import draw_candidates
from tagwright.heads import HeadConfig

SETTINGS = {"wanted": 0.8, "most_added": 5, "draws": 10}


def make_result() -> dict[str, object]:
    known, new = draw_candidates(150), draw_candidates(150, seed=1)
    return {
        "f1": 50.0,
        "errors": measure_errors(known, new),
        "drawn_errors": draw_errors(known, new, draws=2),
        "coverage": measure_coverages(known, new, SETTINGS),
        "train_seconds": 1.0,
    }


def test_a_cell_measures_errors_and_coverage_on_new_documents() -> None:
    result = make_result()
    errors, coverage = result["errors"], result["coverage"]
    assert set(errors) == {"spans"} and set(errors["spans"]) == {"method", "predicted", "before", "after"}  # type: ignore[call-overload, index]
    assert coverage["official"]["documents"] > 100 and 0.7 < coverage["official"]["share"] <= 1  # type: ignore[index]
    drawn = result["drawn_errors"]["spans"]  # type: ignore[index]
    assert set(drawn) == {"before", "after", "perfect"} and all(0 < error < 0.2 for error in drawn.values())
    assert 0.78 < coverage["drawn"]["share"] < 0.9  # type: ignore[index]


def test_what_is_out_of_reach_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    few = draw_candidates(6)
    assert measure_errors(few, few) == {}
    found = measure_coverages(few, few, SETTINGS | {"wanted": 0.99})
    assert found == {"official": None, "drawn": None}
    settings = {"corpus": "a", "head": {"name": "crf"}, "wanted": 0.99}
    record = {
        "settings": settings,
        "result": {"f1": 0.0, "errors": {}, "drawn_errors": {}, "coverage": found},
        "seconds": 1.0,
    }
    told = calibration.report({"a": record})
    assert told["errors"] == [] and "out of reach" in capsys.readouterr().out


def test_the_tables_tell_the_aim_and_the_promise(capsys: pytest.CaptureFixture[str]) -> None:
    settings = {"corpus": "a", "head": {"name": "softmax"}, "wanted": 0.8}
    told = calibration.report({"a": {"settings": settings, "result": make_result(), "seconds": 1.0}})
    shown = capsys.readouterr().out
    assert told["errors"][0]["times"] == told["errors"][0]["before"] / told["errors"][0]["after"]
    assert "as promised" in shown and "1 of 1" in shown and "met" in shown
    before, after = told["errors"][0]["beyond"]
    assert 0 <= before <= told["errors"][0]["before"] and 0 <= after <= told["errors"][0]["after"]


def test_what_chance_alone_would_show_is_taken_off() -> None:
    runs = [{"before": {"error": 0.05, "perfect": 0.03}, "after": {"error": 0.02, "perfect": 0.03}}]
    assert calibration.find_excess(runs, "before") == pytest.approx(0.04)
    assert calibration.find_excess(runs, "after") == 0
    assert calibration.tell_times(0.04, 0) == "none left (4.00 to 0.00)"
    assert calibration.tell_times(0.04, 0.01) == "4.00 (4.00 to 1.00)"


def test_every_corpus_head_and_seed_has_its_cell(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    options = argparse.Namespace(
        model=str(tmp_path), seeds=2, heads=list(calibration.HEADS), data=tmp_path, epochs=1, limit_documents=5
    )
    options.coverage, options.out = 0.9, tmp_path
    cells = calibration.list_cells(options, list(calibration.CORPORA))
    check_cells(cells)
    assert len(cells) == 2 * len(calibration.CORPORA) * len(calibration.HEADS) and len(calibration.CORPORA) == 6
    assert all(HeadConfig(**head).name == name for name, head in calibration.HEADS.items())


def test_files_are_found_and_what_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for kind in ("conll", "jsonl"):
        for part in ("train", "dev", "test"):
            (tmp_path / "one" / f"{part}.{kind}").parent.mkdir(exist_ok=True)
            (tmp_path / "one" / f"{part}.{kind}").touch()
    assert {path.suffix for path in find_files(tmp_path / "one").values()} == {".conll"}
    assert {path.suffix for path in find_files(tmp_path / "one", nested=True).values()} == {".jsonl"}
    assert calibration.find_corpora(["one", "two"], tmp_path) == ["one"]
    assert "two is left out" in capsys.readouterr().out
