"""Writers learn a few documents by heart, with every tuning that can, and label the same after they were saved."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from tagwright.errors import ModelError
from tagwright.evaluation.report import evaluate
from tagwright.inference.predictor import Predictor, load
from tagwright.models.writer import Writer
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.tuning import TUNINGS
from taught_writers import learn, make_dialogue, make_entities, make_roles, make_writer, save_writer, train

TASKS = {
    "ner": (make_entities, "exact.f1"),
    "srl": (make_roles, "roles.f1"),
    "dst": (lambda: [make_dialogue()], "joint"),
}
LEARNED = [
    ("llama", "ner", "inline"),
    ("llama", "dst", "inline"),
    pytest.param("t5", "srl", "inline", marks=pytest.mark.slow),
    pytest.param("t5", "ner", "inline", marks=pytest.mark.slow),
    pytest.param("t5", "ner", "records", marks=pytest.mark.slow),
    pytest.param("llama", "ner", "sentinel", marks=pytest.mark.slow),
    pytest.param("llama", "srl", "records", marks=pytest.mark.slow),
]
REFUSED = {"bitfit": "has no biases", "qlora": "needs a GPU"}
REFUSED["prefix"] = "The tuning 'prefix' .* a writer has none"
ABLE = [name for name in TUNINGS if name not in REFUSED and name != "frozen"]  # which learns nothing
FAST = ("full", "lora", "fish-dip")
RATES = {"full": 1e-2, "fish": 5e-2, "fish-dip": 5e-2, "fish-dip:paper": 3e-1}


def find_loss(writer: Writer, documents: Sequence[Document]) -> float:
    with torch.no_grad():
        return float(writer.lose_each(*writer.teach(documents, Ledger())).sum())


def check_saved(writer: Writer, documents: Sequence[Document], place: Path) -> None:
    found = Predictor(writer).predict(documents)
    Predictor(writer).save_pretrained(place, fixture=documents)
    assert load(place, check=True).predict(documents) == found


def check_learned(kind: str, task: str, *, format: str, place: Path, documents: list[Document]) -> None:
    writer = make_writer(save_writer(kind, place / "model"), documents, task=task, format=format)
    learn(writer, documents)
    predictor = Predictor(writer)
    assert evaluate(documents, predictor.predict(documents)).score(TASKS[task][1]) == 1
    assert not predictor.ledger and predictor.faults.outputs
    check_saved(writer, documents, place / "saved")


def test_a_pair_learns_by_heart(tmp_path: Path) -> None:
    check_learned("t5", "ner", format="inline", place=tmp_path, documents=make_entities()[:3])


@pytest.mark.parametrize(("kind", "task", "format"), LEARNED)
def test_a_writer_learns_by_heart(kind: str, task: str, format: str, tmp_path: Path) -> None:
    check_learned(kind, task, format=format, place=tmp_path, documents=TASKS[task][0]())


@pytest.mark.parametrize("name", [pytest.param(name, marks=[] if name in FAST else pytest.mark.slow) for name in ABLE])
def test_every_tuning_learns(name: str, tmp_path: Path) -> None:
    documents = make_entities()[:4]
    writer = make_writer(save_writer("t5", tmp_path / "model"), documents, tuning=name, format="records")
    first = find_loss(writer, documents)
    train(writer, documents, tmp_path / "run", learning_rate=RATES.get(name, 5e-2), max_steps=20)
    last = find_loss(writer, documents)
    assert last < 0.75 * first, (first, last)  # random weights are no base to stay near
    check_saved(writer, documents, tmp_path / "saved")


@pytest.mark.parametrize("name", REFUSED)
def test_other_tunings_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=REFUSED[name]):
        make_writer(save_writer("llama", tmp_path / "model"), make_entities(), tuning=name)
