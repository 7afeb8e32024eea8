"""Every fusion against plain loops, forward and backward; how each starts; how many weights it adds."""

from typing import Any

import pytest
import torch
from torch import Tensor

from fusion_references import REFERENCES
from tagwright.backbone.fusion import FUSIONS, FusionConfig
from tagwright.backbone.fusion.config import READS
from tagwright.backbone.fusion.fusion import Fusion, build_fusion
from tagwright.errors import ModelError

WIDTH, DEPTH = 8, 3
KEEP = torch.tensor([[True, True, True], [True, False, False]])
CASES: list[dict[str, Any]] = [
    *({"name": name} for name in FUSIONS if name != "layer"),
    {"name": "layer", "layer": 2},
    {"name": "layer", "layer": DEPTH},
    {"name": "mean", "top_k": 2},
    {"name": "mix", "layers": (0, 2)},
    {"name": "concat", "layers": (1, 2), "inner": 5},
    {"name": "dwatt", "layers": (0, 2), "gamma": 1.5, "d_pos": 3},
    {"name": "dwatt", "rank": 5},
    {"name": "mlp", "inner": 3},
    {"name": "deeper", "blocks": 1, "heads": 2, "inner": 6},
]
START_AS_LAST = ("last", "concat", "mlp", "deeper", "dwatt")


def make_fusion(*, fresh: bool = False, depth: int = DEPTH, width: int = WIDTH, **settings: Any) -> Fusion:
    """In float64; unless fresh, every weight is random, so that none is without effect."""
    torch.manual_seed(0)
    fusion = build_fusion(FusionConfig(**settings), width=width, depth=depth).double()
    if not fresh:
        for weight in fusion.parameters():
            torch.nn.init.normal_(weight, std=0.5)
    return fusion


def make_states(fusion: Fusion, *, seed: int = 1) -> tuple[list[Tensor], Tensor]:
    """Random states of the fusion's layers, later ones larger, and the last layer's."""
    torch.manual_seed(seed)
    every = [torch.randn(2, 3, WIDTH, dtype=torch.float64) * (1 + n) for n in range(fusion.depth + 1)]
    return [every[n].requires_grad_() for n in fusion.layers], every[-1].requires_grad_()


def test_every_fusion_has_a_reference_and_its_settings() -> None:
    assert set(FUSIONS) == set(REFERENCES) == set(READS)


@pytest.mark.parametrize("settings", CASES, ids=str)
def test_states_and_gradients_are_those_of_the_equations(settings: dict[str, Any]) -> None:
    fusion = make_fusion(**settings)
    states, last = make_states(fusion)
    every = list({id(one): one for one in [*states, last, *fusion.parameters()]}.values())
    found, expected = fusion(states, last, keep=KEEP), REFERENCES[fusion.config.name](fusion, states, last, KEEP)
    torch.testing.assert_close(found[KEEP], expected[KEEP], rtol=1e-10, atol=1e-10)
    assert found.shape == (2, 3, fusion.width)
    weights = torch.randn_like(found)[KEEP]
    one, other = (
        torch.autograd.grad((states[KEEP] * weights).sum(), every, allow_unused=True, materialize_grads=True)
        for states in (found, expected)
    )
    for mine, plain in zip(one, other, strict=True):
        torch.testing.assert_close(mine, plain, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", ["concat", "dwatt", "dwatt:paper", "deeper", "mix"])
def test_gradients_are_the_slopes(name: str) -> None:
    fusion = make_fusion(name=name, depth=1, **({"heads": 2, "blocks": 1, "inner": 2} if name == "deeper" else {}))
    states = [torch.randn(1, 2, WIDTH, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    keep = torch.ones(1, 2, dtype=torch.bool)

    def run(first: Tensor, last: Tensor) -> Tensor:
        found: Tensor = fusion([first, last][-len(fusion.layers) :] if fusion.layers else [], last, keep=keep)
        return found

    assert torch.autograd.gradcheck(run, tuple(states))


@pytest.mark.parametrize("name", START_AS_LAST)
def test_a_fresh_fusion_gives_the_last_layer_bit_for_bit(name: str) -> None:
    fusion = make_fusion(fresh=True, name=name).float()
    states, last = make_states(fusion)
    assert torch.equal(fusion([state.float() for state in states], last.float(), keep=KEEP), last.float())


@pytest.mark.parametrize("name", START_AS_LAST[1:])
def test_a_fresh_fusion_can_leave_the_last_layer(name: str) -> None:
    fusion = make_fusion(fresh=True, name=name)
    states, last = make_states(fusion)
    (fusion(states, last, keep=KEEP) * torch.randn(2, 3, WIDTH)).sum().backward()
    assert any(weight.grad is not None and weight.grad.any() for weight in fusion.parameters())


def test_a_fresh_mix_is_the_mean_and_the_paper_starts_elsewhere() -> None:
    mix, paper = make_fusion(fresh=True, name="mix"), make_fusion(fresh=True, name="dwatt:paper")
    states, last = make_states(mix)
    torch.testing.assert_close(mix(states, last, keep=KEEP), torch.stack(states).mean(0))
    assert not torch.allclose(paper(states, last, keep=KEEP), last, atol=0.1)


def test_layers_are_taken_one_by_one() -> None:
    fusion = make_fusion(name="mix")
    states, last = make_states(fusion)
    carry = None
    for at, state in enumerate(states):
        carry = fusion.fold(carry, state, at=at)
        assert carry.shape == last.shape  # of what came only the sum is kept
    assert torch.equal(fusion.finish(carry, last, keep=KEEP), fusion(states, last, keep=KEEP))


@pytest.mark.parametrize(("layers", "width", "gamma"), [(13, 96, 0.5), (2, 8, 0.25), (4, 12, 1.0)])
def test_dwatt_adds_as_many_weights_as_the_formula_says(layers: int, width: int, gamma: float) -> None:
    for name in ("dwatt", "dwatt:paper"):
        d, h, p = width, int(gamma * width), 24
        fusion = make_fusion(name=name, depth=layers - 1, width=width, gamma=gamma)
        expected = layers * (2 * d * h + h + d + 2 * h + 2 * d) + (2 * d * h + h + d + 2 * h) + layers * p + p * d
        assert fusion.added == expected
    if (layers, width) == (13, 96):
        assert expected == 137_496


def test_the_others_add_what_their_matrices_hold() -> None:
    d, n = WIDTH, DEPTH + 1
    assert [make_fusion(name=name).added for name in ("last", "mean", "mix")] == [0, 0, n + 1]
    assert make_fusion(name="concat").added == (n * d * d + d) + 2 * d + (d * d + d) + 2 * d
    assert make_fusion(name="mlp").added == (4 * d * d + 4 * d) + 8 * d + (4 * d * d + d) + 2 * d
    assert make_fusion(name="deeper").added == 2 * (12 * d * d + 13 * d)
    assert make_fusion(name="dwatt", rank=4).added == 2 * d * 4 + make_fusion(name="dwatt", width=4).added


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            {"name": "mix", "layers": (0, 4)},
            r"fusion.layers names layer 4; this model has the layers 0 \(its embeddings\) to 3",
        ),
        ({"name": "dwatt", "layers": (9,)}, "fusion.layers names layer 9"),
        ({"name": "layer", "layer": 4}, "fusion.layer names layer 4"),
        ({"name": "mean", "top_k": 4}, "fusion.top_k = 4, but this model has 3 layers"),
        ({"name": "deeper", "heads": 3}, "fusion.heads = 3 does not divide the inner width of deeper, 8"),
    ],
)
def test_what_the_model_lacks_is_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ModelError, match=told):
        make_fusion(**settings)


@pytest.mark.parametrize("settings", CASES[:8], ids=str)
def test_a_model_of_one_layer_has_two_to_read(settings: dict[str, Any]) -> None:
    fusion = make_fusion(depth=1, fresh=True, **settings)
    states, last = make_states(fusion)
    assert fusion(states, last, keep=KEEP).shape == last.shape
    if fusion.config.name == "mean":
        assert fusion.layers == (1,) and torch.equal(fusion(states, last, keep=KEEP), last)


def test_it_says_what_it_is() -> None:
    assert make_fusion(name="mix").describe() == "mix, layers 0 to 3 of 3, 5 weights added"
    assert make_fusion(name="mix", layers=(0, 2)).describe() == "mix, layers 0, 2 of 3, 3 weights added"
    assert make_fusion(name="last").describe() == "last, layers 3 of 3, 0 weights added"
