"""Built-in labelers: loaded by name, and what is said of a name that is a backbone's or has no files."""

from pathlib import Path

import pytest

from builtin_models import find_place, ship_backbones
from tagwright import load, predict
from tagwright.backbone import builtin
from tagwright.backbone.builtin import BACKBONES
from tagwright.errors import ModelError
from tagwright.inference.predictor import Predictor
from tiny_labelers import make_documents, make_tagger

DOCUMENTS = make_documents(6)


@pytest.fixture
def labeler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Predictor:
    """What lies in the place of builtin:tiny-ner."""
    monkeypatch.setattr(builtin, "ROOT", tmp_path)
    Predictor(make_tagger(kind="llama")).save_pretrained(tmp_path / "tiny-ner", fixture=DOCUMENTS, dtype="float16")
    return Predictor.from_pretrained(tmp_path / "tiny-ner")


def test_a_labeler_is_loaded_by_name(labeler: Predictor) -> None:
    loaded = load("builtin:tiny-ner", check=True)
    assert loaded.predict(DOCUMENTS) == labeler.predict(DOCUMENTS) == predict("builtin:tiny-ner", DOCUMENTS)
    assert any(document.spans for document in loaded.predict(DOCUMENTS))


@pytest.mark.parametrize("name", BACKBONES)
def test_a_backbone_is_no_labeler(labeler: Predictor, name: str) -> None:
    with pytest.raises(ModelError, match=f"{name} is a backbone.*`tagwright train --train FILE --model {name} --out"):
        load(name)


def test_files_that_are_missing_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ship_backbones(tmp_path, monkeypatch)
    assert not find_place("builtin:tiny-ner").exists()
    with pytest.raises(ModelError, match="tiny-ner comes with Tagwright, but this installation lacks its files"):
        load("builtin:tiny-ner")
    with pytest.raises(ModelError, match="no built-in model called 'builtin:ner'.*Known: .*builtin:tiny-ner"):
        load("builtin:ner")
