"""What moved is saved beside the name and the checksum of the model it was trained beside."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tagwright.backbone.backbone import load_backbone
from tagwright.backbone.config import BackboneConfig
from tagwright.errors import ModelError
from tagwright.heads import HeadConfig
from tagwright.inference.merged import load_merged
from tagwright.inference.predictor import Predictor, load
from tagwright.models.base import Base, find_base
from tagwright.models.folder import ABOUT, WEIGHTS, read_folder
from tagwright.models.tagger import Tagger, TaggerPlan, attach_head
from tagwright.text.labels import Labels
from tagwright.tuning import TuningConfig
from tiny_labelers import copy_weights, find_difference
from tiny_models import load_model, save_model

BESIDE = {"frozen": {}, "bitfit": {}, "lora": {}, "dora": {}, "ia3": {}, "shira": {"rank": 2}, "prefix": {}}


def make_tagger(place: Path, name: str, *, dtype: str = "float32", kind: str = "bert") -> Tagger:
    """With every weight that moves drawn anew, as if it had been trained."""
    backbone = load_model(place if place.is_dir() else save_model(kind, place), dtype=dtype)
    config = TuningConfig(name=name, **BESIDE.get(name, {}))
    plan = TaggerPlan(Labels(("LOC", "PER")), backbone.config, HeadConfig(scheme="BIO"), tuning=config)
    tagger = attach_head(plan, backbone)
    torch.manual_seed(7)
    with torch.no_grad():
        for weight in tagger.parameters():
            if weight.requires_grad:
                weight.add_(0.3 * torch.randn_like(weight))
    return tagger.eval()


@pytest.mark.parametrize("name", BESIDE)
def test_only_what_moves_is_saved_and_comes_back(tmp_path: Path, name: str) -> None:
    tagger = make_tagger(tmp_path / "base", name)
    Predictor(tagger).save_pretrained(tmp_path / "saved")  # loads it again and compares
    again = read_folder(tmp_path / "saved")[0]
    assert find_difference(copy_weights(again), copy_weights(tagger)) == 0
    assert again.tuning.config == tagger.tuning.config and not again.training
    about = json.loads((tmp_path / "saved" / ABOUT).read_text())
    assert about["base"] == {"model": str(tmp_path / "base"), "revision": None, "digest": tagger.digest}
    saved = sum(tensor.numel() for tensor in load_file(tmp_path / "saved" / WEIGHTS).values())
    whole = sum(weight.numel() for weight in tagger.parameters())
    assert about["moved"] == {"weights": tagger.tuning.count(tagger), "of": whole}
    assert saved < whole / 2 and saved >= about["moved"]["weights"]
    assert find_base(again) == find_base(tagger) == Base(**about["base"])


def test_all_that_moves_is_saved_whole(tmp_path: Path) -> None:
    tagger = make_tagger(tmp_path / "base", "full")
    Predictor(tagger).save_pretrained(tmp_path / "saved")
    shutil.rmtree(tmp_path / "base")
    assert find_base(tagger) is None and load(tmp_path / "saved", check=True)


def test_another_base_is_told_by_its_checksum(tmp_path: Path) -> None:
    tagger = make_tagger(tmp_path / "base", "lora")
    Predictor(tagger).save_pretrained(tmp_path / "saved")
    weights = load_file(tmp_path / "base" / "model.safetensors")
    one = next(name for name in weights if name.endswith("query.weight"))
    weights[one][3, 5] += 1e-3  # a single number of it
    save_file(weights, tmp_path / "base" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="was trained beside another model than .*base is: its checksum is .*expected"):
        load(tmp_path / "saved")


def test_a_base_that_has_moved_is_asked_for_and_given(tmp_path: Path) -> None:
    tagger = make_tagger(tmp_path / "base", "lora")
    Predictor(tagger).save_pretrained(tmp_path / "saved")
    (tmp_path / "base").rename(tmp_path / "moved")
    with pytest.raises(ModelError, match=r"(?s)holds only what was trained beside .*base, .*load\(folder, base="):
        load(tmp_path / "saved")
    again = load(tmp_path / "saved", base=str(tmp_path / "moved"), check=True)
    again.save_pretrained(tmp_path / "anew")
    assert load(tmp_path / "anew", check=True).tagger.backbone.config.model == str(tmp_path / "moved")


def test_weights_for_another_adapter_are_told(tmp_path: Path) -> None:
    Predictor(make_tagger(tmp_path / "base", "lora")).save_pretrained(tmp_path / "saved")
    path = tmp_path / "saved" / ABOUT
    about = json.loads(path.read_text())
    path.write_text(json.dumps(about | {"tuning": about["tuning"] | {"rank": 3}}))
    with pytest.raises(ModelError, match="weights in .* don't fit"):
        load(tmp_path / "saved")
    path.write_text(json.dumps(about | {"tuning": about["tuning"] | {"name": "loora"}}))
    with pytest.raises(ModelError, match="no tuning loora is known"):
        load(tmp_path / "saved")


def test_a_base_in_another_precision_is_made_sure_of_first(tmp_path: Path) -> None:
    for stored in ("float32", "bfloat16"):
        place = tmp_path / f"saved-{stored}"
        Predictor(make_tagger(tmp_path / "base", "lora", dtype=stored)).save_pretrained(place)
        again = load(place, dtype="bfloat16")
        assert {weight.dtype for weight in again.tagger.backbone.parameters()} == {torch.bfloat16}
        assert again.tagger.backbone.config.dtype == "bfloat16" and again("ab x goes to q") is not None


@pytest.mark.parametrize("name", [name for name in BESIDE if name != "prefix"])
def test_a_merged_labeler_needs_no_base(tmp_path: Path, name: str) -> None:
    Predictor(make_tagger(tmp_path / "base", name)).save_pretrained(tmp_path / "saved")
    load_merged(tmp_path / "saved").save_pretrained(tmp_path / "merged")
    shutil.rmtree(tmp_path / "base")
    assert load(tmp_path / "merged", check=True).tagger.tuning.config.name == "full"


def test_what_cannot_be_merged_is_told(tmp_path: Path) -> None:
    Predictor(make_tagger(tmp_path / "base", "prefix")).save_pretrained(tmp_path / "saved")
    with pytest.raises(ModelError, match="'prefix' can't be merged"):
        load_merged(tmp_path / "saved")


@pytest.mark.parametrize("name", ["lora", "shira", "frozen"])
def test_beside_a_base_without_files_all_is_saved(tmp_path: Path, name: str) -> None:
    backbone = load_backbone(BackboneConfig(model="builtin:untrained"), ["ab", "x", "goes", "to", "q"])
    config = TuningConfig(name=name)
    plan = TaggerPlan(Labels(("LOC",)), backbone.config, HeadConfig(scheme="BIO"), tuning=config)
    tagger = attach_head(plan, backbone).eval()
    Predictor(tagger).save_pretrained(tmp_path)
    again = load(tmp_path, check=True).tagger
    assert find_base(again) is None and again.tuning.config == config
    assert find_difference(copy_weights(again), copy_weights(tagger)) == 0
