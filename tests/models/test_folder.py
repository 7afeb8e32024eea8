import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

from tagwright.errors import ModelError
from tagwright.models.folder import Origin, fill_weights, read_folder, write_folder, write_weights
from tiny_labelers import copy_weights, find_difference, make_tagger

ORIGIN = Origin({"a": 1}, {"train": {"documents": 2}}, {"torch": "2"}, {"dev F1": 50.0})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_folder(make_tagger(), tmp_path, origin=ORIGIN)
    return tmp_path


def change(folder: Path, **values: Any) -> None:
    path = folder / "tagwright.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize("mask", [0o022, 0o027])
def test_all_files_follow_the_mask_of_the_system(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        write_folder(make_tagger(), tmp_path, origin=ORIGIN)
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*") if path.is_file()}
    assert modes == {0o666 & ~mask} and len(list(tmp_path.glob("*.safetensors"))) == 1


def drop_weight(folder: Path, name: str) -> None:
    """Take one out and leave what is said of the weights as it was."""
    path = folder / "model.safetensors"
    with safe_open(path, framework="pt") as file:
        facts = file.metadata()
    tensors = load_file(path)
    del tensors[name]
    save_file(tensors, path, metadata=facts)


@pytest.mark.parametrize("settings", [{}, {"head": "crf", "scheme": "BIOES"}, {"kind": "llama", "read_at": "last"}])
def test_what_is_written_is_read(tmp_path: Path, settings: dict[str, str]) -> None:
    tagger = make_tagger(**settings)
    write_folder(tagger, tmp_path, origin=ORIGIN)
    loaded, origin = read_folder(tmp_path)
    assert origin == ORIGIN
    assert find_difference(copy_weights(loaded), copy_weights(tagger)) == 0
    assert (loaded.labels, loaded.head.config) == (tagger.labels, tagger.head.config)
    assert loaded.backbone.config == tagger.backbone.config
    assert not loaded.training
    assert not [path for path in tmp_path.rglob("*") if path.suffix in {".bin", ".pt", ".pkl", ".pth"}]


def test_tied_weights_are_written_once(tmp_path: Path) -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = nn.Linear(3, 3), nn.Linear(3, 3)
            self.two.weight = self.one.weight

    tied, other = Tied(), Tied()
    write_weights(tied, tmp_path / "w")
    assert set(load_file(tmp_path / "w")) == {"one.weight", "one.bias", "two.bias"}
    fill_weights(other, tmp_path / "w")
    assert torch.equal(other.two.weight, tied.one.weight) and other.two.weight is other.one.weight


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"format": 2}, "saved in format 2; this version reads formats up to 1. Upgrade"),
        ({"format": "new"}, "saved in format new"),
        ({"labels": ["PER", "LOC"]}, "The labels in tagwright.json are not those that .* was trained for"),
        ({"labels": ["LOC", "LOC"]}, "can't be understood: Labels stand twice"),
        ({"labels": None}, "can't be understood"),
        ({"head": {"name": "other"}}, "can't be understood: no tagger with the head other"),
        ({"head": {"nam": "crf"}}, "can't be understood: .*nam.*Extra inputs"),
        ({"backbone": {"model": 5}}, "can't be understood: .*model.*valid string"),
        ({"view": "writer"}, "lacks .writer"),
        ({"view": "speaker"}, "can't be understood: No view of a labeler is called .speaker"),
        ({"weights": "0"}, "does not belong to this folder: tagwright.json names the weights 0"),
        ({"head": {"name": "softmax", "scheme": "BIOES"}}, "weights in .* don't fit the labels and the architecture"),
        ({"head": {"name": "crf", "scheme": "BIO"}}, "don't fit|lacks"),
    ],
)
def test_a_description_that_does_not_fit_is_told(folder: Path, values: dict[str, Any], message: str) -> None:
    change(folder, **values)
    with pytest.raises(ModelError, match=f"(?s){message}"):
        read_folder(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "5", '{"format": 1}', "\ufffd\x00"])
def test_a_damaged_description_is_told(folder: Path, text: str) -> None:
    (folder / "tagwright.json").write_text(text)
    with pytest.raises(ModelError, match="tagwright.json (can't be read as JSON|lacks).*The folder is damaged"):
        read_folder(folder)


def test_weights_of_another_labeler_of_the_same_shape_are_told(folder: Path, tmp_path_factory: Any) -> None:
    other = tmp_path_factory.mktemp("other")
    write_folder(make_tagger(seed=7), other, origin=ORIGIN)
    (other / "model.safetensors").replace(folder / "model.safetensors")
    with pytest.raises(ModelError, match="does not belong to this folder.*Put back the file"):
        read_folder(folder)


def test_missing_weights_are_told(folder: Path) -> None:
    drop_weight(folder, "head.score.bias")
    with pytest.raises(ModelError, match="lacks 1 weights, the first is head.score.bias"):
        read_folder(folder)


def test_cut_off_weights_are_told(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelError, match="model.safetensors can't be read.*damaged"):
        read_folder(folder)
    path.unlink()
    with pytest.raises(ModelError, match="model.safetensors is missing. The folder is incomplete"):
        read_folder(folder)


def test_a_missing_architecture_is_told(folder: Path) -> None:
    (folder / "backbone" / "config.json").unlink()
    with pytest.raises(ModelError, match="backbone"):
        read_folder(folder)


def test_what_is_no_saved_labeler_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="There is no folder .*nowhere"):
        read_folder(tmp_path / "nowhere")
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="holds no tagwright.json, so it is not a labeler.* Found: config.json.$"):
        read_folder(tmp_path)
    (tmp_path / "checkpoints" / "checkpoint-8").mkdir(parents=True)
    with pytest.raises(ModelError, match="Its training did not end: .* --resume"):
        read_folder(tmp_path)


def test_equal_weights_are_equal_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_weights(make_tagger(), tmp_path / name, labels=("LOC", "PER"))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with safe_open(tmp_path / "one", framework="pt") as file:
        assert len(file.metadata()) == 1  # the order of several is drawn by each process


def test_reading_draws_no_random_weights_that_stay(folder: Path) -> None:
    torch.manual_seed(1)
    one = copy_weights(read_folder(folder)[0])
    torch.manual_seed(2)
    assert find_difference(one, copy_weights(read_folder(folder)[0])) == 0
