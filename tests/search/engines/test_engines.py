"""Cells in processes of their own and on a local Ray: they come out as they do here."""

from pathlib import Path

import pytest

from tagwright.backbone.builtin import UNTRAINED
from tagwright.errors import ModelError, RecipeError
from tagwright.recipe.corpus import Corpus
from tagwright.recipe.recipe import Recipe
from tagwright.search.cell import Cell, Record
from tagwright.search.cells.record import read_record
from tagwright.search.engines import ENGINES, processes
from tagwright.search.engines.processes import run_in_processes
from tagwright.search.space import Space
from tagwright.search.trial import Work
from tagwright.text.synthetic import make_corpus

DOCUMENTS = make_corpus("ner", documents=24, seed=0)
TRAINING = {"max_steps": 2, "learning_rate": 1e-3, "warmup_steps": 0}
RECIPE = Recipe.from_dict({"training": TRAINING, "backbone": {"model": UNTRAINED, "max_tokens": 64}})
CELLS = [Cell("whole", plan, 1) for plan in ("0", "1")]


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(RECIPE, Corpus(DOCUMENTS[:16], DOCUMENTS[16:]), Space(1, 1), tmp_path)


def test_one_process_is_this_one(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Cell] = []

    def do_cell(work: Work, cell: Cell, *, callbacks: object) -> Record:
        asked.append(cell)
        return Record(cell, {})

    monkeypatch.setattr(processes, "do_cell", do_cell)
    records = run_in_processes(work, CELLS, processes=1, watch=list)
    assert not asked
    assert next(records).cell == CELLS[0] and asked == CELLS[:1]


@pytest.mark.slow
@pytest.mark.parametrize("engine", list(ENGINES))
def test_cells_come_out_alike_wherever_they_run(work: Work, engine: str) -> None:
    if engine == "ray":
        pytest.importorskip("ray")
    found = {record.cell: record for record in ENGINES[engine](work, CELLS, processes=2, watch=list)}
    here = {record.cell: record for record in run_in_processes(work, CELLS, processes=1, watch=list)}
    assert {cell: (record.dev, record.cost) for cell, record in found.items()} == {
        cell: (record.dev, record.cost) for cell, record in here.items()
    }
    assert all(read_record(cell, work.folder, kind=Record) for cell in CELLS)


@pytest.mark.slow
@pytest.mark.parametrize("engine", list(ENGINES))
def test_an_error_of_ours_comes_back_as_one(work: Work, engine: str) -> None:
    if engine == "ray":
        pytest.importorskip("ray")
    with pytest.raises(ModelError, match=r"Delete .*gone\.json"):
        list(ENGINES[engine](work, [Cell("tuned", "1", 1, start="gone")], processes=2, watch=list))


def test_without_ray_the_engine_says_how_to_get_it(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(RecipeError, match=r"tagwright\[ray\]"):
        list(ENGINES["ray"](work, CELLS, processes=1, watch=list))
