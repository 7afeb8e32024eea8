"""Language models: how they are loaded, what they lose on a text, and which are refused."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from builtin_models import ship_backbones
from tagwright.backbone.config import BackboneConfig
from tagwright.backbone.language.language import IGNORED, LanguageModel, load_language, restore_language
from tagwright.backbone.untrained import learn_tokenizer
from tagwright.errors import ModelError
from taught_writers import list_words, save_writer
from tiny_models import save_model


def load(folder: Path | str, **settings: Any) -> LanguageModel:
    return load_language(BackboneConfig(model=str(folder), **settings), marks={"\\": "backslash"}).eval()


def test_a_pair_loses_what_transformers_says(tmp_path: Path) -> None:
    language = load(save_writer("t5", tmp_path))
    ids, gold = torch.tensor([[5, 6, 7, 0]]), torch.tensor([[8, 9, 2]])
    attend = torch.tensor([[True, True, True, False]])
    expected = language.model(input_ids=ids, attention_mask=attend, labels=gold).loss
    assert language.is_pair and torch.allclose(language.lose(ids, gold, attend=attend), 3 * expected)


def test_a_decoder_loses_on_the_continuation_alone(tmp_path: Path) -> None:
    language = load(save_writer("llama", tmp_path))
    ids = torch.tensor([[5, 6, 7, 8, 2]])
    gold = torch.tensor([[IGNORED, IGNORED, IGNORED, 8, 2]])
    logits = language.model(ids).logits[0]
    expected = F.cross_entropy(logits[2:4], ids[0, 3:], reduction="sum")
    assert not language.is_pair and torch.allclose(language.lose(ids, gold, attend=None), expected)


@pytest.mark.parametrize("kind", ["t5", "llama"])
def test_padding_changes_no_loss(kind: str, tmp_path: Path) -> None:
    language = load(save_writer(kind, tmp_path))
    ids, gold = (
        torch.tensor([[5, 6, 8, 2], [7, 9, 0, 0]]),
        torch.tensor([[IGNORED, IGNORED, 8, 2], [IGNORED, 9, 2, -100]]),
    )
    if kind == "llama":
        ids[1, 2] = 2
    attend = torch.tensor([[True] * 4, [True, True, kind == "llama", False]])
    both = language.lose(ids, gold, attend=attend)
    width = 3 if kind == "llama" else 2
    alone = language.lose(ids[1:, :width], gold[1:, :3], attend=None)
    assert torch.allclose(both[1:], alone, atol=1e-5) and both[0] != both[1]


def test_builtin_names_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ship_backbones(tmp_path, monkeypatch)
    assert load("builtin:tiny-t5").is_pair and not load("builtin:tiny-decoder").is_pair
    with pytest.raises(ModelError, match=r"builtin:tiny-encoder \(llama\) .* it is an encoder. Train a tagger"):
        load("builtin:tiny-encoder")
    with pytest.raises(ModelError, match="builtin:untrained is an encoder.*builtin:tiny-t5"):
        load("builtin:untrained")


def test_an_encoder_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"\(bert\) is no model that writes: it is an encoder.*view = \"tagger\""):
        load(save_model("bert", tmp_path))


def test_without_an_end_nobody_knows_when_an_output_is_done(tmp_path: Path) -> None:
    tokenizer = learn_tokenizer(list_words(), size=320)
    tokenizer.eos_token = None
    with pytest.raises(ModelError, match="no token that ends a text.*eos_token in its tokenizer_config.json"):
        load(save_writer("llama", tmp_path, tokenizer=tokenizer, eos_token_id=None))


def test_without_a_start_a_pair_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="what its decoder begins with"):
        load(save_writer("t5", tmp_path, decoder_start_token_id=None))


def test_a_decoder_without_padding_uses_the_end_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    tokenizer = learn_tokenizer(list_words(), size=320)
    tokenizer.pad_token = None
    with caplog.at_level("INFO", logger="tagwright"):
        language = load(save_writer("llama", tmp_path, tokenizer=tokenizer, pad_token_id=None))
    assert language.pad == language.end == 2 and "the end token is used, and masked" in caplog.text


def test_lost_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"lacks .* lm_head.weight"):
        load(save_model("llama", tmp_path, tie_word_embeddings=False))


def test_a_saved_folder_is_restored_empty(tmp_path: Path) -> None:
    folder = save_writer("t5", tmp_path)
    again = restore_language(folder, BackboneConfig(model="elsewhere"))
    assert again.config.model == "elsewhere" and again.is_pair and again.most == 160
