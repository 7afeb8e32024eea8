"""Labelers that find spans and relations, or relations between given spans: learned, run, saved, and found the same."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from transformers import AutoModel

import tagwright
from by_heart import learn
from nested_documents import NESTED, ROLES, Text, make_documents
from tagwright.backbone.backbone import Backbone
from tagwright.backbone.config import BackboneConfig
from tagwright.errors import DataError
from tagwright.evaluation.report import evaluate
from tagwright.heads import HeadConfig
from tagwright.heads.pairs import PairsHead
from tagwright.inference.predictor import Predictor
from tagwright.inference.runner import describe_spans
from tagwright.models.tagger import Tagger, TaggerPlan, attach_head
from tagwright.recipe.running.fitting import score_dev
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Relation
from tagwright.text.span import Span
from tagwright.tokens.align import WordTokenizer
from tagwright.tuning import TUNINGS, TuningConfig
from tiny_labelers import NO_DROPOUT
from tiny_models import make_config, make_tokenizer


def make_tagger(documents: Sequence[Document], head: HeadConfig, **settings: int) -> Tagger:
    torch.manual_seed(0)
    model = AutoModel.from_config(make_config("bert", hidden_size=48, **NO_DROPOUT))
    backbone = Backbone(model, WordTokenizer(make_tokenizer()), config=BackboneConfig(model="tiny", **settings))
    return attach_head(TaggerPlan(PairsHead.list_labels(documents, head), backbone.config, head), backbone)


def teach(texts: tuple[Text, ...], head: HeadConfig) -> tuple[Predictor, list[Document]]:
    documents = make_documents(texts)
    tagger = make_tagger(documents, head)
    learn(tagger, documents, TUNINGS["full"](TuningConfig()), rate=5e-3, steps=45)
    return Predictor(tagger), documents


@pytest.mark.parametrize(
    ("texts", "head"),
    [
        (NESTED, HeadConfig(name="pairs", dropout=0)),
        (ROLES, HeadConfig(name="pairs", dropout=0, given="predicates")),
    ],
)
def test_a_labeler_learns_by_heart_and_reloads_the_same(
    texts: tuple[Text, ...], head: HeadConfig, tmp_path: Path
) -> None:
    labeler, documents = teach(texts, head)
    found = labeler.predict(documents)
    report = evaluate(documents, found)
    assert report.score("exact.f1") == report.score("relations.f1") == report.headline == 1
    assert score_dev(labeler.tagger, documents, precision=None)["f1"] == 1
    labeler.save_pretrained(tmp_path / "saved", fixture=documents)
    loaded = Predictor.from_pretrained(tmp_path / "saved", check=True)
    assert loaded.tagger.labels == labeler.tagger.labels and loaded.tagger.head.config == head
    again = loaded.predict(documents)
    assert again == found
    for one, other in zip(again, found, strict=True):
        assert [item.score for item in one.relations] == [item.score for item in other.relations]
    card = (tmp_path / "saved" / "README.md").read_text()
    assert "Relations (" in card and ("an argument without a label" in card) == (texts is ROLES)


def test_no_gold_reaches_a_prediction() -> None:
    documents = make_documents(ROLES)
    labeler = Predictor(make_tagger(documents, HeadConfig(name="pairs", given="predicates")))
    torch.nn.init.normal_(labeler.tagger.head.edges.score.bias, mean=3)
    bare = [document.only({"predicates"}) for document in documents]
    assert [(d.spans, d.relations) for d in labeler.predict(documents)] == [
        (d.spans, d.relations) for d in labeler.predict(bare)
    ]
    assert any(document.relations for document in labeler.predict(bare))


@pytest.mark.parametrize(("text", "kind"), [("he sold it", "text"), (["he", "sold", "it"], "list of words")])
def test_a_text_is_refused_where_spans_must_be_given(text: str | list[str], kind: str) -> None:
    labeler = Predictor(make_tagger(make_documents(ROLES), HeadConfig(name="pairs", given="predicates")))
    with pytest.raises(DataError, match=f"is to be given predicates, which a {kind} has not. Give Documents"):
        labeler.predict([text])


def test_what_no_window_shows_whole_is_counted() -> None:
    spans, edges = (Span(0, 20, "PER"), Span(0, 1, "PER"), Span(21, 22, "LOC")), (Relation(1, 2, "in"),)
    document = Document.from_words(["x"] * 24, spans=spans, relations=edges)
    tagger, ledger = make_tagger([document], HeadConfig(name="pairs", longest=20), max_tokens=16, overlap=4), Ledger()
    pieces = tagger.cut([document], ledger)
    targets = tagger.find_targets(pieces, [document], ledger=ledger)
    assert len(pieces) > 1 and sum(map(len, targets)) == 2
    assert list(ledger.lines()) == ["2 x span or relation that no window shows whole: not taught"]


def test_training_from_documents_takes_the_labels_of_relations(tmp_path: Path) -> None:
    settings = {"head.name": "pairs", "training.max_steps": 2, "data.dev_share": 0.0, "training.use_cpu": True}
    labeler = tagwright.train(make_documents(), settings=settings, out=tmp_path / "out")
    assert labeler.tagger.labels.relations == ("in", "owns")
    assert 'name = "pairs"' in (tmp_path / "out" / "recipe.toml").read_text()
    given = settings | {"head.given": "spans"}
    with pytest.raises(DataError, match="None of the 1 training documents has a relation"):
        tagwright.train([Document.from_words(["a"], spans=(Span(0, 1, "X"),))], settings=given)


def test_a_document_that_lacks_what_must_be_given_is_counted() -> None:
    documents = make_documents(ROLES)
    labeler = Predictor(make_tagger(documents, HeadConfig(name="pairs", given="predicates")))
    labeler.predict([documents[0], Document.from_words(["Ann", "left"], id="bare")])
    what = "document without predicates, which this labeler is to be given: not asked, so nothing is found"
    assert labeler.ledger.places[what] == ["bare"]


def test_span_dicts_tell_the_relations_that_a_span_heads() -> None:
    spans = (Span(0, 1, "PER", score=0.5), Span(1, 2, "ORG"))
    document = Document.from_words(["Bo", "Acme"], spans=spans, relations=(Relation(0, 1, "works_for", score=0.25),))
    bo, acme = describe_spans(document, with_relations=True)
    assert bo["relations"] == [{"label": "works_for", "tail": 1, "text": "Acme", "score": 0.25}]
    assert acme == {"start": 3, "end": 7, "label": "ORG", "text": "Acme", "score": None, "relations": []}
    assert "relations" not in describe_spans(document)[0]
