"""The loss in chunks is torch's cross-entropy, forwards and backwards."""

import pytest
import torch

from tagwright.pretraining.learning.loss import CHUNK, sum_cross_entropy


def draw(places: int, *, dtype: torch.dtype = torch.float32) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(places)
    states = torch.randn(places, 16, generator=generator).to(dtype).requires_grad_()
    weight = torch.randn(50, 16, generator=generator).to(dtype).requires_grad_()
    return states, weight, torch.randint(50, (places,), generator=generator)


@pytest.mark.parametrize("places", [1, CHUNK["cpu"], 2 * CHUNK["cpu"] + 3])
@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_it_is_torchs(places: int, scale: float) -> None:
    states, weight, targets = draw(places)
    loss = sum_cross_entropy(states * scale, targets, weight=weight)
    (loss * 0.5).backward()
    theirs, their_weight = (one.detach().double().requires_grad_() for one in (states, weight))
    wanted = torch.nn.functional.cross_entropy(theirs * scale @ their_weight.t(), targets, reduction="sum")
    (wanted * 0.5).backward()
    torch.testing.assert_close(loss.double(), wanted, rtol=1e-6, atol=0)
    for ours, reference in ((states, theirs), (weight, their_weight)):
        assert ours.grad is not None and reference.grad is not None
        torch.testing.assert_close(ours.grad.double(), reference.grad, rtol=1e-4, atol=1e-5)


def test_half_precision_keeps_its_kind() -> None:
    states, weight, targets = draw(300, dtype=torch.bfloat16)
    loss = sum_cross_entropy(states, targets, weight=weight)
    loss.backward()
    assert loss.dtype == torch.float32
    assert states.grad is not None and weight.grad is not None
    assert {states.grad.dtype, weight.grad.dtype} == {torch.bfloat16}
    wanted = torch.nn.functional.cross_entropy((states @ weight.t()).float(), targets, reduction="sum")
    torch.testing.assert_close(loss, wanted.detach(), rtol=1e-2, atol=0)


def test_where_nothing_is_asked_it_is_0() -> None:
    states, weight, targets = draw(0)
    loss = sum_cross_entropy(states, targets, weight=weight)
    loss.backward()
    assert loss.item() == 0
    assert weight.grad is not None and not weight.grad.any()


def test_what_is_frozen_gets_no_gradient() -> None:
    states, weight, targets = draw(5)
    sum_cross_entropy(states, targets, weight=weight.detach()).backward()
    assert states.grad is not None and weight.grad is None
    with torch.no_grad():
        assert sum_cross_entropy(states, targets, weight=weight) > 0
