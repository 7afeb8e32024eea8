"""The study of writers: what it declares, its cells, runs of several tasks taken apart, and the page they fill."""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import arms
import claims
import pytest
import unified
from cells.sight import end_dialogue, list_found, rebuild
from cells.unified import list_settings
from pages import unified as page
from study import Cell, check_cells

from tagwright.recipe.recipe import Recipe
from taught_writers import make_dialogue

ROOT = Path(__file__).parents[2]
TOLD = claims.read_claims(ROOT / "benchmarks" / "unified.toml")
TOGETHER = {name for name, arm in TOLD.arms.items() if arm.get("together")}
TASKS = {"names": "ner", "joint": "joint-er", "relations": "relation", "roles": "srl", "state": "dst"}


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> arms.Setup:
    monkeypatch.setattr(arms, "digest", lambda model: f"weights of {model}")
    monkeypatch.setattr(arms, "has_files", lambda corpus, folder: True)
    given = {"limit_documents": None, "steps": None, "full": False, "seeds": 8, "minilm": None}
    return arms.find_setup(TOLD, argparse.Namespace(out=tmp_path / "out", data=tmp_path, **given))


def make_factors(setup: arms.Setup) -> dict[unified.Pair, float]:
    return {unified.find_searched(setup, *pair): 3.0 for pair in unified.list_groups(setup)}


def index(cells: list[Cell]) -> dict[unified.Pair, dict[str, Any]]:
    return {(cell.settings["place"], cell.settings["arm"]): dict(cell.settings) for cell in cells}


def make_record(cell: Cell, **scores: float) -> dict[str, Any]:
    """`scores`: of a task, told by the name of its place up to the split."""
    places = {place: {"score": scores.get(place.split("-")[0], 0.0)} for place in cell.settings["tasks"]}
    score = sum(found["score"] for found in places.values()) / len(places)
    return {
        "settings": cell.settings,
        "seconds": 50.0,
        "result": {"score": score, "train_seconds": 20.0, "moved": 1000, "places": places},
    }


# --- what is declared ------------------------------------------------------------------------------------------------


def test_five_tasks_in_two_splits_are_confirmed_on_fresh_seeds() -> None:
    assert TOLD.runs == 122 <= TOLD.most_runs and arms.FIRST not in TOLD.seeds
    corpora = {name: TOLD.rest["corpora"][place["corpus"]] for name, place in TOLD.places.items()}
    assert {name: corpus["task"] for name, corpus in corpora.items()} == {
        f"{name}-{split}": task for split in ("low", "more") for name, task in TASKS.items()
    } | {"names-t5": "ner", "relations-t5": "relation"}
    for name, corpus in corpora.items():
        assert ("tagger" in corpus) == ("tagger" in TOLD.list_arms(name)), "a tagger wherever a head holds the task"
    assert all(TOLD.count_needed(claim) > 0 for claim in TOLD.contrasts)


def test_a_borrowed_rate_comes_from_the_smaller_split_of_the_same_task() -> None:
    for place in TOLD.places.values():
        source = TOLD.places[place.get("rates_of", next(n for n, other in TOLD.places.items() if other is place))]
        assert source["corpus"] == place["corpus"] and source["shots"] <= place["shots"] and "rates_of" not in source


# --- cells -----------------------------------------------------------------------------------------------------------


def test_every_arm_that_learns_has_as_many_trials_which_see_dev_alone(setup: arms.Setup) -> None:
    cells = unified.list_trials(setup)
    check_cells(cells)
    counts = Counter((cell.settings["place"], cell.settings["arm"]) for cell in cells)
    assert len(cells) == 120 and set(counts.values()) == {4} and "shown" not in {arm for _, arm in counts}
    assert {cell.settings["seed"] for cell in cells} == {arms.FIRST}
    assert {cell.settings["step"] for cell in cells} == {"screen"}
    assert {pair for pair in counts if pair[1] in TOGETHER} == {("low", arm) for arm in TOGETHER}


def test_every_cell_is_a_recipe_of_its_tasks(setup: arms.Setup) -> None:
    cells = unified.list_arms(setup, make_factors(setup))
    check_cells(cells)
    assert len(cells) == 90 and [c.settings["seed"] for c in cells] == sorted(c.settings["seed"] for c in cells)
    assert sum(len(cell.settings["tasks"]) for cell in cells) == TOLD.runs
    for cell in cells:
        tasks = [told["task"] for told in cell.settings["tasks"].values()]
        named = {"writer.task": ", ".join(tasks)} if len(tasks) > 1 else {}  # as tagwright.train names them
        recipe = Recipe().change(named | list_settings(cell.settings))
        assert len(tasks) == (5 if cell.settings["arm"] in TOGETHER else 1)
        assert recipe.view == "tagger" or recipe.writer.tasks == tuple(tasks)
        own = cell.settings["arm"] == "shown" or cell.settings["model"].endswith("t5")
        assert recipe.backbone.sight == ("all" if not own else "none" if cell.settings["arm"] == "shown" else None)
        assert recipe.training.max_steps == 250 * len(tasks)
        if recipe.tuning.name == "fish-dip":
            assert recipe.tuning.every == 50 * len(tasks)
        assert cell.seconds > unified.START


def test_a_rate_goes_from_the_trials_to_both_splits(setup: arms.Setup) -> None:
    best = {"names-low": 0.3, "low": 3.0}
    records = [
        make_record(cell, names=float(cell.settings["factor"] == best.get(cell.settings["place"], 1.0)))
        for cell in unified.list_trials(setup)
    ]
    cells = index(unified.list_arms(setup, unified.find_factors(setup, records)))
    assert cells["names-low", "single"]["rate"] == cells["names-more", "single"]["rate"] == pytest.approx(3e-4)
    assert cells["low", "multi"]["rate"] == cells["more", "multi"]["rate"] == pytest.approx(3e-3)
    assert cells["low", "multi-lora"]["rate"] == pytest.approx(1.2e-2)
    assert cells["joint-low", "tagger"]["rate"] == pytest.approx(3e-3)
    without = index(unified.list_arms(setup, unified.find_factors(setup, [])))
    assert {arm for _, arm in without} == {"shown"}, "what learns nothing needs no trial"


def test_a_trial_may_be_smaller(setup: arms.Setup) -> None:
    setup.options.limit_documents, setup.options.steps = 3, 2
    cells = index(unified.list_trials(setup))
    assert cells["low", "multi"]["shots"] == 3 and cells["low", "multi"]["recipe"]["training.max_steps"] == 10
    assert cells["roles-low", "tagger"]["tasks"]["roles-low"]["documents"] == {"dev": 3, "test": 3}


# --- documents -------------------------------------------------------------------------------------------------------


def test_a_dialogue_ends_after_its_turns_and_comes_back_from_json() -> None:
    whole = make_dialogue()
    short = end_dialogue(whole, 1)
    assert short.words == ("taxi", "to", "Rome") and short.turns == whole.turns[:1] and len(short.fields) == 1
    assert end_dialogue(whole, 9) == whole
    kept = json.loads(json.dumps(list_found([whole])))
    assert rebuild([whole.only(("turns",))], kept) == [whole]


# --- the page --------------------------------------------------------------------------------------------------------


def test_a_run_of_several_tasks_is_a_record_for_each(setup: arms.Setup) -> None:
    cell = next(cell for cell in unified.list_trials(setup) if cell.settings["arm"] == "multi")
    flat = page.flatten(make_record(cell, names=50.0))
    assert [one["settings"]["place"] for one in flat] == [f"{name}-low" for name in TASKS]
    assert [one["settings"]["task"] for one in flat] == list(TASKS.values())
    assert [one["result"]["score"] for one in flat] == [50.0, 0, 0, 0, 0]
    assert sum(one["seconds"] for one in flat) == pytest.approx(50.0)
    assert flat[0]["result"]["train_seconds"] == pytest.approx(4.0) and "tasks" not in flat[0]["settings"]


def test_an_empty_study_fills_no_place_of_the_page(tmp_path: Path) -> None:
    told = fill_page(page.Found(TOLD, {}, [], [], []), tmp_path)
    assert told.count("Not yet run") == 9


def test_a_whole_study_is_told_and_says_where_it_tells_nothing(setup: arms.Setup, tmp_path: Path) -> None:
    """On one corpus: the writer of all tasks finds all, that of one task half of the spans, the others nothing."""
    (tmp_path / "conll04").mkdir()
    row = {"tokens": ["Ada", "left", "Rome"], "relations": [{"type": "Live_In", "head": 0, "tail": 1}]}
    row["entities"] = [{"type": "Peop", "start": 0, "end": 1}, {"type": "Loc", "start": 2, "end": 3}]
    (tmp_path / "conll04" / "test.jsonl").write_text(f"{json.dumps(row)}\n" * 40, encoding="utf-8")
    both, finds = [[0, 1, "Peop"], [2, 3, "Loc"]], {"multi": 2, "single": 1}

    def find(arm: str) -> dict[str, Any]:
        links = [[0, 1, "Live_In"]] if arm == "multi" else []
        return {"score": 9.0, "spans": [both[: finds.get(arm, 0)]] * 40, "relations": [links] * 40}

    flat = [
        one | {"result": one["result"] | find(one["settings"]["arm"])}
        for cell in unified.list_arms(setup, make_factors(setup))
        for one in page.flatten(make_record(cell))
        if one["settings"]["place"] == "joint-low"
    ]
    tried = [make_record(cell, names=cell.settings["factor"]) for cell in unified.list_trials(setup)]
    write_dialogues(tmp_path / "sgd_sample")
    told = fill_page(page.Found(TOLD, unified.find_factors(setup, tried), tried, [], flat), tmp_path)
    assert "Not yet run" not in told
    assert "| multi-single | joint-low | 100.00 ± 0.00 | 66.67 ± 0.00 | +33.33 (" in told
    floored = next(line for line in told.splitlines() if line.startswith("| single-fish-dip-single-lora | joint-low"))
    assert floored.endswith("| floor |")
    assert "| joint-low | 0.00 | 5.00 | multi 9.00 ± 0.00 | none |" in told
    assert "| joint-low, relations.f1 | 100.00 ± 0.00 | 0.00 ± 0.00 | 0.00 ± 0.00 | 0.00 ± 0.00 |" in told
    assert "| names-low | - | - | - | 0.01* | 0.04* | 0.04* | 0.03* | - |" in told
    assert "| low | 0.01* | 0.04* | 0.04* | - | - | - | - | - |" in told
    assert "| sgd_sample | 1 | 2 | 1 | 50.00 | 100.00 |" in told


def test_a_place_at_the_floor_is_told_and_is_no_evidence() -> None:
    claim = TOLD.contrasts[0]
    assert claims.grade(TOLD, claim, ["not worse"] * 6 + ["floor"] * 4) == TOLD.grades["shown"]
    assert claims.grade(TOLD, claim, ["not worse"] * 5 + ["floor"] * 5) == TOLD.grades["before"]


def write_dialogues(folder: Path) -> None:
    """One dialogue with a turn after which nothing holds, and one after which a slot has a value in two variants."""
    folder.mkdir()
    turns = [
        {"speaker": "USER", "text": "Hello.", "slots": [], "state": {"taxi": {"slots": {}}}},
        {"speaker": "SYSTEM", "text": "Where?", "slots": []},
        {
            "speaker": "USER",
            "text": "To Rome at six.",
            "slots": [],
            "state": {"taxi": {"slots": {"to": ["Rome"], "at": ["six", "6"]}}},
        },
    ]
    (folder / "test.jsonl").write_text(
        json.dumps({"id": "1", "services": ["taxi"], "turns": turns}) + "\n", encoding="utf-8"
    )


def fill_page(found: page.Found, folder: Path) -> str:
    path = folder / "writer.md"
    path.write_text((ROOT / "docs" / "writer.md").read_text(encoding="utf-8"), encoding="utf-8")
    page.write_page(found, path, data=folder)
    return path.read_text(encoding="utf-8")
