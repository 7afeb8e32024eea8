"""What a search leaves: everything as JSON, a page, and a recipe that trains with the chosen plan."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tagwright.errors import RecipeError
from tagwright.recipe.recipe import Recipe
from tagwright.search.cell import FINAL, Cell, Record
from tagwright.search.cells.place import CELLS, take_folder
from tagwright.search.cells.record import Cost
from tagwright.search.config import SearchConfig
from tagwright.search.outputs import FILES, quote, tell_check, write_outputs
from tagwright.search.run import Outcome
from tagwright.search.strategies.search import Found, Ranked

FINALS = tuple(Record(Cell(FINAL, "01", seed), {"01": dev}, test, Cost(10, 5), 2.0) for seed, dev, test in [
    (2, 0.5, 0.4),
    (3, 0.6, 0.5),
])  # fmt: skip


@pytest.fixture
def outcome() -> Outcome:
    field = {"00": 0.1, "01": 0.7, "10": 0.2, "11": 0.3}
    ranking = [Ranked("01", 0.75, "tuned"), Ranked("11", 0.3, "<shared>")]
    recipe = Recipe().change({"backbone.sight": "01", "out": "s 1/chosen", "data.test": "test.conll"})
    searched = [Record(Cell("shared", None, 1), field, None, Cost(100, 50), 3.0)]
    return Outcome(SearchConfig("oneshot", 2, 2), recipe, Found(ranking, field), "about", 4, searched, FINALS, 40)


def test_everything_is_written(outcome: Outcome, tmp_path: Path) -> None:
    write_outputs(outcome, tmp_path)
    plain = json.loads((tmp_path / "search.json").read_text(encoding="utf-8"))
    assert plain["chosen"] == "01" and plain["open_layers"] == [2, 3] and plain["cost"]["tokens"] == 150
    assert plain["final_cost"] == {"forward": 20, "backward": 10, "tokens": 30}
    assert plain["groups_closed_open"][0] == pytest.approx([0.4, 0.25])
    assert [record["cell"]["seed"] for record in plain["finals"]] == [2, 3]
    text = (tmp_path / "recipe.toml").read_text(encoding="utf-8")
    assert "found by `tagwright search`" in text
    assert Recipe.from_toml(tmp_path / "recipe.toml") == outcome.recipe
    untouched = Recipe.from_toml(tmp_path / "untouched.toml")
    assert untouched.backbone.sight is None and untouched.out == "s 1/untouched"
    assert untouched.change({"backbone.sight": "01", "out": "s 1/chosen"}) == outcome.recipe


def test_the_page_quotes_the_last_trainings_and_draws_plans_and_groups(outcome: Outcome, tmp_path: Path) -> None:
    write_outputs(outcome, tmp_path)
    page = (tmp_path / "search.html").read_text(encoding="utf-8")
    assert '<p class="figure">45.00</p>' in page and "Exact F1 on test" in page
    assert page.count('class="plan"') == 3 and '<i></i><i class="open"></i>' in page
    assert "group 1: closed 40.00, open 25.00" in page
    assert "&lt;shared&gt;" in page and "<shared>" not in page
    assert "flatter the winner" in page and "as good as chance" not in page
    assert "<title>Sight 01, chosen by oneshot: report</title>" in page
    assert "tagwright compare test.conll" in page


def test_without_test_documents_or_a_search_the_page_has_what_there_is(outcome: Outcome, tmp_path: Path) -> None:
    finals = [replace(record, test=None) for record in FINALS[:1]]
    control = replace(outcome, found=Found([Ranked("01", None, "not searched")]), searched=(), finals=finals)
    write_outputs(control, tmp_path)
    page = (tmp_path / "search.html").read_text(encoding="utf-8")
    assert "Exact F1 on dev" in page and 'id="groups"' not in page and "–" in page
    assert quote(control) == {"dev": "50.00 (one seed)"}


def test_a_choice_by_few_dev_documents_is_doubted_where_there_was_one(outcome: Outcome, tmp_path: Path) -> None:
    few = replace(outcome, dev_documents=12)
    write_outputs(few, tmp_path)
    assert "The F1 of 12 dev documents chose among 2 plans" in (tmp_path / "search.html").read_text(encoding="utf-8")
    assert not outcome.doubt and not replace(few, found=Found([Ranked("01", None, "not searched")])).doubt


def test_it_says_how_to_learn_whether_the_plan_helped(outcome: Outcome) -> None:
    about, *commands = tell_check(outcome)
    assert "isn't known yet" in about and "TEST" not in about
    assert commands == [
        "tagwright train 's 1/untouched.toml' --set training.seed=2 --seeds 2",
        "tagwright train 's 1/recipe.toml' --set training.seed=2 --seeds 2",
        "tagwright predict 's 1/untouched/seed-2' test.conll -o 's 1/untouched/seed-2/test.jsonl'",
        "tagwright predict 's 1/untouched/seed-3' test.conll -o 's 1/untouched/seed-3/test.jsonl'",
        "tagwright predict 's 1/chosen/seed-2' test.conll -o 's 1/chosen/seed-2/test.jsonl'",
        "tagwright predict 's 1/chosen/seed-3' test.conll -o 's 1/chosen/seed-3/test.jsonl'",
        "tagwright compare test.conll 's 1/chosen/seed-2/test.jsonl' 's 1/chosen/seed-3/test.jsonl' --against "
        "'s 1/untouched/seed-2/test.jsonl' 's 1/untouched/seed-3/test.jsonl' --names 01,untouched",
    ]
    single = replace(outcome, recipe=outcome.recipe.change({"data.test": None}), finals=FINALS[:1])
    about, *commands = tell_check(single)
    assert "TEST stands for a labelled file" in about
    assert commands[0] == "tagwright train 's 1/untouched.toml' --set training.seed=2"
    assert commands[2] == "tagwright predict 's 1/untouched' TEST -o 's 1/untouched/test.jsonl'"


def test_files_that_no_search_has_left_are_not_replaced_unasked(tmp_path: Path) -> None:
    take_folder(tmp_path, what="search", files=FILES, overwrite=False)
    (tmp_path / "recipe.toml").touch()
    with pytest.raises(RecipeError, match="is no search, but holds recipe.toml"):
        take_folder(tmp_path, what="search", files=FILES, overwrite=False)
    take_folder(tmp_path, what="search", files=FILES, overwrite=True)
    (tmp_path / CELLS).mkdir()
    (tmp_path / CELLS / "run.json").touch()
    take_folder(tmp_path, what="search", files=FILES, overwrite=False)
    take_folder(tmp_path, what="search", files=FILES, overwrite=True)
    assert not (tmp_path / CELLS).exists()


def test_scores_are_quoted_with_their_spread(outcome: Outcome) -> None:
    assert quote(outcome)["test"].startswith("45.00 ± 7.07")
    assert list(quote(outcome)) == ["test", "dev"]
