"""Focused vocabularies: training only the rows that occur changes no result."""

import pytest
import torch
from torch import Tensor, nn
from transformers import AutoModel

from tagwright.backbone.vocabulary import FocusedEmbedding, focused_vocabulary
from tiny_models import make_config

IDS = torch.tensor([[3, 5, 5, 0], [7, 3, 0, 0]])


class Model(nn.Module):
    """An embedding and a layer, with the two methods that transformers' models have."""

    def __init__(self, padding: int | None = 0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.table: nn.Module = nn.Embedding(10, 4, padding_idx=padding)
        self.top = nn.Linear(4, 1)

    def get_input_embeddings(self) -> nn.Module:
        return self.table

    def set_input_embeddings(self, table: nn.Module) -> None:
        self.table = table

    def forward(self, ids: Tensor) -> Tensor:
        return self.top(self.table(ids)).sum()


def tune(model: Model, steps: int = 5) -> None:
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.0)
    for _ in range(steps):
        optimizer.zero_grad()
        model(IDS).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()


@pytest.mark.parametrize("padding", [0, None])
def test_the_weights_are_those_of_ordinary_training(padding: int | None) -> None:
    plain, focused = Model(padding), Model(padding)
    before = [weight.detach().clone() for weight in plain.parameters()]
    tune(plain)
    with focused_vocabulary(focused, IDS.flatten()):
        assert focused.table.rows.shape == (4, 4)  # type: ignore[union-attr]
        tune(focused)
    assert type(focused.table) is nn.Embedding
    for expected, found, old in zip(plain.parameters(), focused.parameters(), before, strict=True):
        torch.testing.assert_close(found, expected)
        assert not torch.equal(found, old)
    untouched = [1, 2, 4, 6, 8, 9]
    assert torch.equal(focused.table.weight[untouched], before[0][untouched])


def test_other_tokens_can_be_read_but_not_trained() -> None:
    model = Model()
    whole = model.table
    with focused_vocabulary(model, IDS.flatten()):
        focused = model.table
        assert isinstance(focused, FocusedEmbedding)
        everything = torch.arange(10)
        assert torch.equal(focused.eval()(everything), whole(everything))
        with pytest.raises(IndexError):
            focused.train()(torch.tensor([1]))


def test_an_error_within_leaves_an_ordinary_model() -> None:
    model = Model()
    with pytest.raises(ValueError, match="inside"), focused_vocabulary(model, IDS.flatten()):
        raise ValueError("inside")
    assert type(model.table) is nn.Embedding


def test_frozen_and_peculiar_embeddings_are_left_alone() -> None:
    frozen, normed = Model(), Model()
    frozen.table.requires_grad_(False)
    normed.table = nn.Embedding(10, 4, max_norm=1.0)
    for model in (frozen, normed):
        table = model.table
        with focused_vocabulary(model, IDS.flatten()):
            assert model.table is table


@pytest.mark.parametrize("kind", ["bert", "llama", "t5", "modernbert", "gpt2"])
def test_real_architectures_can_be_focused(kind: str) -> None:
    model = AutoModel.from_config(make_config(kind))
    model = model.get_encoder() if kind == "t5" else model
    ids = torch.tensor([[5, 6, 7]])
    expected = model.eval()(input_ids=ids).last_hidden_state
    with focused_vocabulary(model, ids.flatten()):
        torch.testing.assert_close(model.eval()(input_ids=ids).last_hidden_state, expected)
        assert [len(weight) for name, weight in model.named_parameters() if name.endswith("rows")][0] < 5
