"""Layers on their way from models of several kinds into fusions: which states they are, and that none is lost."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tagwright.backbone.backbone import Backbone
from tagwright.backbone.fusion import FUSIONS, FusionConfig
from tagwright.backbone.fusion.fusion import Fusion, build_fusion
from tagwright.tokens.batch import Batch
from tiny_models import load_model, make_batch, save_model

KINDS = ["bert", "llama", "gpt2", "t5", "modernbert", "albert"]  # the last has no stack of layers to watch
DOCUMENTS = [["ab", "c", "def", "g"], ["xyz"]]


class Gather(Fusion):
    """Gives every layer's states as they come."""

    def __init__(self, width: int, depth: int, *, layers: tuple[int, ...]) -> None:
        super().__init__(width, depth, config=FusionConfig(name="mix"))
        self.layers = layers

    def fold(self, carry: list[Tensor] | None, state: Tensor, *, at: int) -> list[Tensor]:
        return [*(carry or []), state]

    def finish(self, carry: list[Tensor], last: Tensor, *, keep: Tensor) -> Tensor:
        return torch.stack([*carry, last])


def find_plainly(backbone: Backbone, batch: Batch) -> list[Tensor]:
    """The mean of each word's tokens in every hidden state that transformers gives."""
    inputs = {"input_ids": batch.ids, "attention_mask": batch.attend}
    states = backbone.model(**inputs, output_hidden_states=True).hidden_states
    found = []
    for hidden in states:
        pooled = torch.zeros(len(batch.ids), batch.width, hidden.shape[-1])
        for row, count in enumerate(batch.counts.tolist()):
            for word in range(count):
                pooled[row, word] = hidden[row, batch.words[row] == word].mean(0)
        found.append(pooled)
    return found


@pytest.mark.parametrize("learns", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_every_layer_comes_once_in_order(kind: str, learns: bool, tmp_path: Path) -> None:
    backbone = load_model(save_model(kind, tmp_path)).requires_grad_(learns)
    batch = make_batch(backbone, DOCUMENTS)
    expected = find_plainly(backbone, batch)
    assert len(expected) == backbone.depth + 1 == 3
    for layers in ((0, 1, 2), (1,), (0, 2), (2,)):
        found = backbone(batch, Gather(backbone.width, backbone.depth, layers=layers))
        wanted = torch.stack([*(expected[layer] for layer in layers), expected[-1]])
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
        assert found.requires_grad == learns


def test_a_sight_shows_in_the_layers_below(tmp_path: Path) -> None:
    save_model("llama", tmp_path)
    gather = Gather(16, 2, layers=(1,))
    states = {}
    for sight in (None, "10"):
        backbone = load_model(tmp_path, sight=sight).requires_grad_(False)
        states[sight] = backbone(make_batch(backbone, [["a", "b", "c"]]), gather)[0, 0]
    assert not torch.allclose(states[None][0], states["10"][0])  # the first word has seen what stands to its right


def test_a_closed_batch_and_an_open_one_give_the_same_words(tmp_path: Path) -> None:
    backbone = load_model(save_model("bert", tmp_path))
    torch.manual_seed(0)
    for name in FUSIONS:
        fusion = build_fusion(FusionConfig(name=name, layer=1 if name == "layer" else None), width=16, depth=2)
        for weight in fusion.parameters():
            torch.nn.init.normal_(weight, std=0.3)
        together = backbone(make_batch(backbone, DOCUMENTS), fusion)
        alone = backbone(make_batch(backbone, DOCUMENTS[1:]), fusion)
        torch.testing.assert_close(together[1, :1], alone[0], rtol=1e-4, atol=1e-5)


def test_hooks_are_gone_after_a_forward_even_a_broken_one(tmp_path: Path) -> None:
    backbone = load_model(save_model("llama", tmp_path)).requires_grad_(False)
    batch = make_batch(backbone, DOCUMENTS)

    class Broken(Gather):
        def fold(self, carry: Any, state: Tensor, *, at: int) -> list[Tensor]:
            raise ValueError("broken")

    before = [len(module._forward_hooks) + len(module._forward_pre_hooks) for module in backbone.modules()]
    backbone(batch, Gather(16, 2, layers=(0, 1)))
    with pytest.raises(ValueError, match="broken"):
        backbone(batch, Broken(16, 2, layers=(1,)))
    assert [len(module._forward_hooks) + len(module._forward_pre_hooks) for module in backbone.modules()] == before


@pytest.mark.parametrize("kind", ["bert", "llama"])
def test_gradient_checkpointing_gives_the_same_gradients(kind: str, tmp_path: Path) -> None:
    still = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0} if kind == "bert" else {}
    save_model(kind, tmp_path, **still)
    found = []
    for saves in (False, True):
        backbone = load_model(tmp_path, gradient_checkpointing=saves).train()
        torch.manual_seed(0)
        fusion = build_fusion(FusionConfig(name="dwatt:paper"), width=16, depth=2)
        states = backbone(make_batch(backbone, DOCUMENTS), fusion)
        (states**2).sum().backward()
        found.append([weight.grad for part in (backbone, fusion) for weight in part.parameters()])
    for plain, saving in zip(*found, strict=True):
        torch.testing.assert_close(plain, saving)
