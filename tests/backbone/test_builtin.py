"""Built-in backbones: found by name, loaded from float16 files, and what is said of a name that won't do."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from builtin_models import KINDS, find_place, ship_backbones
from tagwright.backbone import builtin
from tagwright.backbone.backbone import load_backbone, load_config, load_tokenizer
from tagwright.backbone.builtin import BACKBONES, LABELERS, UNTRAINED, find_backbone, find_labeler
from tagwright.backbone.config import BackboneConfig
from tagwright.errors import ModelError
from tagwright.recipe.estimate.shape import look_up
from tagwright.text.document import Document
from tagwright.tuning import TuningConfig
from tiny_models import make_batch

WORDS = [*"abcdefgh"]
PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module", autouse=True)
def shipped(tmp_path_factory: pytest.TempPathFactory) -> object:
    with pytest.MonkeyPatch.context() as patch:
        ship_backbones(tmp_path_factory.mktemp("builtin"), patch)
        yield


def test_every_built_in_backbone_has_a_stand_in() -> None:
    assert set(KINDS) | {UNTRAINED} == set(BACKBONES)


@pytest.mark.parametrize("name", KINDS)
def test_a_backbone_is_loaded_by_name(name: str) -> None:
    config = BackboneConfig(model=name)
    backbone = load_backbone(config).eval()
    assert backbone.config.model == name  # and not the folder it lies in on this machine
    assert {weight.dtype for weight in backbone.parameters()} == {torch.float32}
    files = load_file(find_place(name) / "model.safetensors")
    assert {tensor.dtype for tensor in files.values()} == {torch.float16}
    embedding = backbone.model.get_input_embeddings().weight  # type: ignore[union-attr, operator]
    assert any(tensor.shape == embedding.shape and torch.equal(tensor.float(), embedding) for tensor in files.values())
    assert backbone(make_batch(backbone, [WORDS])).shape == (1, len(WORDS), backbone.width)


@pytest.mark.parametrize(("name", "sees"), [("tiny-decoder", False), ("tiny-encoder", True), ("tiny-t5", True)])
def test_the_decoder_alone_is_blind_to_the_right(name: str, sees: bool) -> None:
    backbone = load_backbone(BackboneConfig(model=f"builtin:{name}")).eval()
    states, changed = (backbone(make_batch(backbone, [["a", "b", "c", last]]))[0] for last in "de")
    moved = (states - changed).abs().amax(-1) > 1e-6
    assert moved.tolist() == [sees, sees, sees, True]


def test_the_precision_is_the_users() -> None:
    backbone = load_backbone(BackboneConfig(model="builtin:tiny-encoder", dtype="bfloat16"))
    assert {weight.dtype for weight in backbone.parameters()} == {torch.bfloat16}


@pytest.mark.parametrize("name", KINDS)
def test_config_and_tokenizer_come_without_weights(name: str) -> None:
    config = BackboneConfig(model=name)
    assert load_config(config).hidden_size == 16
    assert len(load_tokenizer(config).encode([WORDS])[0].ids) >= len(WORDS)
    shape, _, longest = look_up(config, [Document.from_words(WORDS)], tuning=TuningConfig())
    assert shape.weights > 0 and longest > 0


def test_a_saved_config_does_not_say_where_the_model_lay(tmp_path: Path) -> None:
    backbone = load_backbone(BackboneConfig(model="builtin:tiny-encoder"))
    backbone.model.config.save_pretrained(tmp_path)  # type: ignore[union-attr, operator]
    backbone.tokenizer.tokenizer.save_pretrained(tmp_path)
    for file in tmp_path.iterdir():
        assert str(builtin.ROOT) not in file.read_text(encoding="utf-8"), file


def test_an_unknown_name_is_answered_with_all_that_there_are() -> None:
    for find in (find_backbone, find_labeler):
        with pytest.raises(ModelError, match="no built-in model called 'builtin:tiny-decoderr'") as caught:
            find("builtin:tiny-decoderr")
        assert "Did you mean 'builtin:tiny-decoder'?" in str(caught.value)
        assert all(name in str(caught.value) for name in (*BACKBONES, *LABELERS))


def test_files_that_are_missing_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtin, "ROOT", tmp_path)
    for load in (load_backbone, load_tokenizer, load_config):
        with pytest.raises(
            ModelError, match="comes with Tagwright, but this installation lacks its files.*tiny-decoder"
        ):
            load(BackboneConfig(model="builtin:tiny-decoder"))
    with pytest.raises(ModelError, match="builtin:untrained has no files: `tagwright train"):
        load_tokenizer(BackboneConfig(model=UNTRAINED))


def test_damaged_files_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ship_backbones(tmp_path, monkeypatch)
    (tmp_path / "tiny-decoder" / "model.safetensors").write_bytes(b"none")
    with pytest.raises(ModelError, match=f"The folder {tmp_path / 'tiny-decoder'} can't be loaded"):
        load_backbone(BackboneConfig(model="builtin:tiny-decoder"))


def test_a_labeler_is_no_backbone() -> None:
    with pytest.raises(ModelError, match="builtin:tiny-ner is a labeler, not a backbone.*start from one of builtin:"):
        load_backbone(BackboneConfig(model="builtin:tiny-ner"))


def test_a_built_package_holds_the_models(tmp_path: Path) -> None:
    """The project's own settings, around a package of one file and stand-ins for what it ships."""
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (tmp_path / name).write_bytes((PROJECT / name).read_bytes())
    package = tmp_path / "src" / "tagwright"
    shipped = ["builtin/tiny-encoder/model.safetensors", "builtin/tiny-encoder/README.md"]
    shipped += ["builtin/tiny-ner/tagwright.json", "builtin/tiny-ner/backbone/tokenizer.json"]
    for name in ("__init__.py", *shipped):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).touch()
    build = "from setuptools import build_meta; print(build_meta.build_wheel('.'), build_meta.build_sdist('.'))"
    done = subprocess.run([sys.executable, "-c", build], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        assert {f"tagwright/{name}" for name in shipped} <= set(wheel.namelist())
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as source:
        held = {name.partition("/src/tagwright/")[2] for name in source.getnames()}
    assert set(shipped) <= held
