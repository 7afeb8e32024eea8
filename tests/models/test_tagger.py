import pytest
import torch

from tagwright.backbone.config import BackboneConfig
from tagwright.errors import ModelError
from tagwright.heads import HeadConfig
from tagwright.models.tagger import TaggerPlan, build_tagger
from tagwright.text.labels import Labels
from tagwright.text.ledger import Ledger
from tagwright.training.documents import LearnedDocuments
from tagwright.training.trainer import encode
from tiny_labelers import make_document, make_documents, make_tagger


def test_a_tagger_without_labels_is_refused() -> None:
    with pytest.raises(ModelError, match="No label to learn"):
        build_tagger(TaggerPlan(Labels(()), BackboneConfig(), HeadConfig(scheme="BIO")))


def test_the_built_in_backbone_learns_its_tokenizer_from_the_words() -> None:
    words = [word for document in make_documents(20) for word in document.words]
    tagger = build_tagger(TaggerPlan(Labels(("LOC",)), BackboneConfig(), HeadConfig(scheme="BIO")), words)
    (piece,) = tagger.cut([make_document(["pxyz", "la"])], Ledger())
    states = tagger.encode(tagger.collate([piece]))
    assert states.shape == (1, 2, tagger.backbone.width)


@pytest.mark.parametrize("head", ["softmax", "crf"])
def test_the_head_works_in_float32_whatever_the_backbone_does(head: str) -> None:
    tagger = make_tagger(head=head)
    tagger.backbone.bfloat16()
    documents = make_documents(4)
    pieces = tagger.cut(documents, Ledger())
    batch, gold = tagger.collate(pieces), tagger.stack(tagger.find_targets(pieces, documents))
    assert tagger.encode(batch).dtype == torch.float32
    loss = tagger.loss(batch, gold)
    loss.backward()
    assert loss.dtype == torch.float32 and torch.isfinite(loss)
    assert tagger.head.score.weight.grad.abs().sum() > 0


def test_the_loss_is_a_sum_over_documents() -> None:
    tagger = make_tagger()
    documents = make_documents(4)
    pieces = tagger.cut(documents, Ledger())
    targets = tagger.find_targets(pieces, documents)
    whole = tagger.loss(tagger.collate(pieces), tagger.stack(targets))
    single = [tagger.loss(tagger.collate([p]), tagger.stack([t])) for p, t in zip(pieces, targets, strict=True)]
    assert float(whole.detach()) == pytest.approx(sum(float(loss.detach()) for loss in single), rel=1e-5)


def test_a_tuning_is_told_the_loss_of_each_document_whatever_pads_it() -> None:
    tagger, documents = make_tagger(), make_documents(12)
    learned = LearnedDocuments(tagger, encode(tagger, documents, ledger=Ledger()), precision=None)
    with torch.no_grad():
        alone = torch.stack([learned.loss(learned.collate([at])) for at in range(12)])
    torch.testing.assert_close(learned.losses(range(12)), alone, rtol=1e-4, atol=1e-4)
    assert len(set(learned.words)) > 3 and learned.words == [len(document) for document in documents]


def test_a_frozen_backbone_has_no_dropout() -> None:
    tagger = make_tagger(dropout=0.5)
    tagger.train()
    assert tagger.backbone.training
    tagger.backbone.requires_grad_(False)
    tagger.train()
    assert not tagger.backbone.model.training and tagger.head.training
