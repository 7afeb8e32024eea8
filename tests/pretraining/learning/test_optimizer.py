"""The optimizers are torch's own, step by step; half precision learns as float32 does."""

import copy
from typing import Any

import pytest
import torch
from torch import nn
from transformers import LlamaForCausalLM, T5ForConditionalGeneration

from tagwright.pretraining.learning.muon import MuonInFloat32
from tagwright.pretraining.learning.optimizer import BETAS, Optimizers, make_optimizer
from tiny_models import make_config

RATE, DECAY = 0.02, 0.1


def make_model(dtype: torch.dtype = torch.float32) -> Any:
    torch.manual_seed(0)
    return LlamaForCausalLM(make_config("llama", tie_word_embeddings=True)).to(dtype)


def part(model: Any) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """The matrices within, and the rest, told by name."""
    within = {name for name, weight in model.named_parameters() if "layers" in name and weight.ndim == 2}
    named = dict(model.named_parameters())
    return [named[name] for name in named if name in within], [named[name] for name in named if name not in within]


def make_theirs(model: Any, name: str) -> list[torch.optim.Optimizer]:
    matrices, rest = part(model)
    others = torch.optim.AdamW(rest, lr=RATE, betas=BETAS, weight_decay=0.0, fused=True)
    if name == "muon":
        return [torch.optim.Muon(matrices, lr=RATE, weight_decay=DECAY, adjust_lr_fn="match_rms_adamw"), others]
    return [torch.optim.AdamW(matrices, lr=RATE, betas=BETAS, weight_decay=DECAY, fused=True), others]


def fill_gradients(model: Any, step: int) -> None:
    """Gradients that are the same in every precision."""
    generator = torch.Generator().manual_seed(step)
    for weight in model.parameters():
        weight.grad = torch.randn(weight.shape, generator=generator).bfloat16().to(weight.dtype)


def make_ours(model: Any, name: str) -> Optimizers:
    return make_optimizer(model, name, learning_rate=RATE, weight_decay=DECAY)


@pytest.mark.parametrize("name", ["muon", "adamw"])
def test_in_float32_it_is_torchs_to_the_last_bit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda matrix: matrix.float().clone())  # where torch's Muon rounds
    ours, theirs = make_model(), make_model()
    one, others = make_ours(ours, name), make_theirs(theirs, name)
    for step in range(4):
        fill_gradients(ours, step)
        fill_gradients(theirs, step)
        one.step()
        for each in others:
            each.step()
    moved = [torch.equal(a, b) for a, b in zip(ours.parameters(), make_model().parameters(), strict=True)]
    assert not any(moved)
    assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))


@pytest.mark.parametrize("name", ["muon", "adamw"])
def test_in_half_precision_the_copies_learn_as_float32_does(name: str) -> None:
    half = make_model(torch.bfloat16)
    whole = copy.deepcopy(half).float()
    ours, theirs = make_ours(half, name), make_theirs(whole, name)
    for step in range(4):
        fill_gradients(half, step)
        fill_gradients(whole, step)
        ours.step()
        for each in theirs:
            each.step()
    wanted = dict(whole.named_parameters())
    copies = {id(weight): copied for weight, copied in zip(ours.weights, ours.copies, strict=True)}
    for name, weight in half.named_parameters():
        assert torch.equal(copies[id(weight)], wanted[name]) and torch.equal(weight, wanted[name].bfloat16())
    half.float()
    ours.write_copies()
    assert all(torch.equal(a, b) for a, b in zip(half.parameters(), whole.parameters(), strict=True))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_loaded_it_goes_on_as_if_it_had_never_stopped(dtype: torch.dtype) -> None:
    model = make_model(dtype)
    optimizer = make_ours(model, "muon")
    fill_gradients(model, 0)
    optimizer.step()
    other = copy.deepcopy(model)
    loaded = make_ours(other, "muon")
    loaded.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for step in range(1, 4):
        fill_gradients(model, step)
        fill_gradients(other, step)
        optimizer.step()
        loaded.step()
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b in zip(optimizer.copies, loaded.copies, strict=True))


@pytest.mark.parametrize("is_loaded", [False, True])
def test_the_rate_of_a_schedule_arrives(is_loaded: bool) -> None:
    model = make_model()
    optimizer = make_ours(model, "muon")
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 0.5**step)
    if is_loaded:
        optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    fill_gradients(model, 0)
    optimizer.step()
    schedule.step()
    assert {group["lr"] for one in optimizer.inner for group in one.param_groups} == {RATE / 2}


def test_in_float32_nothing_is_rounded_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    model = make_model()
    optimizer = make_ours(model, "muon")
    fill_gradients(model, 0)
    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda _: pytest.fail("a product in bfloat16"))
    optimizer.step()


def test_tables_norms_and_biases_are_never_muons_and_never_decayed() -> None:
    torch.manual_seed(0)
    for model in (
        LlamaForCausalLM(make_config("llama", tie_word_embeddings=False, attention_bias=True)),
        T5ForConditionalGeneration(make_config("t5")),
    ):
        muon, adamw = make_ours(model, "muon").inner
        assert isinstance(muon, MuonInFloat32) and isinstance(adamw, torch.optim.AdamW)
        ids = {id(weight) for group in adamw.param_groups for weight in group["params"]}
        assert all(group["weight_decay"] == 0 for group in adamw.param_groups)
        for name, weight in model.named_parameters():
            is_table = any(mark in name for mark in ("embed", "lm_head", "shared", "relative_attention_bias"))
            assert (id(weight) in ids) == (is_table or weight.ndim == 1), name
        assert len(ids) + sum(len(group["params"]) for group in muon.param_groups) == len(list(model.parameters()))


def test_gradients_go() -> None:
    model = make_model(torch.bfloat16)
    optimizer = make_ours(model, "adamw")
    fill_gradients(model, 0)
    optimizer.step()
    optimizer.zero_grad()
    assert all(weight.grad is None for weight in (*model.parameters(), *optimizer.copies))
