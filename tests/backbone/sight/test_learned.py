"""Gates: open is all, closed is none, between the two there is a gradient; padding stays unseen."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tagwright.backbone.backbone import Backbone
from tagwright.backbone.sight.learned import HARD, Gates
from tagwright.backbone.sight.proven import find_nature, set_sight
from tagwright.errors import ModelError
from tiny_models import load_model, make_batch, save_model

DOCUMENTS = [["ab", "c", "def"], ["a", "b"], ["fgh", "i"]]
CHANGES: dict[str, dict[str, Any]] = {"mistral": {"sliding_window": 3, "num_key_value_heads": 1}}
KINDS = ("llama", "gpt2", "bert", "mistral")


def attach(backbone: Backbone, *, groups: int = 2, steps: int = 10) -> Gates:
    native = bool(find_nature(backbone.model).sight.open)
    return Gates(backbone.model, native=native, groups=groups, steps=steps)


def run(backbone: Backbone) -> Tensor:
    batch = make_batch(backbone, DOCUMENTS)
    states: Tensor = backbone(batch)
    return states[batch.keep]


@pytest.mark.parametrize("kernel", ["eager", "sdpa"])
@pytest.mark.parametrize("kind", KINDS)
def test_gates_at_their_ends_are_the_plans(tmp_path: Path, kind: str, kernel: str) -> None:
    folder = save_model(kind, tmp_path, **CHANGES.get(kind, {}))
    backbone = load_model(folder, attn_implementation=kernel)
    gates = attach(backbone)
    for plan in ("00", "01", "10", "11"):
        wanted = load_model(folder, attn_implementation=kernel, sight=plan)
        with torch.no_grad():
            gates.logits.copy_(torch.tensor([60.0 if bit == "1" else -60.0 for bit in plan]))
        assert gates.plan == plan
        torch.testing.assert_close(run(backbone), run(wanted), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kernel", ["eager", "sdpa"])
@pytest.mark.parametrize("kind", KINDS)
def test_gates_have_the_gradient_of_what_they_do(tmp_path: Path, kind: str, kernel: str) -> None:
    backbone = load_model(save_model(kind, tmp_path, **CHANGES.get(kind, {})), attn_implementation=kernel)
    gates = attach(backbone)
    weights = torch.randn(backbone.width, generator=torch.Generator().manual_seed(0))

    def score() -> Tensor:
        return (run(backbone) @ weights).sum()

    score().backward()
    assert gates.logits.grad is not None
    for group in range(2):
        nudge = torch.zeros(2)
        nudge[group] = 0.02
        with torch.no_grad():
            gates.logits += nudge
            above = score()
            gates.logits -= 2 * nudge
            below = score()
            gates.logits += nudge
        assert float((above - below) / 0.04) == pytest.approx(float(gates.logits.grad[group]), rel=0.05, abs=1e-3)


@pytest.mark.parametrize("kind", ["llama", "bert"])
def test_gates_step_and_harden_and_leave_the_model_as_it_was(tmp_path: Path, kind: str) -> None:
    backbone = load_model(save_model(kind, tmp_path))
    before = run(backbone)
    gates = attach(backbone, groups=2, steps=4)
    for _ in range(4):
        run(backbone)[:, 0].sum().backward()
        gates.step()
    assert gates.temperature == pytest.approx(HARD) and bool((gates.logits != 0).all())
    with pytest.raises(ModelError, match="no gradient"):
        gates.step()
    gates.remove()
    torch.testing.assert_close(run(backbone), before)
    assert set_sight(backbone.model, "01")[1] is not None


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_gates_work_in_half_precision(tmp_path: Path, dtype: str) -> None:
    backbone = load_model(save_model("llama", tmp_path), dtype=dtype)
    gates = attach(backbone, groups=1, steps=4)
    with torch.no_grad():
        gates.logits.fill_(-60.0)
    assert run(backbone).isfinite().all()


def test_a_kernel_without_gradients_for_masks_is_refused(tmp_path: Path) -> None:
    backbone = load_model(save_model("llama", tmp_path))
    backbone.model.config._attn_implementation = "flash_attention_2"
    with pytest.raises(ModelError, match="flash_attention_2"):
        Gates(backbone.model, native=False, groups=1, steps=4)
