"""Every fusion learns eight documents by heart on every kind of backbone, and is the same again after it was saved."""

from pathlib import Path
from typing import Any

import pytest
import torch

from by_heart import learn, make_documents, predict
from tagwright.backbone.backbone import Backbone
from tagwright.backbone.config import BackboneConfig
from tagwright.backbone.fusion import FUSIONS, FusionConfig
from tagwright.evaluation.report import evaluate
from tagwright.heads import HeadConfig
from tagwright.inference.predictor import Predictor
from tagwright.models.folder import ABOUT
from tagwright.models.tagger import Tagger, TaggerPlan, attach_head
from tagwright.text.labels import Labels
from tagwright.tuning import TUNINGS, TuningConfig
from tiny_models import load_model, save_model

CASES = [
    *((name, "bert") for name in FUSIONS),
    *((name, kind) for name in ("mix", "dwatt") for kind in ("llama", "t5")),
]
SIGHTED = {"bert": None, "llama": "11", "t5": None}  # the words to the right tell "x" from "x"


def make_tagger(backbone: Backbone, name: str, **settings: Any) -> Tagger:
    torch.manual_seed(0)
    fusion = FusionConfig(name=name, **({"layer": 1} if name == "layer" else {}), **settings)
    head = HeadConfig(dropout=0, scheme="BIO")
    return attach_head(TaggerPlan(Labels(("LOC", "PER")), backbone.config, head, fusion), backbone)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_every_fusion_learns_by_heart(name: str, kind: str, tmp_path: Path) -> None:
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0} if kind == "bert" else {}
    still |= {"dropout_rate": 0.0} if kind == "t5" else {}
    backbone = load_model(save_model(kind, tmp_path, hidden_size=48, **still), sight=SIGHTED[kind])
    tagger = make_tagger(backbone, name)
    documents = make_documents()
    learn(tagger, documents, TUNINGS["full"](TuningConfig()), rate=5e-3)
    assert evaluate(documents, predict(tagger, documents)).score("exact.f1") == 1


@pytest.mark.parametrize("name", FUSIONS)
def test_a_frozen_backbone_gets_no_gradient_and_the_fusion_does(name: str, tmp_path: Path) -> None:
    tagger = make_tagger(load_model(save_model("bert", tmp_path)), name)
    before = {key: weight.detach().clone() for key, weight in tagger.named_parameters()}
    first, last = learn(tagger, make_documents(), TUNINGS["frozen"](TuningConfig(name="frozen")), rate=1e-2, steps=12)
    assert all(weight.grad is None for weight in tagger.backbone.parameters())
    moved = {key for key, weight in tagger.named_parameters() if not torch.equal(weight, before[key])}
    assert not any(key.startswith("backbone.") for key in moved) and last < first
    assert {key.partition(".")[0] for key in moved} == ({"head", "fusion"} if tagger.fusion.added else {"head"})


def test_a_fusion_learns_at_the_rate_of_the_head(tmp_path: Path) -> None:
    tagger = make_tagger(load_model(save_model("bert", tmp_path)), "dwatt", rank=4)
    groups = TUNINGS["full"](TuningConfig(head_learning_rate=0.5)).group(tagger, weight_decay=0.1)
    rates = {id(weight): (group.get("lr"), group["weight_decay"]) for group in groups for weight in group["params"]}
    for name, weight in tagger.fusion.named_parameters():
        decays = weight.ndim > 1 and "norm" not in name and "bias" not in name
        assert rates[id(weight)] == (0.5, 0.1 if decays else 0.0), name


@pytest.mark.parametrize("name", FUSIONS)
def test_a_saved_fusion_predicts_the_same(name: str, tmp_path: Path) -> None:
    tagger = make_tagger(load_model(save_model("llama", tmp_path / "model")), name)
    learn(tagger, make_documents(), TUNINGS["full"](TuningConfig()), rate=5e-3, steps=5)
    Predictor(tagger).save_pretrained(tmp_path / "saved")  # loads it again and compares
    again = Predictor.from_pretrained(tmp_path / "saved", check=True)
    assert again.tagger.fusion.config == tagger.fusion.config
    state = again.tagger.state_dict()
    assert all(torch.equal(state[key], weight) for key, weight in tagger.state_dict().items())


def test_a_folder_without_a_fusion_reads_the_last_layer(tmp_path: Path) -> None:
    tagger = make_tagger(load_model(save_model("bert", tmp_path / "model")), "last")
    Predictor(tagger).save_pretrained(tmp_path / "saved")
    about = tmp_path / "saved" / ABOUT
    text = about.read_text()
    start = text.index('  "fusion": {')
    about.write_text(text[:start] + text[text.index("  },\n", start) + 5 :])
    assert '"fusion"' not in about.read_text()
    assert Predictor.from_pretrained(tmp_path / "saved", check=True).tagger.fusion.config == FusionConfig()


def test_the_plan_of_old_callers_has_the_last_layer() -> None:
    assert TaggerPlan(Labels(("X",)), BackboneConfig(), HeadConfig()).fusion.name == "last"
