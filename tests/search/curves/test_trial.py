"""One cell for real: its recipe, its documents, what is scored and counted; and how long it was expected to take."""

from pathlib import Path

import pytest

from tagwright.backbone.builtin import UNTRAINED
from tagwright.recipe.corpus import Corpus
from tagwright.recipe.recipe import Recipe
from tagwright.search.curves import expectation
from tagwright.search.curves.cell import RUN, TRIAL, Cell
from tagwright.search.curves.dial import Dial
from tagwright.search.curves.expectation import expect_seconds, share_out
from tagwright.search.curves.trial import Work
from tagwright.text.synthetic import make_corpus

DOCUMENTS = make_corpus("ner", documents=36, seed=0)
CORPUS = Corpus(DOCUMENTS[:20], DOCUMENTS[20:30], DOCUMENTS[30:])
TRAINING = {"max_steps": 4, "warmup_steps": 0, "per_device_train_batch_size": 4}
RECIPE = Recipe.from_dict(
    {
        "training": TRAINING,
        "backbone": {"model": UNTRAINED, "max_tokens": 64},
        "draw": {"shots_per_label": 2, "seed": 9},
        "tuning": {"head_learning_rate": 2e-3},
    }
)
CELL = Cell(RUN, "frozen", 8, 2, 3, 1e-3)


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(RECIPE, Dial.parse("tuning=full,frozen"), CORPUS, tmp_path)


def test_a_cell_is_trained_scored_and_counted(work: Work) -> None:
    record = work.run(CELL)
    assert record.test is not None and 0 <= record.dev <= 1
    assert [step for step, _ in record.steps] == [2, 4] and record.cost.forward > 0 == record.cost.backward
    assert not list(work.folder.iterdir())
    full = work.run(Cell(TRIAL, "full", 8, 2, 3, 1e-3))
    assert full.test is None and full.cost.backward > 0 and full.moved > record.moved > 0


def test_a_cell_has_its_own_draw_seed_and_rates(work: Work) -> None:
    recipe = work.settle(CELL)
    assert recipe.tuning.name == "frozen" and recipe.training.seed == 3
    assert (recipe.draw.shots, recipe.draw.seed, recipe.draw.shots_per_label) == (8, 2, None)
    assert recipe.training.learning_rate == 1e-3
    assert recipe.tuning.head_learning_rate == pytest.approx(1e-3)  # 2e-3 beside 2e-3, the own rate of `frozen`
    faster = work.settle(Cell(RUN, "full", 20, 2, 3, 1e-2))
    assert faster.tuning.head_learning_rate == pytest.approx(2e-2) and not faster.draw.is_drawing


def test_values_share_their_documents_and_sizes_are_nested(work: Work) -> None:
    def draw(value: str, documents: int, draw: int, seed: int) -> Corpus:
        return work.draw(Cell(RUN, value, documents, draw, seed, 1e-3))

    few = draw("full", 4, 2, 3)
    assert few == draw("frozen", 4, 2, 7) and len(few.train) == len(few.dev) == 4
    assert list(few.train) != list(draw("full", 4, 3, 3).train)
    assert list(draw("full", 8, 2, 3).train[:4]) == list(few.train)
    assert draw("full", 20, 2, 3) == CORPUS


def test_more_documents_steps_and_scores_are_expected_to_take_longer(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = [Cell(TRIAL, "full", 8, 1, 1, 1e-3), Cell(RUN, "full", 8, 2, 2, 1e-3), Cell(RUN, "full", 20, 2, 2, 1e-3)]
    epochs = Work(work.recipe.change({"training.max_steps": -1}), work.dial, work.corpus, work.folder)
    trial, few, many = expect_seconds(epochs, cells).values()
    assert 1 < trial < few < many < 60
    monkeypatch.setattr(expectation.torch, "get_num_threads", lambda: 8)
    assert share_out({"a": 3.0, "b": 1.0}, 1) == 4.0
    assert share_out({"a": 3.0, "b": 1.0}, 2) == 16.0 and share_out({"a": 3.0, "b": 1.0}, 8) == 4.0
