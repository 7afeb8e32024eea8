"""The untrained backbone: both sides are seen, and nothing is unknown to its tokenizer."""

from pathlib import Path

import pytest
import torch

from tagwright.backbone.backbone import Backbone, load_backbone, restore_backbone
from tagwright.backbone.config import BackboneConfig
from tagwright.backbone.untrained import learn_tokenizer
from tiny_models import make_batch

WORDS = ["the", "cat", "sat", "on", "the", "mat", "and", "looked", "at", "the", "moon"] * 5


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    torch.manual_seed(0)
    return load_backbone(BackboneConfig(), WORDS).eval()


@pytest.mark.parametrize("company", [[], [WORDS]], ids=["alone", "padded"])
def test_every_word_sees_both_sides(backbone: Backbone, company: list[list[str]]) -> None:
    states, changed = (backbone(make_batch(backbone, [["a", "b", "c", last], *company]))[0] for last in "de")
    assert ((states - changed).abs().amax(-1)[:4] > 1e-6).all()


def test_neither_padding_nor_company_changes_a_state(backbone: Backbone) -> None:
    together, alone = backbone(make_batch(backbone, [["moon"], WORDS])), backbone(make_batch(backbone, [["moon"]]))
    torch.testing.assert_close(together[0, :1], alone[0], atol=1e-5, rtol=0)


def test_it_still_sees_both_sides_when_restored(backbone: Backbone, tmp_path: Path) -> None:
    backbone.model.config.save_pretrained(tmp_path)  # type: ignore[union-attr, operator]
    backbone.tokenizer.tokenizer.save_pretrained(tmp_path)
    again = restore_backbone(tmp_path, backbone.config).eval()
    again.load_state_dict(backbone.state_dict())
    batch = make_batch(backbone, [WORDS, ["moon"]])
    assert torch.equal(again(batch), backbone(batch))


def test_nothing_is_unknown_to_the_tokenizer(backbone: Backbone) -> None:
    words = ["日本", "🙂", "e\u0301", "שלום", "\u200b", "xyz"]
    encoded = backbone.tokenizer.encode([words])[0]
    unknown = backbone.tokenizer.tokenizer.unk_token_id
    assert unknown not in encoded.ids.tolist() and (encoded.starts[1:] > encoded.starts[:-1]).all()


def test_the_same_words_teach_the_same_tokenizer() -> None:
    assert learn_tokenizer(WORDS).get_vocab() == learn_tokenizer(WORDS).get_vocab()
    assert len(learn_tokenizer([])) >= 256  # every byte, even without a word to learn from
