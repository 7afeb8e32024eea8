"""Every head with every scheme, and every tuning, learns eight documents by heart in seconds."""

from pathlib import Path
from typing import Any

import pytest
import torch

from by_heart import learn, make_documents, predict
from tagwright.backbone.backbone import Backbone
from tagwright.backbone.config import BackboneConfig
from tagwright.evaluation.report import evaluate
from tagwright.heads import HEADS, HeadConfig
from tagwright.models.tagger import Tagger, TaggerPlan, attach_head
from tagwright.text.labels import Labels
from tagwright.text.schemes import SCHEMES
from tagwright.tuning import TUNINGS, TuningConfig
from tiny_models import load_model, save_model


@pytest.fixture
def backbone(tmp_path: Path) -> Backbone:
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    return load_model(save_model("bert", tmp_path, hidden_size=48, **still))


def make_tagger(backbone: Backbone, **head: Any) -> Tagger:
    torch.manual_seed(0)
    return attach_head(TaggerPlan(Labels(("LOC", "PER")), BackboneConfig(), HeadConfig(dropout=0, **head)), backbone)


SCHEMED = [(head, scheme) for head in HEADS for scheme in (SCHEMES if HEADS[head].tags_words else ("auto",))]


@pytest.mark.parametrize(("head", "scheme"), SCHEMED)
def test_every_head_learns_by_heart_in_every_scheme(backbone: Backbone, head: str, scheme: str) -> None:
    documents, tagger = make_documents(single=scheme == "WORD"), make_tagger(backbone, name=head, scheme=scheme)
    learn(tagger, documents, TUNINGS["full"](TuningConfig()), rate=5e-3)
    found = predict(tagger, documents)
    assert evaluate(documents, found).score("exact.f1") == 1
    assert all(0.5 < span.score <= 1 for document in found for span in document.spans if span.score is not None)
    assert all(span.score is not None for document in found for span in document.spans)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("name", TUNINGS)
def test_every_tuning_learns(backbone: Backbone, name: str, head: str) -> None:
    documents, tagger = make_documents(), make_tagger(backbone, name=head, scheme=dict(SCHEMED)[head])
    rate = 5e-2 if name == "frozen" else 5e-3
    first, last = learn(tagger, documents, TUNINGS[name](TuningConfig(name=name)), rate=rate)
    assert last < first / 10 or evaluate(documents, predict(tagger, documents)).score("exact.f1") == 1


@pytest.mark.parametrize("setting", [{"class_weights": "balanced"}, {"focal": 2.0}])
def test_weighted_losses_learn_too(backbone: Backbone, setting: dict[str, Any]) -> None:
    documents, tagger = make_documents(), make_tagger(backbone, scheme="BIO", **setting)
    tagger.head.learn_weights([tagger.head.find_target(document) for document in documents])
    learn(tagger, documents, TUNINGS["full"](TuningConfig()), rate=5e-3)
    assert evaluate(documents, predict(tagger, documents)).score("exact.f1") == 1
