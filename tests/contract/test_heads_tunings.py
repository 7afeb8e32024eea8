"""Every head with every scheme, and every tuning, learns eight documents by heart in seconds."""

from pathlib import Path
from typing import Any

import pytest
import torch

from tagwright.backbone.backbone import Backbone
from tagwright.backbone.config import BackboneConfig
from tagwright.evaluation.report import evaluate
from tagwright.heads import HEADS, HeadConfig
from tagwright.models.tagger import Tagger, TaggerPlan, attach_head
from tagwright.text.document import Document
from tagwright.text.labels import Labels
from tagwright.text.ledger import Ledger
from tagwright.text.schemes import SCHEMES
from tagwright.text.span import Span
from tagwright.tuning import TUNINGS, TuningConfig
from tagwright.tuning.tuning import Tuning
from tiny_models import load_model, save_model

STEPS = 60
TEXTS = (  # a label, and the words it is for: "x" is always one of two, by what stands to its right
    (("PER", 0, 2), "ab x goes to q"),
    (("LOC", 3, 4), "he is in x today"),
    (("PER", 1, 2), "so x goes on"),
    (("LOC", 1, 2), "in x it rains"),
    (("LOC", 0, 3), "old x town it is"),
    (("PER", 4, 6), "a letter came from dr x"),
    (None, "no name here"),
    (("PER", 0, 1), "x goes"),
)


def make_documents(*, single: bool) -> list[Document]:
    """The documents; of one-word spans only where a scheme holds no others."""
    documents = []
    for gold, text in TEXTS:
        label, start, end = gold or ("", 0, 0)
        spans = (Span(start, start + 1 if single else end, label),) if gold else ()
        documents.append(Document.from_words(text.split(), id=text, spans=spans))
    return documents


@pytest.fixture
def backbone(tmp_path: Path) -> Backbone:
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    return load_model(save_model("bert", tmp_path, hidden_size=48, **still))


def learn(tagger: Tagger, documents: list[Document], tuning: Tuning, *, rate: float) -> tuple[float, float]:
    """Train on all documents at once; gives the first and the last loss."""
    tuning.prepare(tagger)
    pieces = tagger.cut(documents, Ledger())
    batch, gold = tagger.collate(pieces), tagger.stack(tagger.find_targets(pieces, documents))
    optimizer = torch.optim.AdamW(tuning.group(tagger, weight_decay=0.0), lr=rate)
    tagger.train()
    losses = []
    for _ in range(STEPS):
        loss = tagger.loss(batch, gold)
        losses.append(float(loss.detach()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return losses[0], losses[-1]


def predict(tagger: Tagger, documents: list[Document]) -> list[Document]:
    tagger.eval()
    given = [document.only() for document in documents]
    batch = tagger.collate(tagger.cut(given, Ledger()))
    with torch.inference_mode():
        return tagger.decode(tagger.encode(batch), given, keep=batch.keep)


def make_tagger(backbone: Backbone, **head: Any) -> Tagger:
    torch.manual_seed(0)
    return attach_head(TaggerPlan(Labels(("LOC", "PER")), BackboneConfig(), HeadConfig(dropout=0, **head)), backbone)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("head", HEADS)
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
    documents, tagger = make_documents(single=False), make_tagger(backbone, name=head, scheme="BIO")
    rate = 5e-2 if name == "frozen" else 5e-3
    first, last = learn(tagger, documents, TUNINGS[name](TuningConfig(name=name)), rate=rate)
    assert last < first / 10 or evaluate(documents, predict(tagger, documents)).score("exact.f1") == 1


@pytest.mark.parametrize("setting", [{"class_weights": "balanced"}, {"focal": 2.0}])
def test_weighted_losses_learn_too(backbone: Backbone, setting: dict[str, Any]) -> None:
    documents, tagger = make_documents(single=False), make_tagger(backbone, scheme="BIO", **setting)
    tagger.head.learn_weights([tagger.head.find_target(document) for document in documents])
    learn(tagger, documents, TUNINGS["full"](TuningConfig()), rate=5e-3)
    assert evaluate(documents, predict(tagger, documents)).score("exact.f1") == 1
