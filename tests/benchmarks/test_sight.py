"""The sight study's pure parts: what it declares, which cells it makes, how plans are ranked and pages are filled."""

import argparse
import re
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import claims
import pytest
import sight
from cells.rightward import measure_need
from cells.sight import list_found, read_part, rebuild
from pages import sight as page
from pages.markers import fill

from tagwright.errors import DataError
from tagwright.evaluation.compare import Comparison, Settings
from tagwright.text.document import Document
from tagwright.text.relation import Relation
from tagwright.text.span import Span

ROOT = Path(__file__).parents[2]
WORDS = {name: {"train": 100.0, "dev": 50.0, "test": 60.0} for name in ("conll04", "snips")}
PLANS = ["".join(bits) for bits in product("01", repeat=4)]


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch) -> argparse.Namespace:
    monkeypatch.setattr(sight, "digest", lambda model: f"weights of {model}")
    named = {"decoder": "the decoder", "encoder": "the encoder", "data": Path("data"), "epochs": 2.0, "seeds": 8}
    return argparse.Namespace(**named, limit_documents=None)


def make_record(corpus: str, sight: str, score: float, **varied: Any) -> dict[str, Any]:
    settings = {"step": "screen", "corpus": corpus, "sight": sight, "read_at": "mean", "repeat": 0} | varied
    settings |= {"documents": {"train": 3, "dev": 2, "test": 2}, "epochs": 1, "rate": 1e-3, "batch": 2}
    return {"settings": {"model": "m", "digest": "d"} | settings, "seconds": 60.0, "result": {"score": score}}


def make_comparison(difference: float, reach: float, p: float) -> Comparison:
    interval = difference - reach, difference + reach
    inner = difference - 0.8 * reach, difference + 0.8 * reach
    return Comparison(("a", "b"), Settings(), 100, ((1.0,), (1.0,)), difference, interval, inner, p, 1.0)


# --- what is declared ------------------------------------------------------------------------------------------------


def test_the_declaration_holds_together_and_stays_within_its_cap() -> None:
    told = claims.read_claims()
    assert told.runs == 5 * 4 * 8 == told.most_runs == 160
    assert 0 not in told.seeds, "the seed that chose plans can't confirm them"
    assert {(claim.a, claim.b) for claim in told.contrasts} == {
        ("chosen", other) for other in ("none", "all", "repeat", "encoder")
    }


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("[1, 2, 3, 4, 5, 6, 7, 8]", "[1, 2, 3, 4, 5, 6, 7, 8, 9]", "180 runs"),
        ("[arms.encoder]", "[arms.idle]", "encoder.*idle"),
        ('hoped = "better"', 'hoped = "best"', "best"),
    ],
)
def test_a_declaration_that_does_not_is_refused(tmp_path: Path, old: str, new: str, fault: str) -> None:
    path = tmp_path / "claims.toml"
    path.write_text(claims.PATH.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(ValueError, match=fault):
        claims.read_claims(path)


@pytest.mark.parametrize(
    ("difference", "reach", "p", "verdict"),
    [
        (3.0, 1.0, 0.001, "better"),
        (-3.0, 1.0, 0.001, "worse"),
        (3.0, 1.0, 0.2, "not worse"),  # the interval excludes 0, but p after the correction doesn't
        (0.1, 0.5, 0.7, "equivalent"),
        (0.5, 1.5, 0.4, "not worse"),
        (-0.5, 1.5, 0.4, "open"),
    ],
)
def test_a_contrast_is_judged_as_declared(difference: float, reach: float, p: float, verdict: str) -> None:
    assert claims.judge(make_comparison(difference, reach, p)) == verdict
    assert claims.judge(replace(make_comparison(difference, reach, p), unpredicted="anything")) == "floor"


def test_a_claim_is_shown_by_most_corpora_and_undone_by_one_that_is_worse() -> None:
    told = claims.read_claims()
    better, not_worse = told.contrasts[0], told.contrasts[2]
    shown, before = told.grades["shown"], told.grades["before"]
    assert claims.grade(told, better, ["better"] * 3 + ["open"]) == shown
    assert claims.grade(told, better, ["better"] * 2 + ["equivalent"] * 2) == before
    assert claims.grade(told, better, ["better"] * 3 + ["worse"]) == before
    assert claims.grade(told, not_worse, ["equivalent", "better", "not worse", "open"]) == shown


# --- cells -----------------------------------------------------------------------------------------------------------


def test_the_screen_has_every_plan_once_and_varies_reading_for_four_of_them(options: argparse.Namespace) -> None:
    plans = sight.list_plans(options, WORDS)
    reading = sight.list_reading(options, WORDS, best={name: ["0011", "0110"] for name in WORDS})
    assert (len(plans), len(reading)) == (2 * 16, 2 * 4 * 5)
    names = [cell.name for cell in [*plans, *reading]]
    assert len(set(names)) == len(names)
    assert {cell.settings["step"] for cell in [*plans, *reading]} == {"screen"}  # which never sees test
    assert {cell.settings["seed"] for cell in [*plans, *reading]} == {0}


def test_arms_that_contrasts_share_are_run_once(options: argparse.Namespace) -> None:
    told = claims.read_claims()
    cells = sight.list_arms(options, told, words=WORDS, chosen={"conll04": "0011", "snips": "1000"})
    assert len(cells) == len({cell.name for cell in cells}) == 2 * 5 * 8
    found = {cell.name: cell.settings for cell in cells}
    assert [found[f"conll04-{arm}-1"]["sight"] for arm in told.arms] == ["0000", "1111", "0011", "0000", None]
    assert found["snips-chosen-8"]["sight"] == "1000"
    assert (found["snips-repeat-1"]["repeat"], found["snips-none-1"]["repeat"]) == (1, 0)
    assert found["snips-encoder-1"]["model"] == "the encoder"
    assert {settings["read_at"] for settings in found.values()} == {"mean"}
    assert cells[0].settings["seed"] == cells[9].settings["seed"] == 1, "whole seeds first"


def test_a_cell_is_thought_to_take_what_its_words_take() -> None:
    words = {"train": 1000.0, "dev": 1300.0, "test": 1300.0}
    assert sight.think(words, epochs=5, repeat=0, scored="test") == sight.START + 5 + 1
    assert sight.think(words, epochs=5, repeat=1, scored="test") == sight.START + 2 * (5 + 1)


def test_the_best_plan_is_no_extreme_and_of_equals_the_smallest_nearest_the_output() -> None:
    scores = dict.fromkeys(PLANS, 10.0) | {"0000": 99.0, "1111": 99.0, "0110": 30.0, "0100": 30.0, "0010": 30.0}
    records = [make_record("snips", plan, score) for plan, score in scores.items()]
    records += [make_record("snips", "1000", 99.0, read_at="first"), make_record("snips", "1000", 99.0, repeat=1)]
    records += [make_record("conll04", "1000", 99.0)]
    assert sight.rank_plans(records, corpus="snips")[:3] == ["0010", "0100", "0110"]
    with pytest.raises(SystemExit, match="1 of 16"):
        sight.rank_plans(records[1:], corpus="snips")


def test_predictions_come_back_from_what_a_cell_keeps() -> None:
    gold = [Document.from_words(["a", "b", "c"], spans=(Span(0, 2, "X"),)), Document.from_words(["d"])]
    other = [gold[0].with_spans([Span(1, 3, "Y")]), gold[1]]
    assert rebuild(gold, list_found(other)) == other
    joined = [replace(gold[0], spans=(Span(0, 1, "X"), Span(1, 3, "Y")), relations=(Relation(0, 1, "Of"),)), gold[1]]
    assert rebuild(gold, list_found(joined)) == joined


def test_documents_come_from_either_kind_of_file_with_their_spans_alone(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    (tmp_path / "one" / "dev.conll").write_text("Ada\tB-PER\nslept\tO\n\n", encoding="utf-8")
    row = (
        '{"tokens":["Ada","saw","Rome"],"entities":[{"type":"PER","start":0,"end":1},{"type":"LOC","start":2,"end":3}],'
    )
    row += '"relations":[{"type":"Saw","head":0,"tail":1}]}\n'
    (tmp_path / "two" / "dev.jsonl").write_text(row, encoding="utf-8")
    assert read_part("one", str(tmp_path), part="dev")[0].spans == (Span(0, 1, "PER"),)
    found = read_part("two", str(tmp_path), part="dev")[0]
    assert [span.label for span in found.spans] == ["PER", "LOC"] and not found.relations
    with pytest.raises(DataError, match="no train.conll or train.jsonl"):
        read_part("two", str(tmp_path), part="train")


# --- the need of right context ---------------------------------------------------------------------------------------


def make_documents(*, decides: int, count: int) -> list[Document]:
    """`x` is a span where the word at this distance is `yes`."""
    documents = []
    for number in range(count):
        words = ["so", "so", "x", "so", "so"]
        words[2 + decides] = "yes" if number % 2 else "no"
        documents.append(Document.from_words(words, spans=(Span(2, 3, "X"),) if number % 2 else ()))
    return documents


@pytest.mark.parametrize(("decides", "needs"), [(1, True), (-1, False)])
def test_a_corpus_needs_its_right_context_where_the_next_word_decides(decides: int, needs: bool) -> None:
    documents = make_documents(decides=decides, count=60)
    found = measure_need(documents[:40], documents[40:])
    assert (found["need"] > 50) if needs else (abs(found["need"]) < 20)


# --- the page --------------------------------------------------------------------------------------------------------


def test_a_page_is_filled_between_its_marks_and_what_was_not_run_says_so() -> None:
    text = "A\n<!-- table: one -->\nold\n<!-- end -->\nB\n<!-- table: two -->\n<!-- end -->\nC\n"
    filled = fill(text, {"one": "| new |", "two": ""})
    assert "old" not in filled and "| new |" in filled and "Not yet run" in filled
    assert [line for line in filled.splitlines() if line in "ABC" and line] == ["A", "B", "C"]
    assert fill(filled, {"one": "| new |", "two": ""}) == filled
    with pytest.raises(ValueError, match="three"):
        fill(text, {"three": ""})


def test_the_guide_has_every_place_and_an_empty_study_fills_none(tmp_path: Path) -> None:
    path = tmp_path / "sight.md"
    path.write_text((ROOT / "docs" / "sight.md").read_text(encoding="utf-8"), encoding="utf-8")
    page.write_page(page.Found(claims.read_claims(), [], []), path, mask_cost=tmp_path / "none.json")
    places = re.findall(r"<!-- table: (?!search).*?<!-- end -->", path.read_text(encoding="utf-8"), re.DOTALL)
    assert len(places) == 9 and all("Not yet run" in place for place in places)


def test_a_screen_fills_its_tables_and_chart(tmp_path: Path) -> None:
    records = [make_record("snips", plan, 50.0 + number) for number, plan in enumerate(PLANS)]
    records += [make_record("snips", "0000", 40.0, read_at="first")]
    found = page.Found(claims.read_claims(), records, [])
    table = page.tabulate_plans(found)
    assert "| `1111` | **65.00** |" in table and table.count("**") == 2
    assert "| snips | `0000` | 50.00 | - | 40.00 | - | - | - |" in page.tabulate_reading(found)
    drawing = ElementTree.fromstring(page.draw_screen(found))
    assert len(drawing.findall(".//{*}circle")) == 16
    assert "17 runs" in page.tell_caps(found)


def test_cells_of_different_settings_share_no_table() -> None:
    records = [make_record("snips", "0000", 1.0), make_record("snips", "1111", 1.0)]
    for key, value in (("epochs", 2), ("digest", "another")):
        mixed = [records[0], records[1] | {"settings": records[1]["settings"] | {key: value}}]
        with pytest.raises(ValueError, match="different"):
            page.Found(claims.read_claims(), mixed, [])


def test_a_whole_study_is_told(tmp_path: Path) -> None:
    """Two seeds of every arm on one corpus: `chosen` finds everything, the others nothing but half."""
    told = claims.read_claims()
    rows = "".join("Ada\tB-PER\nsaw\tO\nRome\tB-LOC\n\n" for _ in range(40))
    (tmp_path / "snips").mkdir()
    (tmp_path / "snips" / "test.conll").write_text(rows, encoding="utf-8")
    confirm = []
    for arm, seed in product(told.arms, (1, 2)):
        record = make_record("snips", "0011", 0.0, step="confirm", arm=arm, seed=seed, data=str(tmp_path))
        record["settings"]["documents"] = {"train": 40, "dev": 40, "test": 40}
        record["settings"]["model"] = arm
        spans = [[0, 1, "PER"], [2, 3, "LOC"]][: 2 if arm == "chosen" else 1]
        record["result"] |= {"spans": [spans] * 40, "train_seconds": 2.0 if arm == "repeat" else 1.0}
        confirm.append(record)
    need = {
        "settings": {"step": "need", "corpus": "snips"},
        "seconds": 1.0,
        "result": {"left": 1, "both": 0.5, "need": 50},
    }
    found = page.Found(told, [need], confirm)
    table = page.tabulate_confirmed(found)
    assert table.count("| snips | `0011` | 100.00 ± 0.00 | 66.67 ± 0.00 | +33.33 (") == 4
    assert table.count("| better |") + table.count("| not worse |") == 4
    assert "| repeat | 2.00x |" in page.tabulate_time(found)
    assert page.tabulate_claims(told, found.comparisons).count(told.grades["before"]) == 4  # one corpus isn't most
    path = tmp_path / "sight.md"
    path.write_text((ROOT / "docs" / "sight.md").read_text(encoding="utf-8"), encoding="utf-8")
    page.write_page(found, path, mask_cost=tmp_path / "none.json")
    ElementTree.parse(tmp_path / "sight-gain.svg")
    assert re.search(r'"judged": "\w', path.with_suffix(".json").read_text(encoding="utf-8"))
