"""One cell for real: what is counted, what is drawn, what shared weights are for."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from tagwright.backbone.builtin import UNTRAINED
from tagwright.errors import ModelError
from tagwright.recipe.corpus import Corpus
from tagwright.recipe.recipe import Recipe
from tagwright.search import trial
from tagwright.search.cell import FINAL, LEARNED, Cell
from tagwright.search.space import Space
from tagwright.search.switch import DrawSight, Switch
from tagwright.search.trial import Meter, Work, run_cell, settle
from tagwright.text.synthetic import make_corpus
from tiny_models import load_model, make_batch, save_model

DOCUMENTS = make_corpus("ner", documents=26, seed=0)
TRAINING = {"num_train_epochs": 1, "learning_rate": 1e-3, "per_device_train_batch_size": 8, "warmup_steps": 0}
RECIPE = Recipe.from_dict({"training": TRAINING, "backbone": {"model": UNTRAINED, "max_tokens": 64}})


@pytest.fixture
def work(tmp_path: Path) -> Work:
    corpus = Corpus(DOCUMENTS[:16], DOCUMENTS[16:21], DOCUMENTS[21:])
    return Work(RECIPE, corpus, Space(1, 1), tmp_path)


def test_one_training_serves_all_plans_and_the_best_go_on_from_it(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = run_cell(work, Cell("shared", None, 1))
    assert set(shared.dev) == {"0", "1"} and shared.test is None
    weights = work.folder / "shared-seed1.safetensors"
    assert weights.is_file() and shared.cost.forward > shared.cost.backward > 0

    started: list[torch.Tensor] = []
    real = trial.fit

    def fit(recipe: Recipe, corpus: Corpus, **rest: Any) -> Any:
        def prepare(labeler: Any) -> None:
            rest_prepare(labeler)
            started.append(labeler.backbone.model.get_input_embeddings().weight.detach().clone())

        rest_prepare = rest.pop("prepare")
        return real(recipe, corpus, prepare=prepare, **rest)

    monkeypatch.setattr(trial, "fit", fit)
    tuned = Cell("tuned", "1", 1, 0.2, start=shared.cell.name)
    assert set(run_cell(work, tuned).dev) == {"1"}
    run_cell(work, replace(tuned, start="", stage="fresh"))
    assert not torch.equal(*started)
    weights.unlink()
    with pytest.raises(ModelError, match=r"Delete .*shared-seed1\.json"):
        run_cell(work, tuned)


def test_gates_learn_one_plan_which_the_trained_model_is_scored_under(work: Work) -> None:
    record = run_cell(work, Cell(LEARNED, None, 1))
    assert set(record.dev) in ({"0"}, {"1"}) and record.cost.backward > 0
    assert not list(work.folder.iterdir())


def test_test_is_scored_only_in_the_last_trainings(work: Work) -> None:
    assert run_cell(work, Cell("whole", "0", 1)).test is None
    assert run_cell(work, Cell(FINAL, "0", 2)).test is not None
    assert not [path for path in work.folder.iterdir() if path.is_dir()]


def test_a_meter_counts_every_batch_and_what_learns_from_it(tmp_path: Path) -> None:
    backbone = load_model(save_model("llama", tmp_path))
    batch, meter = make_batch(backbone, [["ab", "c"], ["a"]]), Meter()
    meter.watch(backbone)
    backbone(batch)
    with torch.no_grad():
        backbone(batch)
    assert meter.cost.forward == 2 * batch.ids.numel() and meter.cost.backward == batch.ids.numel()


@pytest.mark.parametrize("kind", ["llama", "bert"])
def test_a_switch_turns_and_proves_models_of_either_nature(tmp_path: Path, kind: str) -> None:
    backbone = load_model(save_model(kind, tmp_path))
    batch = make_batch(backbone, [["ab", "c", "d"]])
    switch = Switch(backbone)
    states = {}
    for plan in ("00", "01", "11", "00"):
        switch.prove(plan)
        states.setdefault(plan, []).append(backbone(batch).detach())
    torch.testing.assert_close(*states["00"])
    assert not torch.allclose(states["00"][0], states["01"][0]) and not torch.allclose(states["01"][0], states["11"][0])


def test_every_batch_has_a_plan_of_its_own() -> None:
    turned: list[str] = []
    draw = DrawSight(Space(2, 3))
    draw.switch = SimpleNamespace(turn=turned.append)  # type: ignore[assignment]
    nothing: Any = None
    for _ in range(40):
        draw.on_step_begin(nothing, nothing, nothing)
        draw.on_substep_end(nothing, nothing, nothing)
    assert len(turned) == 80 and set(turned) == {"00", "01", "10", "11"}


def test_a_cell_takes_its_share_of_the_training() -> None:
    rung = settle(RECIPE, Cell("rung1", "01", 9, 0.25), groups=2)
    assert (rung.training.num_train_epochs, rung.training.seed, rung.backbone.sight) == (0.25, 9, "01")
    stepped = RECIPE.change({"training.max_steps": 10})
    assert settle(stepped, Cell("rung1", "01", 9, 0.25), groups=2).training.max_steps == 2
    assert settle(stepped, Cell("rung1", "01", 9, 0.01), groups=2).training.max_steps == 1
    learned = settle(RECIPE, Cell(LEARNED, None, 9), groups=2)
    assert learned.backbone.sight == "learned:2" and learned.training.eval_strategy == "no"
    drawn = settle(RECIPE, Cell("shared", None, 9), groups=2)
    assert drawn.backbone.sight is None
    assert drawn.training.eval_strategy == drawn.training.save_strategy == "no"
