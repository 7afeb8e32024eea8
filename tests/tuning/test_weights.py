from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from tagwright.errors import ModelError
from tagwright.tuning.weights import count_weights, digest_model, digest_tensors, fill, list_matrices, tell_share


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.table, self.matrix, self.norm = nn.Embedding(4, 3), nn.Linear(3, 2), nn.LayerNorm(3)


def test_matrices_are_what_words_go_through() -> None:
    assert [name for name, _ in list_matrices(Small())] == ["matrix"]


def test_two_weights_in_four_bits_lie_in_one_place() -> None:
    module = Small()
    whole = count_weights(module)
    assert whole == 12 + 6 + 2 + 6
    packed = nn.Parameter(torch.zeros(3, dtype=torch.uint8), requires_grad=False)
    packed.quant_state = SimpleNamespace(shape=torch.Size([2, 3]))  # type: ignore[attr-defined]
    module.matrix.weight = packed
    assert count_weights(module) == whole


def test_a_checksum_knows_every_number_name_and_precision() -> None:
    one, other = Small(), Small()
    assert digest_model(one, four_bits=False) == digest_model(other, four_bits=False)
    with torch.no_grad():
        other.matrix.weight[1, 2] += 1e-6
    assert digest_model(one, four_bits=False) != digest_model(other, four_bits=False)
    assert digest_model(one, four_bits=True) == digest_model(other, four_bits=True)  # matrices are not asked
    with torch.no_grad():
        other.norm.bias[0] = 1
    assert digest_model(one, four_bits=True) != digest_model(other, four_bits=True)
    tensor = torch.ones(2)
    found = {digest_tensors(each) for each in ({"a": tensor}, {"b": tensor}, {"a": tensor.half()}, {"a": tensor[None]})}
    assert len(found) == 4


def test_weights_that_do_not_fit_are_told() -> None:
    module, source = Small(), Path("file")
    weights = {name: torch.full_like(tensor, 5) for name, tensor in module.state_dict().items()}
    fill(module, {"norm.bias": weights["norm.bias"]}, names=["norm.bias"], source=source)
    assert module.norm.bias.eq(5).all() and not module.norm.weight.eq(5).any()
    with pytest.raises(ModelError, match="1 of 1 weights in file don't fit .* the first is other"):
        fill(module, {"other": weights["norm.bias"]}, names=[], source=source)
    with pytest.raises(ModelError, match="file lacks 1 weights, the first is norm.weight"):
        fill(module, {"norm.bias": weights["norm.bias"]}, names=["norm.bias", "norm.weight"], source=source)


def test_a_share_is_told() -> None:
    assert tell_share(1_500, 30_000) == "1,500 of 30,000 weights move (5.00%)"
