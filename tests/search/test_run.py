"""Whole searches on a stand-in for training: chosen, trained again on fresh seeds, stopped, gone on with, refused."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tagwright.backbone.builtin import UNTRAINED
from tagwright.errors import ModelError, RecipeError
from tagwright.recipe.corpus import Corpus
from tagwright.recipe.recipe import Recipe
from tagwright.search import run as search_run
from tagwright.search.cell import FINAL, Cell, Record
from tagwright.search.cells.record import Cost, write_record
from tagwright.search.config import SearchConfig
from tagwright.search.run import Outcome, search
from tagwright.search.trial import Work
from tagwright.text.synthetic import make_corpus
from tiny_models import save_model

DOCUMENTS = make_corpus("ner", documents=30, seed=0)
CORPUS = Corpus(DOCUMENTS[:20], DOCUMENTS[20:25], DOCUMENTS[25:], {"train": {"file": "a"}})


class StandIn:
    """Trains nothing; a plan is as good as its number, in the last trainings less. Dies before cell `dies_at`."""

    def __init__(self, dies_at: int | None = None) -> None:
        self.cells: list[Cell] = []
        self.dies_at = dies_at

    def __call__(self, work: Work, cells: Sequence[Cell], *, processes: int, watch: Any) -> Iterator[Record]:
        for cell in cells:
            if len(self.cells) == self.dies_at:
                raise KeyboardInterrupt
            self.cells.append(cell)
            plans = work.space.plans if cell.plan is None else [cell.plan]
            less = 0.05 if cell.stage == FINAL else 0.0
            dev = {plan: int(plan, 2) / 10 - less for plan in plans}
            record = Record(cell, dev, 0.2 if less else None, Cost(100, 50), 1.0)
            write_record(record, work.folder)
            yield record


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    made = StandIn()
    monkeypatch.setattr(search_run, "ENGINES", {"processes": made})
    return made


def look(
    folder: Path, *, recipe: Recipe | None = None, corpus: Corpus = CORPUS, model: str = UNTRAINED, **config: Any
) -> Outcome:
    told = SearchConfig(**({"strategy": "exhaustive", "groups": 2} | config))
    plain = (recipe or Recipe()).change({"backbone.model": model})
    return search(plain, corpus, folder=folder, config=told, say=lambda line: None)


def test_the_best_plan_is_trained_again_on_seeds_the_search_never_saw(engine: StandIn, tmp_path: Path) -> None:
    recipe = Recipe().change({"training.seed": 5, "backbone.sight": "none"})
    outcome = look(tmp_path, recipe=recipe)
    assert outcome.chosen == "11" and outcome.recipe.backbone.sight == "11" and outcome.layers == 4
    assert outcome.recipe.out == str(tmp_path / "chosen")
    assert outcome.doubt.startswith("The F1 of 5 dev documents chose among 4 plans, which is as good as chance")
    assert {cell.seed for cell in engine.cells if cell.stage != FINAL} == {5}
    assert [cell.seed for cell in engine.cells if cell.stage == FINAL] == [6, 7, 8]
    assert all((cell.plan, cell.share, cell.start) == ("11", 1.0, "") for cell in engine.cells if cell.stage == FINAL)
    assert outcome.cost == Cost(400, 200) and len(outcome.finals) == 3
    assert outcome.found.ranking[0].f1 == 0.3 and outcome.finals[0].dev["11"] == 0.25


def test_a_search_that_was_killed_goes_on(engine: StandIn, tmp_path: Path) -> None:
    engine.dies_at = 3
    with pytest.raises(KeyboardInterrupt):
        look(tmp_path)
    engine.dies_at = None
    outcome = look(tmp_path)
    names = [cell.name for cell in engine.cells]
    assert len(names) == len(set(names)) == 7
    assert outcome.cost == Cost(400, 200)


def test_a_used_folder_is_refused_for_another_recipe_strategy_or_groups(engine: StandIn, tmp_path: Path) -> None:
    look(tmp_path)
    with pytest.raises(RecipeError, match="\n  training.num_train_epochs: 10.0 then, 3.0 now"):
        look(tmp_path, recipe=Recipe().change({"training.num_train_epochs": 3}))
    with pytest.raises(RecipeError, match="\n  groups: 2 then, 3 now"):
        look(tmp_path, groups=3)
    with pytest.raises(RecipeError, match="\n  strategy: 'exhaustive' then, 'halving' now"):
        look(tmp_path, strategy="halving")
    look(tmp_path, recipe=Recipe().change({"backbone.sight": "0011", "out": "elsewhere"}))


def test_shared_weights_go_when_the_search_is_done(engine: StandIn, tmp_path: Path) -> None:
    (tmp_path / "cells").mkdir()
    (tmp_path / "cells" / "shared-seed1.safetensors").touch()
    look(tmp_path, strategy="oneshot")
    assert not list((tmp_path / "cells").glob("*.safetensors"))


def test_progress_and_what_is_done_are_told(engine: StandIn, tmp_path: Path) -> None:
    told: list[str] = []
    plain = Recipe().change({"backbone.model": UNTRAINED})
    config = SearchConfig("oneshot", groups=2, seeds=1)
    search(plain, CORPUS, folder=tmp_path, config=config, say=told.append)
    search(plain, CORPUS, folder=tmp_path, config=config, say=told.append)
    said = "\n".join(told)
    assert "[2/3] tuned-10-seed1: dev F1 20.00" in said and "best of all plans: 11" in said
    assert "Chosen: 11" in said and "3 of 3 cells are done already" in said


@pytest.mark.parametrize(
    ("changes", "corpus", "message"),
    [
        ({}, Corpus(DOCUMENTS[:20]), "0 dev documents; 5 are the least"),
        ({}, Corpus(DOCUMENTS[:20], DOCUMENTS[20:24]), "4 dev documents; .* Name a dev file"),
        ({"draw.shots": 4}, CORPUS, "4 dev documents; .* of which draw.dev_policy 'matched' takes no more"),
        (
            {"draw.shots": 8, "draw.dev_policy": "cv"},
            CORPUS,
            "'cv' takes no dev documents. Set draw.dev_policy = 'full'",
        ),
    ],
)
def test_without_a_dev_set_that_can_choose_nothing_is_searched(
    engine: StandIn, tmp_path: Path, changes: dict[str, Any], corpus: Corpus, message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        look(tmp_path, recipe=Recipe().change(changes), corpus=corpus)
    assert not engine.cells


def test_models_whose_sight_cannot_be_searched_are_refused(engine: StandIn, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="5 groups of layers are too many: builtin:untrained has 4 layers"):
        look(tmp_path, groups=5)
    folder = save_model("albert", tmp_path / "albert")
    with pytest.raises(ModelError, match="sight can't be set"):
        look(tmp_path, model=str(folder))
    with pytest.raises(RecipeError, match="A search is for taggers. Compare a few plans of a writer with"):
        look(tmp_path, recipe=Recipe(view="writer"))
    assert not engine.cells
