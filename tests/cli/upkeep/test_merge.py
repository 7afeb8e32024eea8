"""A labeler that lies on a base: inspect tells both, export makes one labeler of them."""

import shutil
from pathlib import Path

import pytest
import torch
from transformers import AutoModel

import tagwright
from cli_run import Run
from tagwright.errors import DataError, ModelError
from tagwright.heads import HeadConfig
from tagwright.inference.predictor import Predictor
from tagwright.models.tagger import TaggerPlan, attach_head
from tagwright.text.labels import Labels
from tagwright.tuning import TuningConfig
from tiny_models import load_model, make_batch, save_model


@pytest.fixture
def saved(here: Path) -> Predictor:
    return save(here)


def save(here: Path, *, sight: str = "all") -> Predictor:
    """A labeler of lora whose weights are far from where they began."""
    backbone = load_model(save_model("llama", here / "base"), sight=sight)
    plan = TaggerPlan(
        Labels(("X",)), backbone.config, HeadConfig(scheme="BIO"), tuning=TuningConfig(name="lora", rank=2)
    )
    labeler = Predictor(attach_head(plan, backbone).eval())
    torch.manual_seed(3)
    with torch.no_grad():
        for weight in labeler.tagger.parameters():
            weight.add_(0.2 * torch.randn_like(weight) * weight.requires_grad)
    labeler.save_pretrained(here / "saved")
    return labeler


def test_inspect_tells_what_moved_and_what_it_lies_on(run: Run, here: Path, saved: Predictor) -> None:
    lines = run("inspect", "saved").stdout
    tagger = saved.tagger
    assert f"tuning: lora; {tagger.tuning.count(tagger):,} of " in lines and "weights move (" in lines
    assert "; rank 2\n" in lines, "a setting that is empty isn't told"
    assert f"base: {here / 'base'}, which must be at hand; checksum {tagger.digest}" in lines.replace("\n", "")


@pytest.mark.parametrize("sight", ["all", "01"])
def test_a_merged_labeler_is_of_one_piece(run: Run, here: Path, sight: str) -> None:
    saved = save(here, sight=sight)
    assert "needs no other model" in run("export", "saved", "whole", "--merge").stdout
    shutil.move(here / "base", here / "moved")
    whole = tagwright.load("whole", check=True)
    assert whole.tagger.backbone.find_sight() == saved.tagger.backbone.sight
    texts = ["ab x goes to q", "so x"]
    assert [span["text"] for spans in whole(texts) for span in spans] == [
        span["text"] for spans in saved(texts) for span in spans
    ]
    with pytest.raises(ModelError, match="holds only what was trained beside"):
        run("export", "saved", "again", "--merge")
    with pytest.raises(DataError, match="is there already"):
        run("export", "saved", "whole", "--merge", "--base", "moved")
    run("export", "saved", "again", "--merge", "--base", "moved")


def test_an_exported_backbone_has_the_adapter_in_it(run: Run, here: Path, saved: Predictor) -> None:
    run("export", "saved", "plain")
    model, batch = AutoModel.from_pretrained("plain").eval(), make_batch(saved.tagger.backbone, [["ab", "c"]])
    with torch.no_grad():
        one = model(input_ids=batch.ids).last_hidden_state
        two = saved.tagger.backbone.model(input_ids=batch.ids).last_hidden_state
    torch.testing.assert_close(one, two, atol=1e-4, rtol=1e-4)
