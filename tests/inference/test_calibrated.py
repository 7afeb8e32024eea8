"""Calibrated labelers: new scores, thresholds, coverage; saved, loaded, and never taken for those of other weights."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nested_documents import NESTED, ROLES
from nested_documents import make_documents as make_nested
from tagwright.errors import DataError, ModelError
from tagwright.evaluation.calibration.coverage import FLOOR, Proposal
from tagwright.heads import HeadConfig
from tagwright.heads.head import Head
from tagwright.heads.pairs import PairsHead
from tagwright.inference.calibrated import CALIBRATION, write_calibration
from tagwright.inference.merged import load_merged
from tagwright.inference.predictor import Predictor
from tagwright.models.tagger import TaggerPlan, attach_head
from tagwright.text.document import Document
from tiny_labelers import make_document, make_documents, make_tagger

GOLD = make_documents(80, most=8)


@pytest.fixture
def labeler() -> Predictor:
    return Predictor(make_tagger())


def list_scores(documents: list[Document]) -> list[float | None]:
    return [span.score for document in documents for span in document.spans]


def test_a_calibrated_labeler_finds_the_same_with_other_scores(labeler: Predictor) -> None:
    raw = labeler.predict(GOLD)
    fitted = labeler.calibrate(GOLD)
    found = labeler.predict(GOLD)
    assert found == raw and list_scores(found) != list_scores(raw)
    part = fitted.parts["spans"]
    assert part.predicted == len(list_scores(raw)) and fitted.documents == 80
    assert labeler.calibrate(GOLD).to_dict() == fitted.to_dict()  # by scores as they were at first


@pytest.mark.parametrize("method", ["platt", "isotonic"])
@pytest.mark.parametrize("head", ["softmax", "crf"])
def test_it_is_saved_with_the_labeler_and_the_check_holds(tmp_path: Path, head: str, method: str) -> None:
    labeler = Predictor(make_tagger(head=head))
    labeler.calibrate(GOLD, method=method, coverage=0.5)
    labeler.save_pretrained(tmp_path / "saved", fixture=GOLD[:5])
    assert (tmp_path / "saved" / CALIBRATION).is_file()
    for loaded in (Predictor.from_pretrained(tmp_path / "saved", check=True), load_merged(tmp_path / "saved")):
        assert loaded.calibration == labeler.calibration
        assert list_scores(loaded.predict(GOLD)) == pytest.approx(list_scores(labeler.predict(GOLD)), abs=1e-3)
    labeler.save_pretrained(tmp_path / "half", dtype="bfloat16")
    assert Predictor.from_pretrained(tmp_path / "half", check=True).calibration == labeler.calibration


def test_a_calibration_of_other_weights_is_refused(labeler: Predictor, tmp_path: Path) -> None:
    labeler.calibrate(GOLD)
    labeler.save_pretrained(tmp_path / "one")
    Predictor(make_tagger(seed=5)).save_pretrained(tmp_path / "other")
    text = (tmp_path / "one" / CALIBRATION).read_text()
    (tmp_path / "other" / CALIBRATION).write_text(text)
    with pytest.raises(ModelError, match="calibration.json belongs to other weights.*Run `tagwright calibrate` again"):
        Predictor.from_pretrained(tmp_path / "other")


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"format": 1}', '{"format": 9}', '{"format": 1, "weights": 1, "maps": 3}']
)
def test_a_damaged_calibration_is_told(labeler: Predictor, tmp_path: Path, text: str) -> None:
    labeler.save_pretrained(tmp_path / "saved")
    (tmp_path / "saved" / CALIBRATION).write_text(text)
    with pytest.raises(ModelError, match="calibration.json can't be read"):
        Predictor.from_pretrained(tmp_path / "saved")


def test_saving_another_labeler_leaves_no_calibration_behind(labeler: Predictor, tmp_path: Path) -> None:
    labeler.calibrate(GOLD)
    labeler.save_pretrained(tmp_path)
    Predictor(make_tagger(seed=5)).save_pretrained(tmp_path)
    assert not (tmp_path / CALIBRATION).exists()
    assert Predictor.from_pretrained(tmp_path, check=True).calibration is None


def test_it_is_put_beside_a_saved_labeler(labeler: Predictor, tmp_path: Path) -> None:
    labeler.save_pretrained(tmp_path)
    labeler.calibrate(GOLD)
    assert labeler.calibration is not None
    write_calibration(labeler.calibration, tmp_path)
    assert Predictor.from_pretrained(tmp_path, check=True).calibration == labeler.calibration
    about = json.loads((tmp_path / CALIBRATION).read_text())
    assert about["facts"]["documents"] == 80 and not list(tmp_path.glob("*.draft"))


def test_what_is_below_the_threshold_is_left_out_and_counted(labeler: Predictor) -> None:
    raw = labeler.predict(GOLD)
    fitted = labeler.calibrate(GOLD, recall=0.05)
    least = fitted.calibration.thresholds["spans"]
    kept = labeler.predict(GOLD)
    scores = [score for score in list_scores(kept) if score is not None]
    assert 0 < len(scores) < len(list_scores(raw)) and min(scores) >= least
    dropped = sum(labeler.ledger.counts.values())
    assert dropped == len(list_scores(raw)) - len(scores)
    assert list(labeler.ledger.counts) == ["span below the labeler's threshold, left out"]


@pytest.mark.parametrize("head", ["softmax", "crf"])
def test_a_coverage_adds_spans_or_hands_documents_over(head: str) -> None:
    labeler = Predictor(make_tagger(head=head, max_tokens=20, overlap=5))
    with pytest.raises(ModelError, match="not calibrated for a coverage. Run `tagwright calibrate"):
        labeler.cover(GOLD)
    long = make_documents(60, most=30)  # some of several windows
    raw = labeler.predict(long)
    fitted = labeler.calibrate(long, coverage=0.7, most_added=6)
    covered = list(labeler.cover(long))
    share = []
    for gold, plain, (document, is_handed) in zip(long, raw, covered, strict=True):
        assert document.spans[: len(plain.spans)] == plain.spans
        assert is_handed == (len(document.spans) - len(plain.spans) > fitted.calibration.coverage.most)  # type: ignore[union-attr]
        if gold.spans:
            share.append(1.0 if is_handed else len(set(gold.spans) & set(document.spans)) / len(gold.spans))
    assert fitted.covered is not None
    assert sum(share) / len(share) == pytest.approx(fitted.covered.share) and fitted.covered.share >= 0.7
    assert sum(is_handed for _, is_handed in covered) / len(long) == pytest.approx(fitted.covered.handed)


def test_candidates_come_beside_the_same_predictions(labeler: Predictor) -> None:
    proposals = list(labeler.propose(GOLD))
    assert [each.document for each in proposals] == labeler.predict(GOLD)
    scores = [span.score for each in proposals for span in each.candidates]
    assert all(score is not None and score >= FLOOR for score in scores)
    assert list(labeler.propose([make_document([])])) == [Proposal(make_document([]), [])]


def make_pairs_labeler(head: HeadConfig, documents: list[Document], *, seed: int = 0) -> Predictor:
    """A labeler with random weights that finds many spans and relations."""
    tagger = make_tagger(seed=seed)
    plan = TaggerPlan(PairsHead.list_labels(documents, head), tagger.backbone.config, head)
    labeler = Predictor(attach_head(plan, tagger.backbone))
    torch.manual_seed(seed)
    for scorer in (labeler.tagger.head.spans, labeler.tagger.head.edges):
        if scorer is not None:
            torch.nn.init.normal_(scorer.score.weight, std=0.5)
            torch.nn.init.constant_(scorer.score.bias, 4.0)
    return labeler


def test_pairs_have_calibrated_spans_and_relations_and_a_coverage() -> None:
    documents = [document for _ in range(6) for document in make_nested(NESTED)]
    gold = [replace(document, id=f"d{at}") for at, document in enumerate(documents)]
    labeler = make_pairs_labeler(HeadConfig(name="pairs"), gold)
    raw = labeler.predict(gold)
    fitted = labeler.calibrate(gold, method="platt", coverage=0.5, most_added=50)
    assert set(fitted.parts) == {"spans", "relations"}
    assert labeler.predict(gold) == raw
    for document, is_handed in labeler.cover(gold):
        assert not is_handed or len(document.spans) > 50
    for each in replace(labeler, calibration=None).propose(gold):
        scores = {(*span.bounds, span.label): span.score for span in each.candidates}
        assert all(scores[(*span.bounds, span.label)] == pytest.approx(span.score) for span in each.document.spans)


def test_relations_of_given_spans_are_calibrated_and_have_no_coverage() -> None:
    gold = [replace(document, id=str(at)) for at, document in enumerate(make_nested(ROLES) * 8)]
    labeler = make_pairs_labeler(HeadConfig(name="pairs", given="predicates"), gold)
    fitted = labeler.calibrate(gold, method="platt")
    assert set(fitted.parts) == {"relations"}
    for document in labeler.predict(gold):
        best: dict[int, float] = {}
        for edge in document.relations:
            best[edge.tail] = max(best.get(edge.tail, 0.0), edge.score or 0.0)
        for at, span in enumerate(document.spans):
            assert bool(span.label) == (span.score is None)
            assert span.label or span.score == pytest.approx(best[at])
    with pytest.raises(ModelError, match="this one is given predicates. Leave it out"):
        labeler.calibrate(gold, coverage=0.9)


def test_too_few_documents_are_refused_and_nothing_changes(labeler: Predictor) -> None:
    with pytest.raises(DataError, match="a map needs 30.*Label more documents"):
        labeler.calibrate(GOLD[:3])
    assert labeler.calibration is None


def test_what_lists_no_candidates_says_so(labeler: Predictor) -> None:
    tagger = labeler.tagger
    with pytest.raises(ModelError, match="The head softmax lists no spans but those it predicts"):
        Head.list_candidates(tagger.head, torch.zeros(1, 1, 1), [], keep=torch.ones(1, 1), least=0.1)
