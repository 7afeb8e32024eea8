"""What depth-wise attention must do whatever its weights: its weights over layers, and what follows from them."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tagwright.backbone.fusion import FusionConfig
from tagwright.backbone.fusion.dwatt import DwattFusion
from tagwright.backbone.fusion.fusion import build_fusion

WIDTH, DEPTH = 8, 4
KEEP = torch.ones(2, 3, dtype=torch.bool)
NAMES = ["dwatt", "dwatt:paper"]


def make_dwatt(name: str, *, fresh: bool = False, width: int = WIDTH, depth: int = DEPTH) -> DwattFusion:
    torch.manual_seed(0)
    fusion = build_fusion(FusionConfig(name=name), width=width, depth=depth).double()
    if not fresh:
        for weight in fusion.parameters():
            torch.nn.init.normal_(weight, std=0.5)
    assert isinstance(fusion, DwattFusion)
    return fusion


def make_states(*, width: int = WIDTH, depth: int = DEPTH) -> list[Tensor]:
    torch.manual_seed(1)
    return [torch.randn(2, 3, width, dtype=torch.float64) for _ in range(depth + 1)]


@pytest.mark.parametrize("name", NAMES)
def test_equal_layers_of_equal_weights_leave_nothing_to_choose(name: str) -> None:
    fusion = make_dwatt(name)
    with torch.no_grad():
        for weight in fusion.values.parameters():
            weight.copy_(weight[:1].expand_as(weight).clone())
    states = [make_states()[0]] * (DEPTH + 1)
    before = fusion(states, states[-1], keep=KEEP)
    weights = fusion.weigh(states[-1])
    torch.nn.init.normal_(fusion.positions)
    torch.nn.init.normal_(fusion.keys)
    assert not torch.allclose(fusion.weigh(states[-1]), weights)
    torch.testing.assert_close(fusion(states, states[-1], keep=KEEP), before)


@pytest.mark.parametrize("name", NAMES)
def test_a_key_far_above_the_others_reads_its_layer_alone(name: str) -> None:
    fusion, states = make_dwatt(name), make_states()
    with torch.no_grad():
        fusion.positions.copy_(torch.eye(DEPTH + 1, fusion.config.d_pos))
        fusion.keys.zero_()[2] = 1e6  # the query is positive, so that layer 2's score is far above the rest
    weights = fusion.weigh(states[-1])
    assert torch.equal(weights.argmax(-1), torch.full((2, 3), 2)) and weights.max(-1).values.min() == 1
    alone = F.one_hot(torch.full((6,), 2), DEPTH + 1).double()
    value = fusion.values([fusion.fold(None, states[2], at=2)[0].flatten(0, 1)] * (DEPTH + 1), weights=alone)
    read = fusion(states, states[-1], keep=KEEP) - states[-1]
    torch.testing.assert_close(read, value.unflatten(0, (2, 3)) * (3 if name == "dwatt" else 1))


@pytest.mark.parametrize("name", NAMES)
def test_layers_that_change_places_with_their_weights_change_nothing(name: str) -> None:
    fusion, states = make_dwatt(name), make_states()
    before = fusion(states, states[-1], keep=KEEP)
    order = torch.tensor([2, 0, 3, 1, 4])
    with torch.no_grad():
        for weight in (fusion.positions, *fusion.values.parameters()):
            weight.copy_(weight[order].clone())
    torch.testing.assert_close(fusion([states[n] for n in order], states[-1], keep=KEEP), before)


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_positive_and_sum_to_one(name: str) -> None:
    weights = make_dwatt(name).weigh(make_states()[-1])
    assert weights.shape == (2, 3, DEPTH + 1) and (weights > 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, dtype=torch.float64))


def test_the_paper_settles_on_a_layer_before_it_has_learned_and_ours_does_not() -> None:
    width, depth = 1024, 24
    last = torch.randn(2, 50, width, dtype=torch.float64)
    entropies = {}
    for name in NAMES:
        weights = make_dwatt(name, fresh=True, width=width, depth=depth).weigh(last).detach()
        entropies[name] = float(-(weights * weights.clamp(min=1e-30).log()).sum(-1).mean() / math.log(depth + 1))
    assert entropies["dwatt"] > 0.95 and entropies["dwatt:paper"] < 0.4


@pytest.mark.parametrize("name", NAMES)
def test_the_scale_of_a_layer_counts_in_the_paper_only(name: str) -> None:
    fusion, states = make_dwatt(name), make_states()
    before = fusion(states, states[-1], keep=KEEP)
    states[1] = states[1] * 1000
    is_same = torch.allclose(fusion(states, states[-1], keep=KEEP), before, rtol=1e-4)
    assert is_same == (name == "dwatt")
