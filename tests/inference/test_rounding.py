"""Labelers stored in half precision: half the file, the same spans, and a check that is exact again."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tagwright.errors import ModelError
from tagwright.inference import saved
from tagwright.inference.predictor import Predictor
from tiny_labelers import make_documents, make_tagger

DOCUMENTS = make_documents(12)


def list_spans(labeler: Predictor) -> list[list[tuple[Any, ...]]]:
    return [[(s.start, s.end, s.label, s.score) for s in found.spans] for found in labeler.predict(DOCUMENTS)]


def bare(found: list[list[tuple[Any, ...]]]) -> list[list[tuple[Any, ...]]]:
    return [[span[:3] for span in spans] for spans in found]


@pytest.mark.parametrize("head", ["softmax", "crf"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_the_file_and_the_same_spans(tmp_path: Path, head: str, dtype: str) -> None:
    labeler = Predictor(make_tagger(kind="llama", head=head))
    whole, half = tmp_path / "whole", tmp_path / "half"
    labeler.save_pretrained(whole, fixture=DOCUMENTS)
    # bfloat16 keeps 8 bits: too few for spans whose labels are nearly equal in score
    labeler.save_pretrained(half, fixture=DOCUMENTS if dtype == "float16" else DOCUMENTS[:1], dtype=dtype)
    stored = load_file(half / "model.safetensors")
    assert {str(t.dtype) for name, t in stored.items() if name.startswith("backbone.")} == {f"torch.{dtype}"}
    assert {t.dtype for name, t in stored.items() if name.startswith("head.")} == {torch.float32}
    sizes = {file: sum(t.nbytes for t in load_file(file / "model.safetensors").values()) for file in (whole, half)}
    assert sizes[half] < 0.55 * sizes[whole]

    loaded = Predictor.from_pretrained(half, check=True)
    assert {weight.dtype for weight in loaded.tagger.parameters()} == {torch.float32} and loaded.is_exact
    for name, weight in loaded.tagger.state_dict().items():
        assert torch.equal(weight, stored[name].float()), name
    assert list_spans(loaded) != list_spans(labeler)
    if dtype == "float16":
        assert bare(list_spans(loaded)) == bare(list_spans(labeler)) and any(list_spans(loaded))


def test_the_stored_scores_are_those_of_the_rounded_weights(tmp_path: Path) -> None:
    Predictor(make_tagger(kind="llama")).save_pretrained(tmp_path, fixture=DOCUMENTS, dtype="float16")
    rows = json.loads((tmp_path / "fixture.json").read_text())
    found = list_spans(Predictor.from_pretrained(tmp_path))
    stored = [[tuple(span) for span in row["spans"]] for row in rows]
    assert stored == [[pytest.approx(span, abs=1e-5) for span in spans] for spans in found]


def test_saved_again_it_stays_what_it_is(tmp_path: Path) -> None:
    Predictor(make_tagger(kind="llama")).save_pretrained(tmp_path / "half", dtype="float16")
    loaded = Predictor.from_pretrained(tmp_path / "half")
    loaded.save_pretrained(tmp_path / "again", dtype="float16")
    assert (tmp_path / "again" / "model.safetensors").read_bytes() == (
        tmp_path / "half" / "model.safetensors"
    ).read_bytes()


def test_saving_leaves_the_labeler_as_it_is(tmp_path: Path) -> None:
    labeler = Predictor(make_tagger(kind="llama"))
    before = list_spans(labeler)
    labeler.save_pretrained(tmp_path, dtype="float16")
    assert list_spans(labeler) == before


def test_spans_that_do_not_bear_rounding_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = make_tagger(kind="llama", seed=5)
    monkeypatch.setattr(saved, "read_folder", lambda folder: (other, None))
    with pytest.raises(ModelError, match="does not predict what it did.*don't bear float16: save it as trained"):
        Predictor(make_tagger(kind="llama")).save_pretrained(tmp_path, fixture=DOCUMENTS, dtype="float16")
    assert list(tmp_path.iterdir()) == []


def test_a_precision_that_will_not_do_is_told(tmp_path: Path) -> None:
    tagger = make_tagger(kind="llama")
    with pytest.raises(ModelError, match="No precision is called 'half'.*Known: bfloat16, float16, float32"):
        Predictor(tagger).save_pretrained(tmp_path / "saved", dtype="half")
    with torch.no_grad():
        next(tagger.backbone.parameters())[0, 0] = 1e6
    with pytest.raises(ModelError, match="backbone.*holds numbers that are too large for torch.float16. Save in bfloa"):
        Predictor(tagger).save_pretrained(tmp_path / "saved", dtype="float16")
    assert list((tmp_path / "saved").iterdir()) == []
