"""tagwright doctor and export: a fault is an error, and what leaves needs nothing of ours; sight in saved labelers."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from transformers import AutoModel, LlamaModel

import tagwright
from cli_run import Run
from tagwright.backbone.backbone import Backbone
from tagwright.backbone.sight.probe import prove_sight
from tagwright.errors import DataError, ModelError, RecipeError
from tagwright.inference.merged import load_merged
from tagwright.inference.predictor import Predictor
from tagwright.inference.saved import TEXTS
from tagwright.models.export import export_backbone
from taught_writers import make_entities, make_writer, save_writer
from tiny_labelers import make_tagger
from tiny_models import load_model, save_model


def save(folder: Path, *, kind: str = "llama", **settings: object) -> Path:
    """A labeler with random weights."""
    Predictor(make_tagger(kind=kind, **settings)).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("sight", [None, "01", "all"])
def test_a_labeler_keeps_its_sight(here: Path, run: Run, sight: str | None) -> None:
    tagger = make_tagger(kind="llama", sight=sight)
    expected = Predictor(tagger).predict(list(TEXTS))
    Predictor(tagger).save_pretrained("saved")
    again = tagwright.load("saved", check=True)
    assert [d.spans for d in again.predict(list(TEXTS))] == [d.spans for d in expected]
    assert again.tagger.backbone.find_sight() == tagger.backbone.find_sight()
    about = json.loads(Path("saved/tagwright.json").read_text())
    stored = {None: None, "01": [1], "all": [0, 1]}[sight]
    assert about["backbone"]["sight"] == stored and about["sight"]["open"] == (stored or [])
    shown = run("inspect", "saved").stdout
    mark = {None: "░░", "01": "░█", "all": "██"}[sight]
    assert f"input {mark} output" in shown and ("by the model's nature" in shown) == (sight is None)
    assert f"input {mark} output" in run("doctor", "saved").stdout


def test_a_sight_is_proven_again_on_another_device_and_once_merged(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(here / "saved", sight="01")
    proven: list[str] = []
    monkeypatch.setattr(Backbone, "prove", lambda backbone: proven.append(backbone.model.device.type))
    Predictor.from_pretrained("saved", device="cpu")  # where it was proven when it was built
    assert proven == []
    Predictor.from_pretrained("saved", device="meta")
    assert proven == ["meta"]
    load_merged("saved")
    assert len(proven) == 2


def test_a_labeler_saved_before_there_was_sight(here: Path, run: Run) -> None:
    save(here / "old")
    about = json.loads((here / "old/tagwright.json").read_text())
    del about["sight"], about["backbone"]["sight"], about["backbone"]["repeat"]
    (here / "old/tagwright.json").write_text(json.dumps(about))
    assert tagwright.load("old", check=True).tagger.backbone.config.sight is None
    assert "not noted when it was saved; `tagwright doctor`" in run("inspect", "old").stdout


def test_repeat_is_kept(here: Path) -> None:
    tagger = make_tagger(kind="llama", repeat=2)
    expected = Predictor(tagger).predict(list(TEXTS))
    Predictor(tagger).save_pretrained("saved")
    again = tagwright.load("saved", check=True)
    assert again.tagger.backbone.config.repeat == 2
    assert [d.spans for d in again.predict(list(TEXTS))] == [d.spans for d in expected]


def test_the_doctor_tells_what_it_found(run: Run, labeler: Path) -> None:
    shown = run("doctor", "labeler").stdout
    for fact in ("versions: python", "device: cpu, float32", "attention: sdpa", "who sees whom: padding on the left"):
        assert fact in shown
    assert "a batch of one against a padded batch" in shown and "documents are labelled as when it was saved" in shown
    assert "fault" not in shown


def test_the_doctor_looks_at_any_model(run: Run, here: Path) -> None:
    save_model("gpt2", here / "gpt2")
    shown = run("doctor", "gpt2").stdout
    assert "GPT2Model" in shown and "sight, by nature and proven" in shown and "input ░░ output" in shown
    assert "sight, as chosen and proven" in run("doctor", "gpt2", "--sight", "10").stdout
    save_model("bert", here / "bert")
    assert "documents must not be packed into one row" in run("doctor", "bert").stdout
    save_model("albert", here / "albert")
    assert "AlbertModel has 0 stacks of 2 layers" in run("doctor", "albert").stdout  # a note, not a fault


def test_a_model_that_reads_no_text_is_a_fault(here: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    save_model("llama", here / "llama")
    monkeypatch.setattr(LlamaModel, "forward", lambda model, pixels, **rest: pixels)
    with pytest.raises(
        ModelError, match="a batch of one against a padded batch: it can't be run on token ids: .*pixels"
    ):
        run("doctor", "llama")


def test_the_doctor_refuses(run: Run, labeler: Path, here: Path) -> None:
    save_model("bloom", here / "bloom")
    with pytest.raises(ModelError, match="BloomModel doesn't hand keyword arguments"):
        run("doctor", "bloom", "--sight", "all")
    with pytest.raises(RecipeError, match="labeler is a labeler: its sight and attention are stored"):
        run("doctor", "labeler", "--sight", "all")
    rows = json.loads((labeler / "fixture.json").read_text())
    rows[0]["spans"] = [[0, 1, "PERSON", 0.123]]
    (labeler / "fixture.json").write_text(json.dumps(rows))
    with pytest.raises(ModelError, match="labeler has faults: stored predictions: .* does not predict what it did"):
        run("doctor", "labeler")


@pytest.mark.parametrize(("kind", "sight"), [("llama", "all"), ("llama", None), ("llama", "none"), ("bert", None)])
def test_an_exported_backbone_works_without_us(run: Run, here: Path, kind: str, sight: str | None) -> None:
    save(here / "saved", kind=kind, sight=sight)
    assert "AutoModel.from_pretrained reads it" in run("export", "saved", "plain").stdout
    assert len({path.stat().st_mode for path in (here / "plain").iterdir()}) == 1
    model = AutoModel.from_pretrained("plain").eval()
    is_open = kind == "bert" or sight == "all"
    prove_sight(model, (is_open, is_open), packs=False)
    inner = tagwright.load("saved").tagger.backbone.model
    ids = torch.tensor([[5, 6, 7], [8, 9, 10]])
    keep = torch.tensor([[1, 1, 1], [1, 1, 0]])
    with torch.no_grad():
        one, two = (each(input_ids=ids, attention_mask=keep).last_hidden_state[keep.bool()] for each in (inner, model))
    torch.testing.assert_close(one, two, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(("kind", "sight"), [("llama", "01"), ("bert", "none"), ("bert", "10")])
def test_other_plans_stay_with_us(run: Run, here: Path, kind: str, sight: str) -> None:
    save(here / "saved", kind=kind, sight=sight)
    with pytest.raises(
        ModelError, match="so that plan lives in Tagwright alone. `tagwright export --merge` writes the whole labeler"
    ):
        run("export", "saved", "plain")
    assert not (here / "plain").exists()


def test_what_does_not_come_back_is_withdrawn(here: Path) -> None:
    """An encoder out of an encoder-decoder isn't what AutoModel builds."""
    backbone = load_model(save_model("t5", here / "t5"))
    with pytest.raises(ModelError, match="lacks .* of the weights"):
        export_backbone(backbone, here / "plain")
    assert not (here / "plain").exists()


@pytest.mark.parametrize(
    ("kind", "sight", "told"),
    [
        ("llama", "10", "sight, as chosen, of its prompt alone, and proven"),
        ("llama", None, "sight, by nature and proven"),
        ("t5", None, "sight, by nature, of its encoder and proven"),
    ],
)
def test_a_writer_is_examined_too(run: Run, here: Path, kind: str, sight: str | None, told: str) -> None:
    own = {} if sight is None else {"sight": sight, "scope": "prompt"}
    writer = make_writer(save_writer(kind, here / "model"), make_entities(), backbone=own)
    Predictor(writer).save_pretrained("saved")
    shown = run("doctor", "saved").stdout
    assert told in shown and "who sees whom: padding on the left: as its sight says" in shown and "fault" not in shown
    assert ("what follows the prompt: not seen" in shown) == (sight is not None)
    assert "documents are labelled as when it was saved" in shown
    with pytest.raises(ModelError, match="saved is a writer.*`--merge` writes the whole labeler"):
        run("export", "saved", "plain")
    assert not (here / "plain").exists()


def test_nothing_is_written_over(run: Run, here: Path) -> None:
    save(here / "saved")
    shutil.copytree(here / "saved", here / "there")
    with pytest.raises(DataError, match="is there already. Choose another folder"):
        run("export", "saved", "there")
