"""Many labelers on one base: each says what it says alone, in mixed batches too, and the base is there once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sparse_references import copy_state, differs
from tagwright.errors import DataError, ModelError
from tagwright.heads import HeadConfig
from tagwright.inference.merged import load_merged
from tagwright.inference.predictor import Predictor
from tagwright.inference.shelf import Shelf
from tagwright.models.folder import ABOUT
from tagwright.models.tagger import Tagger, TaggerPlan, attach_head
from tagwright.text.document import Document
from tagwright.tuning import TuningConfig
from tiny_labelers import LABELS, make_documents, make_trainer
from tiny_models import load_model, save_model

DIP: dict[str, Any] = {"name": "fish-dip", "percent": 3, "every": 3, "documents": 4, "dense": ("LayerNorm",)}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model("bert", tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def make(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Trains a labeler for a few steps and saves it; another seed is another labeler."""

    def train(seed: int, *, tuning: dict[str, Any] = DIP, place: Path = base) -> Path:
        folder = tmp_path_factory.mktemp("labelers") / "saved"
        backbone = load_model(place)
        plan = TaggerPlan(LABELS, backbone.config, HeadConfig(scheme="BIO"), tuning=TuningConfig(**tuning))
        tagger: Tagger = attach_head(plan, backbone)
        rest = {"eval_strategy": "no", "save_strategy": "no", "max_steps": 6, "learning_rate": 5e-2}
        make_trainer(tagger, make_documents(12, seed=seed), folder.parent, tuning=tuning, **rest).train()
        folder.mkdir()
        Predictor(tagger.eval()).save_pretrained(folder)
        return folder

    return train


@pytest.fixture(scope="module")
def folders(make: Callable[..., Path]) -> dict[str, Path]:
    return {"one": make(1), "two": make(2)}


def predict(folder: Path, documents: list[Document]) -> list[Any]:
    return [document.spans for document in Predictor.from_pretrained(folder).predict(documents)]


def test_every_labeler_says_what_it_says_alone(folders: dict[str, Path]) -> None:
    shelf, documents = Shelf(), make_documents(10, seed=9)
    for name, folder in folders.items():
        shelf.add(name, folder)
    alone = {name: predict(folder, documents) for name, folder in folders.items()}
    assert alone["one"] != alone["two"], "the labelers say the same, so nothing is tested"
    for name in ("two", "one", "two"):
        assert [document.spans for document in shelf.predict(documents, name)] == alone[name]
    names = ["one", "two", "two", "one", "one"] * 2
    mixed = [document.spans for document in shelf.predict(documents, names)]
    assert mixed == [alone[name][row] for row, name in enumerate(names)]


def test_the_base_is_there_once_and_untouched_when_nothing_is_worn(base: Path, folders: dict[str, Path]) -> None:
    shelf, untouched = Shelf(), load_model(base)
    shelf.add("one", folders["one"])
    shelf.predict(make_documents(2), "one")
    assert differs(copy_state(shelf._backbone.model), copy_state(untouched.model))
    shelf.add("two", folders["two"])
    assert not differs(copy_state(shelf._backbone.model), copy_state(untouched.model))
    assert shelf.names == ["one", "two"]
    whole = sum(weight.numel() * 4 for weight in untouched.parameters())
    assert 0 < shelf.size < 0.5 * whole


def test_a_merged_labeler_says_the_same_and_needs_no_base(folders: dict[str, Path], tmp_path: Path) -> None:
    documents = make_documents(10, seed=9)
    load_merged(folders["one"]).save_pretrained(tmp_path / "whole")
    about = json.loads((tmp_path / "whole" / ABOUT).read_text())
    assert about["base"] is None and about["tuning"]["name"] == "full"
    assert predict(tmp_path / "whole", documents) == predict(folders["one"], documents)


def test_what_does_not_fit_is_refused(make: Callable[..., Path], folders: dict[str, Path], tmp_path: Path) -> None:
    shelf = Shelf()
    shelf.add("one", folders["one"])
    with pytest.raises(DataError, match="already"):
        shelf.add("one", folders["two"])
    with pytest.raises(DataError, match="Did you mean 'one'"):
        shelf.predict(make_documents(2), "onne")
    with pytest.raises(DataError, match="2 documents and 1 names"):
        shelf.predict(make_documents(2), ["one"])
    with pytest.raises(ModelError, match="tuned by 'bitfit'"):
        shelf.add("bitfit", make(3, tuning={"name": "bitfit"}))
    other = save_model("bert", tmp_path / "other", intermediate_size=24)
    with pytest.raises(ModelError, match="Use another shelf"):
        shelf.add("other", make(3, place=other))
