"""Cells that fine-tune: the model that a cell asks for is the one it gets; and intervals hold to scipy's."""

import json
from pathlib import Path
from typing import Any

import backbones
import pytest
import torch
from cells import finetuning
from scipy.stats import ttest_rel
from transformers import AutoModel

from tagwright.pretraining.architecture import ModelConfig, build_model
from tagwright.pretraining.corpus.text import PlainText
from tagwright.pretraining.corpus.tokenizer import learn_tokenizer

IDS = torch.tensor([[1, 60, 70, 80, 2]])


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Folders of language models of all kinds, in half precision, as a pretraining run leaves them."""
    tokenizer = learn_tokenizer([PlainText("one", ("a small text", "of two paragraphs"))], size=400)
    folders = {}
    torch.manual_seed(99)  # none that a test draws with: the same weights would be no others
    for kind in ("decoder", "encoder", "encoder-decoder"):
        folders[kind] = str(tmp_path_factory.mktemp(kind))
        size = ModelConfig(kind=kind, width=16, inner_width=16, layers=2, heads=2)
        build_model(size, tokenizer, length=32, attn_implementation="sdpa").half().save_pretrained(folders[kind])
        tokenizer.save_pretrained(folders[kind])
    return folders


def read_states(model: str, ids: torch.Tensor = IDS, **changed: Any) -> torch.Tensor:
    settings = {"model": model, "weights": "pretrained", "seed": 1, **changed}
    with finetuning.prepare_model(settings) as folder, torch.no_grad():
        found = AutoModel.from_pretrained(folder, dtype=torch.float32)
        found = found.get_encoder() if found.config.is_encoder_decoder else found
        return found(input_ids=ids).last_hidden_state


@pytest.mark.parametrize("kind", ["decoder", "encoder", "encoder-decoder"])
def test_random_weights_are_others_for_every_seed(models: dict[str, str], kind: str) -> None:
    own = read_states(models[kind])
    first, again, second = (read_states(models[kind], weights="random", seed=seed).flatten() for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.allclose(first, second, atol=1e-2) and not torch.allclose(first, own.flatten(), atol=1e-2)


def test_other_weights_are_another_model(models: dict[str, str]) -> None:
    digests = [finetuning.digest(folder) for folder in models.values()]
    assert len(set(digests)) == 3 and digests[0] == finetuning.digest(models["decoder"])


def test_the_interval_is_that_of_a_paired_t_test() -> None:
    ours, theirs = {1: 50.0, 2: 53.0, 3: 49.5, 4: 51.0}, {4: 47.0, 3: 46.0, 2: 45.0, 1: 44.0, 5: 99.0}
    found = backbones.compare(ours, theirs)
    wanted = ttest_rel([ours[seed] for seed in range(1, 5)], [theirs[seed] for seed in range(1, 5)])
    interval = wanted.confidence_interval(0.95)
    assert (found["low"], found["high"]) == pytest.approx((interval.low, interval.high))
    assert backbones.judge(found) == "met" and backbones.judge({"mean": 6, "low": -1, "high": 13}) == "missed"
    assert backbones.compare({1: 1.0}, {1: 2.0}) is None


def test_a_corpus_that_is_not_there_is_left_out_aloud(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert finetuning.find_corpora(["wnut17", "synthetic"], tmp_path) == ["synthetic"]
    assert "wnut17 is left out: there is no" in capsys.readouterr().out


def test_a_cell_trains_and_scores(models: dict[str, str]) -> None:
    settings = {"model": models["encoder"], "corpus": "synthetic", "data": "", "documents": finetuning.cap(8)}
    settings |= {
        "epochs": 1,
        "rate": 1e-3,
        "batch": 4,
        "read_at": "last",
        "seed": 1,
        "weights": "random",
        "bf16": False,
    }
    found = finetuning.fine_tune(settings | {"sight": None})
    wished = finetuning.list_settings(settings | {"sight": "all"}, finetuning.cut_corpus(settings))
    assert wished["backbone.sight"] == "all"
    assert 0 <= found["f1"] <= 100 and 0 <= found["dev_f1"] <= 100 and found["words"] > 0


@pytest.mark.parametrize("is_fast", [True, False])
def test_a_study_goes_on_in_the_precision_that_it_was_begun_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_fast: bool
) -> None:
    monkeypatch.setattr(finetuning, "is_bfloat16_fast", lambda: is_fast)
    begun = {"a": {"corpus": "conll04"}, "b": {"bf16": False}}, {"a": {"recipe": {"training.bf16": True}}}
    for number, settings in enumerate(begun):
        for name, told in settings.items():
            path = tmp_path / str(number) / "screen" / "cells" / f"{name}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"settings": told}), encoding="utf-8")
    assert [finetuning.in_bfloat16(tmp_path / name) for name in ("0", "1", "new")] == [False, True, is_fast]
    assert ("slow here" in finetuning.tell_precision(tmp_path / "1")) is not is_fast
