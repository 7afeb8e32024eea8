"""What a search leaves: everything as JSON, a page, and a recipe that trains with the chosen plan."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tagwright.recipe.recipe import Recipe
from tagwright.search.cell import FINAL, Cell, Record
from tagwright.search.cells.record import Cost
from tagwright.search.outputs import quote, write_outputs
from tagwright.search.run import Outcome, SearchConfig
from tagwright.search.strategies.search import Found, Ranked

FINALS = tuple(Record(Cell(FINAL, "01", seed), {"01": dev}, test, Cost(10, 5), 2.0) for seed, dev, test in [
    (2, 0.5, 0.4),
    (3, 0.6, 0.5),
])  # fmt: skip


@pytest.fixture
def outcome() -> Outcome:
    field = {"00": 0.1, "01": 0.7, "10": 0.2, "11": 0.3}
    ranking = [Ranked("01", 0.75, "tuned"), Ranked("11", 0.3, "<shared>")]
    recipe = Recipe().change({"backbone.sight": "01"})
    searched = [Record(Cell("shared", None, 1), field, None, Cost(100, 50), 3.0)]
    return Outcome(SearchConfig("oneshot", 2, 2), recipe, Found(ranking, field), "about", 4, searched, FINALS)


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


def test_the_page_quotes_the_last_trainings_and_draws_plans_and_groups(outcome: Outcome, tmp_path: Path) -> None:
    write_outputs(outcome, tmp_path)
    page = (tmp_path / "search.html").read_text(encoding="utf-8")
    assert '<p class="figure">45.00</p>' in page and "Exact F1 on test" in page
    assert page.count('class="plan"') == 3 and '<i></i><i class="open"></i>' in page
    assert "group 1: closed 40.00, open 25.00" in page
    assert "&lt;shared&gt;" in page and "<shared>" not in page
    assert "flatter the winner" in page


def test_without_test_documents_or_a_search_the_page_has_what_there_is(outcome: Outcome, tmp_path: Path) -> None:
    finals = [replace(record, test=None) for record in FINALS[:1]]
    control = replace(outcome, found=Found([Ranked("01", None, "not searched")]), searched=(), finals=finals)
    write_outputs(control, tmp_path)
    page = (tmp_path / "search.html").read_text(encoding="utf-8")
    assert "Exact F1 on dev" in page and 'id="groups"' not in page and "–" in page
    assert quote(control) == {"dev": "50.00 (one seed)"}


def test_scores_are_quoted_with_their_spread(outcome: Outcome) -> None:
    assert quote(outcome)["test"].startswith("45.00 ± 7.07")
    assert list(quote(outcome)) == ["test", "dev"]
