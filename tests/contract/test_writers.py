"""Writers learn a few documents by heart, with every tuning that can, and label the same after they were saved."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from tagwright.errors import ModelError
from tagwright.evaluation.report import evaluate
from tagwright.inference.predictor import Predictor, load
from tagwright.models.writing.writer import Writer
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.span import Span
from tagwright.tuning import TUNINGS
from taught_writers import (
    learn,
    learn_pairs,
    make_dialogue,
    make_entities,
    make_roles,
    make_writer,
    make_writers,
    save_writer,
    train,
)

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


def check_several(kind: str, place: Path) -> None:
    """The same texts, and only what a source begins with says whether names or verbs are asked for."""
    names = make_entities()[:3]
    verbs = [document.with_spans([Span(at, at + 1, "VP")]) for document, at in zip(names, (1, 1, 3), strict=True)]
    documents = {"ner": names, "chunks": verbs}
    writers = make_writers(save_writer(kind, place / "model"), documents)
    taught = [writers.choose(task).teach(own, Ledger()) for task, own in documents.items()]
    learn_pairs(writers, taught[0][0] + taught[1][0], taught[0][1] + taught[1][1])
    predictor = Predictor(writers)
    predictor.save_pretrained(place / "saved", fixture=documents)
    again = load(place / "saved", check=True)
    for task, own in documents.items():
        assert evaluate(own, again.choose(task).predict(own)).score("exact.f1") == 1
    spans = [{span.bounds for span in [*one.spans, *two.spans]} for one, two in zip(names, verbs, strict=True)]
    assert [{span.bounds for span in found.spans} for found in again.predict(names)] == spans


def test_one_writer_learns_two_tasks_by_heart(tmp_path: Path) -> None:
    check_several("llama", tmp_path)


@pytest.mark.slow
def test_one_pair_learns_two_tasks_by_heart(tmp_path: Path) -> None:
    check_several("t5", tmp_path)


def test_adapters_of_several_tasks_lie_beside_their_base(tmp_path: Path) -> None:
    documents = {"ner": make_entities()[:3], "srl": make_roles()[:2]}
    writers = make_writers(save_writer("llama", tmp_path / "model"), documents, tuning="lora")
    learn_pairs(writers, *writers.choose("srl").teach(documents["srl"], Ledger()), steps=3)
    predictor = Predictor(writers)
    predictor.save_pretrained(tmp_path / "saved", fixture=documents)
    expected = predictor.choose("srl").predict(documents["srl"])
    again = load(tmp_path / "saved", check=True)
    assert again.choose("srl").predict(documents["srl"]) == expected
    again.model.merge()
    again.save_pretrained(tmp_path / "merged", fixture=documents)
    assert load(tmp_path / "merged", check=True).model.choose("ner").tuning.config.name == "full"
