"""Backbones: neither padding nor company changes a state, limits are the model's own, and faults say what to do."""

import json
import logging
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from huggingface_hub import constants
from transformers import AutoConfig, AutoModel, AutoModelForMaskedLM, BertModel

from tagwright.backbone.backbone import find_max_tokens, load_backbone, load_config, load_tokenizer, restore_backbone
from tagwright.backbone.config import BackboneConfig
from tagwright.backbone.reading import pretrained as room
from tagwright.errors import ModelError
from tiny_models import BOTH_SIDES, CAUSAL, SIZES, load_model, make_batch, make_config, make_tokenizer, save_model

DOCUMENTS = [["abc", "d", "efgh"], ["a"], ["xyz", "b"], ["?", "hello"]]
KINDS = (*CAUSAL, *BOTH_SIDES)
POOLED = ("bert", "roberta", "electra", "albert", "mpnet", "deberta-v2", "distilbert", "modernbert", "longformer")
SHIFTED = ("roberta", "mpnet", "data2vec-text", "longformer", "roberta-prelayernorm", "xlm-roberta", "ibert", "esm")


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny model of some type, made once."""
    root = tmp_path_factory.mktemp("models")
    return lambda kind: root / kind if (root / kind).exists() else save_model(kind, root / kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_neither_padding_nor_company_changes_a_state(saved: Callable[[str], Path], kind: str, attention: str) -> None:
    backbone = load_model(saved(kind), attn_implementation=attention)
    together = backbone(make_batch(backbone, DOCUMENTS))
    for row, document in enumerate(DOCUMENTS):
        alone = backbone(make_batch(backbone, [document]))
        torch.testing.assert_close(together[row, : len(document)], alone[0], atol=1e-5, rtol=0)
    assert together.shape == (4, 3, backbone.width) and together[0].std() > 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_no_mask_is_a_mask_of_ones_and_pad_ids_do_not_matter(saved: Callable[[str], Path], kind: str) -> None:
    backbone = load_model(saved(kind))
    batch = make_batch(backbone, DOCUMENTS[:1])
    ones = replace(batch, attend=torch.ones_like(batch.ids, dtype=torch.bool))
    torch.testing.assert_close(backbone(batch), backbone(ones), atol=1e-6, rtol=0)
    padded = make_batch(backbone, DOCUMENTS)
    assert padded.attend is not None
    other = replace(padded, ids=padded.ids.where(padded.attend, torch.full_like(padded.ids, 7)))
    torch.testing.assert_close(backbone(padded), backbone(other), atol=1e-6, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_attention_agree(saved: Callable[[str], Path], kind: str) -> None:
    one, two = (load_model(saved(kind), attn_implementation=name) for name in ("sdpa", "eager"))
    batch = make_batch(one, DOCUMENTS)
    torch.testing.assert_close(one(batch), two(batch), atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("company", [[], [["a", "b", "c", "d", "e", "f", "g"]]], ids=["alone", "padded"])
def test_a_decoder_sees_the_left_only_and_an_encoder_both_sides(
    saved: Callable[[str], Path], kind: str, company: list[list[str]]
) -> None:
    backbone = load_model(saved(kind), attn_implementation="sdpa")
    states, changed = (backbone(make_batch(backbone, [[*"abcd", last], *company]))[0] for last in "ez")
    moved = (states - changed).abs().amax(-1)[:5] > 1e-6
    assert moved.tolist() == [kind in BOTH_SIDES] * 4 + [True]


def test_a_left_padding_tokenizer_changes_nothing(saved: Callable[[str], Path], tmp_path: Path) -> None:
    folder = save_model("gpt2", tmp_path, tokenizer=make_tokenizer(padding_side="left"))
    left, right = load_model(folder), load_model(saved("gpt2"))
    assert left.tokenizer.tokenizer.padding_side == "left"
    assert torch.equal(left(make_batch(left, DOCUMENTS)), right(make_batch(right, DOCUMENTS)))


@pytest.mark.parametrize("missing", [{"pad_token": None}, {"pad_token": None, "eos_token": None}])
def test_no_pad_token_is_needed(saved: Callable[[str], Path], tmp_path: Path, missing: dict[str, None]) -> None:
    bare = load_model(save_model("llama", tmp_path, tokenizer=make_tokenizer(**missing)))
    full = load_model(saved("llama"))
    assert bare.tokenizer.tokenizer.pad_token is None
    states = bare(make_batch(bare, DOCUMENTS))
    torch.testing.assert_close(states, full(make_batch(full, DOCUMENTS)), atol=1e-6, rtol=0)


@pytest.mark.parametrize("kind", POOLED)
def test_idle_weights_are_taken_away(saved: Callable[[str], Path], kind: str) -> None:
    backbone = load_model(saved(kind))
    batch = make_batch(backbone, DOCUMENTS)
    backbone(batch).sum().backward()
    idle = [name for name, weight in backbone.named_parameters() if weight.grad is None]
    assert [name for name in idle if "global" not in name] == []  # a Longformer's global attention is not asked for


@pytest.mark.parametrize("kind", ["bert", "gpt2", "opt", "distilbert", *SHIFTED])
def test_the_position_limit_is_the_models_own(saved: Callable[[str], Path], kind: str) -> None:
    backbone = load_model(saved(kind))
    limit = backbone.find_limits().tokens
    assert limit == (38 if kind in SHIFTED else 40)
    backbone.model(input_ids=torch.full((1, limit), 5))
    with pytest.raises((IndexError, RuntimeError)):
        backbone.model(input_ids=torch.full((1, limit + 1), 5))


def test_the_smallest_limit_rules(saved: Callable[[str], Path]) -> None:
    assert find_max_tokens(make_config("llama"), make_tokenizer(model_max_length=17)) == 17
    config = make_config("t5")
    del config.max_position_embeddings
    assert find_max_tokens(config, make_tokenizer()) >= 1_000_000  # relative positions have no end
    assert load_model(saved("bert"), max_tokens=10).find_limits("error").tokens == 10
    assert load_model(saved("bert"), max_tokens=10).find_limits().overlap == 4  # at most half of the room


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_checkpointing_changes_no_gradient(saved: Callable[[str], Path], kind: str) -> None:
    found = []
    for checkpointing in (False, True):
        backbone = load_model(saved(kind), gradient_checkpointing=checkpointing)
        backbone.train()
        torch.manual_seed(0)  # dropout is on: what is computed twice must be dropped twice
        (backbone(make_batch(backbone, DOCUMENTS)) ** 2).sum().backward()
        assert any(getattr(module, "gradient_checkpointing", False) for module in backbone.modules()) is checkpointing
        found.append({name: weight.grad for name, weight in backbone.named_parameters()})
    assert None not in found[0].values()
    torch.testing.assert_close(found[1], found[0])


def test_gradient_checkpointing_that_a_model_lacks(
    saved: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BertModel, "supports_gradient_checkpointing", False)
    with pytest.raises(ModelError, match="BertModel has no gradient checkpointing. Leave it out"):
        load_model(saved("bert"), gradient_checkpointing=True)


@pytest.mark.parametrize("kind", KINDS)
def test_half_precision_runs_close_by(saved: Callable[[str], Path], kind: str) -> None:
    exact, half = load_model(saved(kind)), load_model(saved(kind), dtype="bfloat16")
    states = half(make_batch(half, DOCUMENTS))
    assert states.dtype == torch.bfloat16
    difference = (states.float() - exact(make_batch(exact, DOCUMENTS))).norm() / states.float().norm()
    assert difference < 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_a_restored_backbone_takes_the_weights_it_was_saved_with(
    saved: Callable[[str], Path], tmp_path: Path, kind: str
) -> None:
    backbone = load_model(saved(kind))
    backbone.model.config.save_pretrained(tmp_path)  # type: ignore[union-attr, operator]
    backbone.tokenizer.tokenizer.save_pretrained(tmp_path)
    again = restore_backbone(tmp_path, backbone.config).eval()
    again.load_state_dict(backbone.state_dict())
    batch = make_batch(backbone, DOCUMENTS)
    torch.testing.assert_close(again(batch), backbone(batch), atol=0, rtol=0)


SEEING = {  # models that see pictures too: the sizes of their text model, and its class
    "gemma3": ({"head_dim": 8, "num_key_value_heads": 1, "sliding_window": 3}, "Gemma3TextModel"),
    "mistral3": ({"head_dim": 8, "num_key_value_heads": 1}, "MistralModel"),
}


@pytest.mark.parametrize("kind", SEEING)
def test_of_a_model_that_sees_pictures_the_text_model_is_taken(tmp_path: Path, kind: str) -> None:
    own, name = SEEING[kind]
    sizes = SIZES | own
    eye = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    torch.manual_seed(0)
    config = AutoConfig.for_model(kind, text_config=sizes, vision_config=eye | {"image_size": 28, "patch_size": 14})
    whole = AutoModel.from_config(config).eval()
    whole.save_pretrained(tmp_path)
    make_tokenizer().save_pretrained(tmp_path)
    backbone = load_model(tmp_path)
    assert type(backbone.model).__name__ == name and str(backbone.find_sight()) == "none"
    ids = torch.tensor([[5, 6, 7, 8, 9]])
    states = [model(input_ids=ids).last_hidden_state for model in (whole, backbone.model)]
    torch.testing.assert_close(*states, atol=1e-6, rtol=0)
    assert str(load_model(tmp_path, sight="all").find_sight()) == "all"
    backbone.model.config.save_pretrained(tmp_path / "saved")
    make_tokenizer().save_pretrained(tmp_path / "saved")
    assert type(restore_backbone(tmp_path / "saved", backbone.config).model).__name__ == name


def test_config_and_tokenizer_load_without_weights(
    saved: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AutoModel, "from_pretrained", None)
    config = BackboneConfig(model=str(saved("bert")))
    assert load_config(config).hidden_size == 16
    assert load_tokenizer(config).specials == 2


def change_config(**changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        found = json.loads((folder / "config.json").read_text()) | changes
        (folder / "config.json").write_text(json.dumps(found))

    return change


DAMAGE: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no tokenizer": (lambda folder: [file.unlink() for file in folder.glob("tokenizer*")], "has no vocabulary"),
    "torn tokenizer": (lambda folder: (folder / "tokenizer.json").write_text("{"), "can't be loaded"),
    "odd tokenizer": (lambda folder: (folder / "tokenizer.json").write_text('{"a": 1}'), "can't be loaded"),
    "torn weights": (lambda folder: (folder / "model.safetensors").write_bytes(b"abc"), "can't be loaded"),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "no file named model.safetensors"),
    "torn config": (lambda folder: (folder / "config.json").write_text("{"), "not a valid JSON file"),
    "no config": (lambda folder: (folder / "config.json").unlink(), "can't be loaded"),
    "unknown type": (change_config(model_type="foo"), "foo"),
    "other shapes": (change_config(intermediate_size=48), "lacks 6 of the weights .* or holds them in another shape"),
    "more layers": (change_config(num_hidden_layers=3), "lacks 16 of the weights .* first is encoder.layer.2"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_folder_is_refused(tmp_path: Path, damage: str) -> None:
    folder = save_model("bert", tmp_path / "model")
    DAMAGE[damage][0](folder)
    with pytest.raises(ModelError, match=f"(?s){DAMAGE[damage][1]}"):
        load_model(folder)


def test_weights_that_are_not_used_may_be_missing(tmp_path: Path, saved: Callable[[str], Path]) -> None:
    without = AutoModel.from_pretrained(saved("bert"), add_pooling_layer=False)
    without.save_pretrained(tmp_path)
    make_tokenizer().save_pretrained(tmp_path)
    assert load_model(tmp_path).width == 16


@pytest.fixture
def library(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What transformers says while it loads, beside what is said here."""
    source = logging.getLogger("transformers.modeling_utils")
    source.addHandler(caplog.handler)
    yield caplog
    source.removeHandler(caplog.handler)


def test_heads_of_other_tasks_are_left_out_without_a_word(tmp_path: Path, library: pytest.LogCaptureFixture) -> None:
    AutoModelForMaskedLM.from_config(make_config("bert")).save_pretrained(tmp_path)  # it lacks a pooler, too
    make_tokenizer().save_pretrained(tmp_path)
    load_model(tmp_path)
    assert not library.records
    AutoModel.from_pretrained(tmp_path)  # of whoever calls the library, nothing is held back
    assert "LOAD REPORT" in library.text


@pytest.mark.parametrize(
    ("built", "cut", "told"),
    [
        ({"num_hidden_layers": 4}, {"num_hidden_layers": 2, "layer_types": None}, "18 weights .* layers.2.input_"),
        ({"attention_bias": True}, {"attention_bias": False}, "8 weights .* layers.0.self_attn.k_proj.bias"),
    ],
)
def test_weights_that_have_no_place_are_told(
    tmp_path: Path, library: pytest.LogCaptureFixture, built: dict[str, Any], cut: dict[str, Any], told: str
) -> None:
    folder = save_model("llama", tmp_path, **built)
    load_model(folder)
    assert not library.records
    change_config(**cut)(folder)
    load_model(folder)
    (record,) = library.records
    assert record.name.startswith("tagwright")
    assert re.search(f"holds {told}.* They are left out, so this is not the model that was saved", library.text)


def test_an_attention_that_cannot_be_had_says_what_can(saved: Callable[[str], Path]) -> None:
    config = BackboneConfig(model=str(saved("llama")), attn_implementation="spda")
    for load in (load_backbone, lambda config: restore_backbone(saved("llama"), config)):
        with pytest.raises(ModelError, match='(?s)attn_implementation = .spda. can.t be had here: .*take "sdpa" or'):
            load(config)


@pytest.mark.parametrize(
    "reason",
    [
        "FlashAttention2 has been toggled on, but it cannot be used: it isn't installed.",
        "T5EncoderModel does not support Flash Attention 2 yet. Please request to add support: https://huggingface.co//tmp",
    ],
)
def test_a_kernel_that_is_not_there_is_no_damage(
    reason: str, saved: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ImportError(reason)

    config = BackboneConfig(model=str(saved("llama")), attn_implementation="flash_attention_2")
    monkeypatch.setattr(AutoModel, "from_config", refuse)
    monkeypatch.setattr(AutoModel, "from_pretrained", refuse)
    for load in (load_backbone, lambda config: restore_backbone(saved("llama"), config)):
        with pytest.raises(
            ModelError, match="'flash_attention_2' can't be had here: .*(installed|yet)[.]\n.* tagwright.json"
        ):
            load(config)


HUB = {  # what transformers raises, and what we make of it
    "You are trying to access a gated repo.\nMake sure to have access to it at https://huggingface.co/org/name.": (
        "org/name is gated or private.*Accept its terms.*hf auth login"
    ),
    "401 Client Error. Repository Not Found": "gated or private",
    "We couldn't connect to 'https://huggingface.co' to load the files, and couldn't find them in the cached files.": (
        "neither a local folder nor in the local cache.*Go online once, or give the path of a folder"
    ),
    "org/name is not a local folder and is not a valid model identifier": "can't be loaded.*Give a hub id such as",
    "nope is not a valid git identifier (branch name, tag name or commit id)": "can't be loaded: nope is not a",
    "": "can't be loaded: OSError",
}


@pytest.mark.parametrize("said", HUB)
def test_what_the_hub_says_becomes_advice(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(said)

    monkeypatch.setattr(AutoModel, "from_pretrained", refuse)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(room, "is_hub_reached", lambda: True)
    with pytest.raises(ModelError, match=f"(?s){HUB[said]}"):
        load_backbone(BackboneConfig(model="org/name"))


def test_a_missing_folder_and_an_unknown_built_in_name() -> None:
    with pytest.raises(ModelError, match="There is no folder /no/such/model"):
        load_backbone(BackboneConfig(model="/no/such/model"))
    with pytest.raises(ModelError, match="no built-in model called 'builtin:big'"):
        load_backbone(BackboneConfig(model="builtin:big"))


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if nothing had been said of working without the hub; it can't be connected to all the same."""

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("no route")

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(room, "getproxies", dict)
    room.is_hub_reached.cache_clear()
    yield
    room.is_hub_reached.cache_clear()


@pytest.mark.usefixtures("online")
@pytest.mark.parametrize(("proxies", "told"), [({}, True), ({"https": "http://proxy"}, None)])
def test_a_hub_that_can_not_be_reached_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, proxies: dict[str, str], told: bool | None
) -> None:
    seen: list[bool | None] = []

    def fail(name: str, **settings: Any) -> None:
        seen.append(settings.get("local_files_only"))
        raise OSError("We couldn't connect to the hub")

    monkeypatch.setattr(room, "getproxies", lambda: proxies)
    monkeypatch.setattr(AutoConfig, "from_pretrained", fail)
    with pytest.raises(ModelError, match="the model hub can't be reached"):
        load_config(BackboneConfig(model="org/name"))
    assert seen == [told]


@pytest.mark.usefixtures("online")
def test_a_hub_that_answers_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def answer(place: tuple[str, int], timeout: float) -> SimpleNamespace:
        asked.append(place)
        return SimpleNamespace(close=lambda: None)

    monkeypatch.setattr(socket, "create_connection", answer)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://mirror:8080")
    assert room.is_hub_reached() and room.is_hub_reached()
    assert asked == [("mirror", 8080)]
