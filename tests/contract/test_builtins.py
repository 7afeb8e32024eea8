"""Every head on every backbone that comes with the package, with a sight of its own, learns documents by heart."""

import pytest
import torch

from by_heart import learn, make_documents, predict
from tagwright.backbone.backbone import load_backbone
from tagwright.backbone.builtin import BACKBONES, UNTRAINED
from tagwright.backbone.config import BackboneConfig
from tagwright.evaluation.report import evaluate
from tagwright.heads import HEADS, HeadConfig
from tagwright.models.tagger import TaggerPlan, attach_head
from tagwright.text.labels import Labels
from tagwright.tuning import TUNINGS, TuningConfig

PRETRAINED = [name for name in BACKBONES if name != UNTRAINED]
SIGHTS = {"builtin:tiny-decoder": "0011", "builtin:tiny-encoder": "1100"}
FEW = {"builtin:tiny-decoder": "softmax", "builtin:tiny-encoder": "crf", "builtin:tiny-t5": "pairs"}  # of `make test`
CELLS = [
    pytest.param(name, head, marks=[] if FEW.get(name) == head else pytest.mark.slow)
    for name in PRETRAINED
    for head in HEADS
]


@pytest.mark.parametrize(("name", "head"), CELLS)
def test_every_head_learns_by_heart_on_every_built_in(name: str, head: str) -> None:
    backbone = load_backbone(BackboneConfig(model=name, sight=SIGHTS.get(name)))
    scheme = "BIO" if HEADS[head].tags_words else "auto"
    config = HeadConfig(name=head, scheme=scheme, dropout=0)
    torch.manual_seed(0)
    tagger = attach_head(TaggerPlan(Labels(("LOC", "PER")), backbone.config, config), backbone)
    documents = make_documents()
    learn(tagger, documents, TUNINGS["full"](TuningConfig()), rate=1e-3)
    assert evaluate(documents, predict(tagger, documents)).score("exact.f1") == 1
