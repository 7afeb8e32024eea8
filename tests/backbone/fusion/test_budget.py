"""A budget is met within 2 % or refused with the nearest number."""

import pytest
import torch

from tagwright.backbone.fusion import FusionConfig
from tagwright.backbone.fusion.budget import solve
from tagwright.backbone.fusion.config import READS
from tagwright.backbone.fusion.dwatt import DwattFusion
from tagwright.backbone.fusion.fusion import Fusion, build_fusion
from tagwright.errors import ModelError

BUDGETED = [name for name, reads in READS.items() if "budget" in reads]
MODELS = [(128, 6), (384, 6), (768, 12), (896, 24), (2048, 16)]


def build(name: str, budget: int, *, width: int, depth: int, **settings: int) -> Fusion:
    with torch.device("meta"):
        return build_fusion(FusionConfig(name=name, budget=budget, **settings), width=width, depth=depth)


def test_all_that_have_a_width_have_a_budget() -> None:
    assert BUDGETED == ["concat", "mlp", "deeper", "dwatt", "dwatt:paper"]


@pytest.mark.parametrize("name", BUDGETED)
@pytest.mark.parametrize(("width", "depth"), MODELS)
def test_added_weights_are_within_two_in_a_hundred(name: str, width: int, depth: int) -> None:
    full = (depth + 2) * width * width  # what dwatt takes with gamma = 0.5
    for budget in (full // 2, full, 2 * full):
        assert abs(build(name, budget, width=width, depth=depth).added - budget) <= 0.02 * budget


@pytest.mark.parametrize("budget", [10_000, 30_000, 100_000, 300_000])
def test_small_budgets_bring_dwatt_down_to_a_rank(budget: int) -> None:
    fusion = build("dwatt", budget, width=768, depth=12)
    assert isinstance(fusion, DwattFusion) and fusion.down is not None
    assert abs(fusion.added - budget) <= 0.02 * budget


def test_a_given_rank_stays_and_gamma_follows() -> None:
    fusion = build("dwatt", 200_000, width=384, depth=6, rank=64)
    assert isinstance(fusion, DwattFusion) and fusion.down is not None
    assert fusion.down.weight.shape == (64, 384) and abs(fusion.added - 200_000) <= 4_000


@pytest.mark.parametrize("name", BUDGETED)
def test_what_cannot_be_met_is_refused_with_the_nearest(name: str) -> None:
    with pytest.raises(ModelError, match=rf"fusion.budget = 100 can't be met within 2%: the nearest that {name} can"):
        build(name, 100, width=64, depth=4)


def test_the_nearest_is_found() -> None:
    for budget in (1, 2, 24, 25, 26, 1000):
        found = solve(lambda size: size * size, budget)
        assert abs(found**2 - budget) == min(abs(size**2 - budget) for size in range(1, 40))


@pytest.mark.parametrize("name", BUDGETED)
def test_what_no_machine_can_hold_is_refused_before_it_is_made(name: str) -> None:
    with pytest.raises(ModelError, match=r"fusion.budget = 100,000,000,000,000: .* GiB, and this machine has"):
        build_fusion(FusionConfig(name=name, budget=10**14), width=64, depth=4)
