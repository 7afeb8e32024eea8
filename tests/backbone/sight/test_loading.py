"""A backbone with a sight of its own: loaded by name, warned of, kept, and with `repeat` beside it."""

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import tagwright.backbone
from tagwright.backbone.sight.probe import prove_sight
from tagwright.errors import ModelError, RecipeError
from tagwright.text.ledger import Ledger
from tagwright.tokens.batch import Cutter, collate
from tiny_models import load_model, make_batch, save_model

DOCUMENTS = [["abc", "d", "efgh"], ["a"], ["xyz", "b"]]


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model("llama", tmp_path_factory.mktemp("llama"), num_hidden_layers=4)


def test_load_gives_a_transformers_model_that_obeys(llama: Path) -> None:
    backbone = tagwright.backbone.load(str(llama), sight="0011", attn_implementation="eager", read_at="last")
    assert backbone.config.sight == (2, 3) and backbone.config.read_at == "last"  # resolved, so it can be stored
    assert not backbone.training and backbone.model.config._attn_implementation == "eager"
    prove_sight(backbone.model, (False, False, True, True))
    ids = torch.tensor([[5, 6, 7, 8]])
    other = torch.tensor([[5, 6, 7, 9]])
    one, two = (backbone.model(input_ids=each, output_hidden_states=True).hidden_states for each in (ids, other))
    moved = [bool((a - b)[:, :-1].abs().max() > 1e-6) for a, b in zip(one, two, strict=True)]
    assert moved == [False, False, False, True, True]
    assert tagwright.backbone.load(str(llama), sight=[1]).find_sight().open == (1,)
    assert str(tagwright.backbone.load(str(llama)).find_sight()) == "none"  # found by running it


def test_importing_the_room_loads_no_torch() -> None:
    code = "import sys, tagwright.backbone; assert 'torch' not in sys.modules; assert callable(tagwright.backbone.load)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    with pytest.raises(AttributeError, match="no attribute 'lod'. It has: load"):
        tagwright.backbone.lod  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"sight": "00110"}, RecipeError, "5 groups, and the model has 4 layers only"),
        ({"sight": "all", "scope": "prompt"}, ModelError, "The scope 'prompt' is for writers"),
        ({"sight": [7]}, RecipeError, "names layer 7; the model's layers are 0 to 3"),
        ({"sight": "upper"}, RecipeError, "can't be read. Expected none"),
        ({"read": "last"}, RecipeError, "can't be loaded like this: read: Extra inputs"),
        ({"repeat": -1}, RecipeError, "repeat: .*greater than or equal to 0"),
    ],
)
def test_bad_settings_say_what_would_work(llama: Path, settings: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        tagwright.backbone.load(str(llama), **settings)


def test_a_model_that_cannot_be_opened(tmp_path: Path) -> None:
    save_model("mamba", tmp_path, state_size=4)
    (tmp_path / "model.safetensors").unlink()  # its config.json says enough
    for sight in ("all", "0011", "learned"):
        with pytest.raises(
            ModelError, match="No layer of mamba has attention whose sight can be changed: all are linear"
        ):
            load_model(tmp_path, sight=sight)


@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_a_plan_for_other_layers_is_refused_before_weights_are_loaded(tmp_path: Path, kind: str) -> None:
    save_model(kind, tmp_path)
    (tmp_path / "model.safetensors").unlink()
    for sight, message in (((0, 9), "names layer 9"), ("001", "3 groups"), ("learned:3", "3 groups")):
        with pytest.raises(RecipeError, match=f"{message}.* the model(.s|.has) .*"):
            load_model(tmp_path, sight=sight)


@pytest.mark.parametrize(
    ("kind", "sight", "warned"),
    [("llama", None, True), ("llama", "01", True), ("llama", "10", False), ("llama", "all", False)]
    + [("bert", None, False), ("bert", "none", True), ("albert", None, False)],
)
def test_first_is_warned_of_where_a_causal_layer_comes_first(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: str, sight: str | None, warned: bool
) -> None:
    with caplog.at_level(logging.WARNING, logger="tagwright"):
        load_model(save_model(kind, tmp_path), sight=sight, read_at="first").warn()
        load_model(tmp_path, sight=sight, read_at="last").warn()
        load_model(tmp_path, sight=sight, read_at="first", repeat=1).warn()  # the word stands in the earlier copy too
    assert sum("labels a word before" in record.message for record in caplog.records) == warned


@pytest.mark.parametrize("sight", [None, "all"])
def test_repeated_words_are_read_in_the_last_copy(llama: Path, sight: str | None) -> None:
    backbone = load_model(llama, repeat=2, sight=sight)
    batch = make_batch(backbone, DOCUMENTS)
    tokens = backbone.tokenizer.encode(DOCUMENTS)[0].ids.tolist()
    before, after = backbone.tokenizer.before.tolist(), backbone.tokenizer.after.tolist()
    assert batch.ids[0].tolist() == [*before, *tokens * 3, *after]
    assert batch.words[0].tolist() == [-1] * (len(before) + 16) + [0, 0, 0, 1, 2, 2, 2, 2] + [-1] * len(after)
    together = backbone(batch)
    for row, document in enumerate(DOCUMENTS):
        alone = backbone(make_batch(backbone, [document]))
        torch.testing.assert_close(together[row, : len(document)], alone[0], atol=1e-5, rtol=0)


def test_repeating_lets_a_causal_model_see_the_right(llama: Path) -> None:
    def first_moves(**settings: Any) -> bool:
        backbone = load_model(llama, **settings)
        one, two = (backbone(make_batch(backbone, [["a", "b", last]])) for last in "cz")
        return bool((one - two)[0, 0].abs().max() > 1e-6)

    assert [first_moves(repeat=times) for times in (0, 1)] == [False, True]


def test_windows_shrink_with_repeats(llama: Path) -> None:
    once, thrice = load_model(llama), load_model(llama, repeat=2)
    assert once.find_limits().tokens == thrice.find_limits().tokens == 40
    document = [["ab"] * 40]
    for backbone, room in ((once, 38), (thrice, 12)):
        pieces = Cutter(backbone.tokenizer, backbone.find_limits()).cut(document, Ledger())
        assert max(map(len, pieces)) <= 40 and sum(piece.count for piece in pieces) == 40
        assert max(piece.count for piece in pieces) <= room // 2
        backbone(collate(pieces, backbone.tokenizer.pad_id))
