"""Whole curves on a stand-in for training: told beforehand, stopped, gone on with, refused."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from made_curves import make_record
from tagwright.backbone.builtin import UNTRAINED
from tagwright.errors import DataError, ModelError, RecipeError, TagwrightError
from tagwright.recipe.corpus import Corpus
from tagwright.recipe.estimate.machine import Machine
from tagwright.recipe.recipe import Recipe
from tagwright.search.cells.record import write_record
from tagwright.search.curves import expectation
from tagwright.search.curves import run as curve_run
from tagwright.search.curves.cell import RUN, TRIAL, Cell, Record
from tagwright.search.curves.plan import CurveConfig
from tagwright.search.curves.run import Outcome, curve
from tagwright.search.curves.trial import Work
from tagwright.text.synthetic import make_corpus

DOCUMENTS = make_corpus("ner", documents=40, seed=0)
CORPUS = Corpus(DOCUMENTS[:24], DOCUMENTS[24:32], DOCUMENTS[32:], {"train": {"file": "a"}})
RECIPE = Recipe().change({"backbone.model": UNTRAINED, "training.num_train_epochs": 2})


class StandIn:
    """Trains nothing. Dies before cell `dies_at`."""

    def __init__(self) -> None:
        self.cells: list[Cell] = []
        self.dies_at: int | None = None

    def __call__(self, work: Work, cells: Sequence[Cell], *, processes: int, watch: Any) -> Iterator[Record]:
        for cell in cells:
            if len(self.cells) == self.dies_at:
                raise KeyboardInterrupt
            self.cells.append(cell)
            record = make_record(cell)
            write_record(record, work.folder)
            yield record


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    made = StandIn()
    monkeypatch.setattr(curve_run, "ENGINES", {"processes": made})
    monkeypatch.setattr(expectation, "measure_machine", lambda bf16: Machine("one", 1 << 34, 1e10, 1e10))
    return made


def draw(
    folder: Path, *, recipe: Recipe = RECIPE, corpus: Corpus = CORPUS, told: list[str] | None = None, **config: Any
) -> Outcome:
    wanted = CurveConfig(**({"vary": "fusion=last,mix", "shots": "8,all", "seeds": 2, "trials": 3} | config))
    return curve(recipe, corpus, folder=folder, config=wanted, say=([] if told is None else told).append)


def test_what_will_be_trained_is_told_before_it_is(engine: StandIn, tmp_path: Path) -> None:
    told: list[str] = []
    outcome = draw(tmp_path, told=told)
    assert told[0] == "fusion.name: last, mix; documents: 8, 24."
    assert "Trials of learning rates: 3 for every value, on dev, with 8 documents: 0.00032, 0.001, 0.0032." in told[1]
    assert "2 values x 2 sizes" in told[2] and "12 runs and 6 trials, 18 cells in all." in told[2]
    assert told[3].startswith("Expected: about ") and "one at a time" in told[3]
    assert [cell.stage for cell in engine.cells] == [TRIAL] * 6 + [RUN] * 12
    assert len(outcome.trials) == 6 and len(outcome.runs) == 12


def test_a_curve_that_was_killed_goes_on_and_can_grow(engine: StandIn, tmp_path: Path) -> None:
    engine.dies_at = 9
    with pytest.raises(KeyboardInterrupt):
        draw(tmp_path)
    engine.dies_at = None
    whole = draw(tmp_path)
    assert len(engine.cells) == len({cell.name for cell in engine.cells}) == 18
    assert draw(tmp_path) == whole and len(engine.cells) == 18
    draw(tmp_path, vary="fusion=last,mix,mean")
    assert {cell.value for cell in engine.cells[18:]} == {"mean"}


def test_a_used_folder_is_refused_for_another_recipe_or_dial(engine: StandIn, tmp_path: Path) -> None:
    draw(tmp_path)
    with pytest.raises(RecipeError, match="training.weight_decay"):
        draw(tmp_path, recipe=RECIPE.change({"training.weight_decay": 0.5}))
    with pytest.raises(RecipeError, match="\n  vary: 'fusion.name' then, 'tuning.name' now"):
        draw(tmp_path, vary="tuning=full,frozen")


def test_settings_that_a_value_does_not_read_are_told(engine: StandIn, tmp_path: Path) -> None:
    told: list[str] = []
    draw(
        tmp_path,
        recipe=RECIPE.change({"fusion.name": "concat", "fusion.inner": 8}),
        vary="fusion=last,concat",
        told=told,
    )
    assert told[0] == "last does not read fusion.inner: left aside for it."


def test_where_nothing_is_tried_a_few_dev_documents_do(
    engine: StandIn, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    draw(tmp_path / "one", shots="4", trials=1)
    assert engine.cells and "as good as chance" not in caplog.text
    draw(tmp_path / "three")
    assert "The F1 of 8 dev documents chooses the learning rates" in caplog.text


def test_a_recipe_that_would_cross_validate_chooses_on_dev(
    engine: StandIn, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outcome = draw(tmp_path, recipe=RECIPE.change({"draw.dev_policy": "cv"}))
    assert engine.cells and outcome.recipe.draw.policy == "full"
    assert "draw.dev_policy 'cv' is left aside" in caplog.text


BARE = [document.with_spans(()) for document in DOCUMENTS[:23]] + [DOCUMENTS[23]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vary": "fusion=last,mixx"}, "Did you mean 'mix'"),
        ({"vary": "training.adam_betta2=0.9"}, "adam_betta2"),
        ({"vary": 'fusion=last,{name="layer",layer=99}'}, "99"),
        ({"vary": "model=builtin:untrainedd"}, "builtin:untrained"),
        ({"shots": "8,25"}, "there are 24"),
        ({"shots": "4,all"}, "with 4 dev documents"),
        ({"corpus": Corpus(BARE, CORPUS.dev)}, "holds no labelled span"),
        ({"corpus": Corpus(BARE[:23], CORPUS.dev)}, "None of the 23"),
    ],
)
def test_a_wrong_wish_is_refused_before_anything_is_trained(
    engine: StandIn, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises((RecipeError, DataError, ModelError), match=message) as caught:
        draw(tmp_path, **changes)
    assert isinstance(caught.value, TagwrightError) and not engine.cells
