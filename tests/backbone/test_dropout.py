"""Quick dropout: the ordinary one's statistics, its gradient, and nothing of it left behind."""

import pytest
import torch
from torch import nn

from tagwright.backbone.dropout import BitDropout, fast_dropout


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_as_many_are_dropped_and_the_mean_stays(rate: float) -> None:
    torch.manual_seed(0)
    found = BitDropout(rate)(torch.ones(1000, 999))
    assert (found == 0).double().mean().item() == pytest.approx(rate, abs=0.003)
    assert found.double().mean().item() == pytest.approx(1, abs=0.02)
    rows = (found == 0).double().mean(1)  # every place is as likely as any other
    columns = (found == 0).double().mean(0)
    assert rows.std() < 0.025 and columns.std() < 0.025
    assert torch.corrcoef(torch.stack([found[:, ::2][:, :499].flatten(), found[:, 1::2].flatten()]))[0, 1].abs() < 0.01


def test_the_gradient_has_the_same_mask() -> None:
    states = torch.randn(7, 13, requires_grad=True)
    found = BitDropout(0.3)(states)
    found.sum().backward()
    assert states.grad is not None
    torch.testing.assert_close(found, states * states.grad)


def test_the_generator_decides() -> None:
    drop, states = BitDropout(0.5), torch.ones(50)
    torch.manual_seed(3)
    first = drop(states)
    torch.manual_seed(3)
    assert torch.equal(drop(states), first) and not torch.equal(drop(states), first)


@pytest.mark.parametrize(("rate", "expected"), [(0.0, 1.0), (1.0, 0.0)])
def test_nothing_and_everything(rate: float, expected: float) -> None:
    assert torch.equal(BitDropout(rate)(torch.ones(9)), torch.full((9,), expected))
    assert torch.equal(BitDropout(rate).eval()(torch.ones(9)), torch.ones(9))


def test_half_precision_and_odd_sizes() -> None:
    assert BitDropout(0.5)(torch.ones(3, 5, 7).bfloat16()).dtype == torch.bfloat16


def test_a_module_is_quick_only_within() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.25), nn.Sequential(nn.Dropout(0.5)))
    before = [type(part) for part in module.modules()]
    with pytest.raises(ValueError, match="inside"), fast_dropout(module):
        assert [part.p for part in module.modules() if isinstance(part, BitDropout)] == [0.25, 0.5]
        raise ValueError("inside")
    assert [type(part) for part in module.modules()] == before
