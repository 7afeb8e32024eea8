import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tagwright.errors import DataError, ModelError
from tagwright.inference import saved
from tagwright.inference.predictor import Predictor
from tagwright.inference.runner import Runner
from tagwright.models import folder as folder_file
from tagwright.models.folder import Origin
from tiny_labelers import make_document, make_documents, make_tagger

DOCUMENTS = make_documents(12, most=50)
ORIGIN = Origin(
    {"training": {"seed": 1}}, {"train": {"file": "a.conll", "documents": 3}}, {"torch": "2"}, {"dev F1": 91.5}
)
FILES = {"tagwright.json", "model.safetensors", "backbone", "fixture.json", "README.md"}


def list_found(runner: Runner) -> list[list[tuple[Any, ...]]]:
    return [[(s.start, s.end, s.label, s.score) for s in found.spans] for found in runner.predict(DOCUMENTS)]


@pytest.fixture
def labeler() -> Predictor:
    return Predictor(make_tagger(), ORIGIN)


@pytest.mark.parametrize(
    ("head", "scheme"),
    [("softmax", "BIO"), ("softmax", "BIOES"), ("softmax", "IO"), ("softmax", "WORD"), ("crf", "BIO"), ("crf", "IOB1")],
)
def test_a_saved_labeler_predicts_the_same(tmp_path: Path, head: str, scheme: str) -> None:
    labeler = Predictor(make_tagger(head=head, scheme=scheme, read_at="last", max_tokens=20, overlap=5), ORIGIN)
    labeler.save_pretrained(tmp_path / "saved")
    loaded = Predictor.from_pretrained(tmp_path / "saved", check=True)
    assert list_found(loaded) == list_found(labeler) and any(list_found(loaded))
    assert loaded.origin == ORIGIN
    assert loaded.tagger.backbone.config == labeler.tagger.backbone.config
    assert {path.name for path in (tmp_path / "saved").iterdir()} == FILES


@pytest.mark.parametrize("kind", ["llama", "t5", "modernbert"])
def test_other_architectures_are_saved_too(tmp_path: Path, kind: str) -> None:
    tagger = make_tagger(kind=kind)
    if kind == "t5":
        tagger.backbone.model = tagger.backbone.model.get_encoder()
    labeler = Predictor(tagger)
    labeler.save_pretrained(tmp_path / "saved")
    assert list_found(Predictor.from_pretrained(tmp_path / "saved")) == list_found(labeler)


@pytest.mark.parametrize("head", ["softmax", "crf"])
def test_half_precision_is_of_the_backbone(tmp_path: Path, head: str) -> None:
    labeler = Predictor(make_tagger(kind="llama", head=head))
    labeler.save_pretrained(tmp_path / "saved")
    half = Predictor.from_pretrained(tmp_path / "saved", dtype="bfloat16", check=True)
    tagger = half.tagger
    assert {weight.dtype for weight in tagger.backbone.parameters()} == {torch.bfloat16}
    assert {weight.dtype for weight in tagger.head.parameters()} == {torch.float32}
    exact = dict(labeler.tagger.named_buffers())
    for name, buffer in tagger.named_buffers():  # rotary positions would be ruined by half precision
        assert torch.equal(buffer, exact[name]), name
    assert any(list_found(half))
    half.save_pretrained(tmp_path / "half")
    again = Predictor.from_pretrained(tmp_path / "half", check=True)
    assert again.tagger.backbone.config.dtype == "bfloat16"
    assert list_found(again) == list_found(half)


def test_the_fixture_is_of_the_documents_given(labeler: Predictor, tmp_path: Path) -> None:
    labeler.save_pretrained(tmp_path, fixture=[make_document(["pa", "lb"]), make_document(["c"])])
    rows = json.loads((tmp_path / "fixture.json").read_text())
    assert [row["text"] for row in rows] == ["pa lb", "c"]
    assert saved.check_fixture(Predictor.from_pretrained(tmp_path), tmp_path) == 2


def test_a_labeler_that_predicts_something_else_is_told(labeler: Predictor, tmp_path: Path) -> None:
    labeler.save_pretrained(tmp_path, fixture=DOCUMENTS)
    other = Predictor(make_tagger(seed=5), ORIGIN)
    with pytest.raises(ModelError, match="does not predict what it did when it was saved.*were expected"):
        saved.check_fixture(other, tmp_path)


@pytest.mark.parametrize("text", ["{", "[5]", '[{"text": "a"}]', '[{"text": "a", "offsets": [[0, 9]], "spans": []}]'])
def test_a_damaged_fixture_is_told(labeler: Predictor, tmp_path: Path, text: str) -> None:
    labeler.save_pretrained(tmp_path)
    (tmp_path / "fixture.json").write_text(text)
    with pytest.raises(ModelError, match="fixture.json can't be read"):
        Predictor.from_pretrained(tmp_path, check=True)
    (tmp_path / "fixture.json").unlink()
    with pytest.raises(ModelError, match="fixture.json is missing"):
        Predictor.from_pretrained(tmp_path, check=True)


def test_saving_again_replaces_the_labeler_and_nothing_else(labeler: Predictor, tmp_path: Path) -> None:
    (tmp_path / "checkpoints").mkdir()
    labeler.save_pretrained(tmp_path)
    other = Predictor(make_tagger(seed=5, head="crf"))
    other.save_pretrained(tmp_path)
    assert list_found(Predictor.from_pretrained(tmp_path, check=True)) == list_found(other)
    assert {path.name for path in tmp_path.iterdir()} == FILES | {"checkpoints"}


def fail(*_: object, **__: object) -> None:
    raise OSError(28, "No space left on device")


BREAKS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "weights": lambda patch: patch.setattr(folder_file, "save_file", fail),
    "description": lambda patch: patch.setattr(Path, "write_text", fail),
    "a folder": lambda patch: patch.setattr(Path, "mkdir", fail),
}


@pytest.mark.parametrize("what", BREAKS)
def test_a_full_disk_is_told_and_leaves_nothing(
    labeler: Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    with monkeypatch.context() as patch:
        BREAKS[what](patch)
        with pytest.raises(
            DataError, match="saved: can't be written: No space left.*Free some space or choose another"
        ):
            labeler.save_pretrained(tmp_path / "saved")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_labeler_that_was_there(
    labeler: Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labeler.save_pretrained(tmp_path)
    with monkeypatch.context() as patch:
        BREAKS["weights"](patch)
        with pytest.raises(DataError):
            Predictor(make_tagger(seed=5)).save_pretrained(tmp_path)
    assert list_found(Predictor.from_pretrained(tmp_path, check=True)) == list_found(labeler)
    assert {path.name for path in tmp_path.iterdir()} == FILES


def test_a_file_in_the_place_of_the_folder_is_told(labeler: Predictor, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(DataError, match="taken: can't be written: File exists"):
        labeler.save_pretrained(tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "mine"


def test_killed_between_two_files_the_folder_is_no_labeler(
    labeler: Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def move(self: Path, target: Path) -> None:
        if self.name == "fixture.json":
            raise Killed
        shutil.move(self, target)

    labeler.save_pretrained(tmp_path)
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Path, "replace", move)
        Predictor(make_tagger(seed=5)).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match=r"holds no tagwright.json, so it is not a labeler"):
        Predictor.from_pretrained(tmp_path)


def test_a_reload_that_differs_is_not_put_in_place(
    labeler: Predictor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_tagger(seed=5)
    monkeypatch.setattr(saved, "read_folder", lambda folder: (other, ORIGIN))
    with pytest.raises(ModelError, match="does not predict what it did"):
        labeler.save_pretrained(tmp_path, fixture=DOCUMENTS)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_neither_folder_nor_on_the_hub_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(ModelError, match=r"(?s)no folder .*min\. Did you mean '.*mine'.*gave nothing of that name"):
        Predictor.from_pretrained(tmp_path / "min")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match=r"(?s)no folder nobody/nothing\.\n.*can't be reached.*Unset HF_HUB_OFFLINE"):
        Predictor.from_pretrained("nobody/nothing")


def test_an_upload_is_a_saved_labeler_under_its_hub_name(labeler: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    class Hub:
        def create_repo(self, name: str, **settings: Any) -> None:
            seen[name] = settings

        def upload_folder(self, *, repo_id: str, folder_path: Path) -> str:
            seen["card"] = (folder_path / "README.md").read_text()
            seen["files"] = {path.name for path in folder_path.iterdir()}
            return f"https://hub/{repo_id}"

    monkeypatch.setattr(saved, "HfApi", Hub)
    assert labeler.push_to_hub("org/name", private=False) == "https://hub/org/name"
    assert seen["org/name"] == {"private": False, "exist_ok": True}
    assert seen["files"] == FILES and 'tagwright.load("org/name")' in seen["card"]


def test_a_runner_in_another_precision_is_compared_in_it(tmp_path: Path) -> None:
    labeler = replace(Predictor(make_tagger()), autocast=torch.bfloat16)
    labeler.save_pretrained(tmp_path / "saved")
    assert not labeler.is_exact and Predictor.from_pretrained(tmp_path / "saved").is_exact
