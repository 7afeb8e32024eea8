"""What a model with chosen sight must bear: checkpointing, adapters, copies, compilation, threads; and refusals."""

import copy
import shutil
import threading
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AttentionInterface, AttentionMaskInterface, AutoConfig
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from sight_models import LAYERS, find_moved, make_ids, make_model, open_model, run
from tagwright.backbone.sight.probe import prove_sight
from tagwright.backbone.sight.proven import check_plan, set_sight
from tagwright.errors import ModelError

FLAGS = (False, False, True, True)
LORA = {"r": 4, "target_modules": ["q_proj", "v_proj"], "init_lora_weights": False}


@pytest.mark.parametrize("name", ["llama", "mistral", "gemma3", "gpt2", "opt"])
@pytest.mark.parametrize("keep", [None, torch.ones(2, 8, dtype=torch.long), torch.tensor([[1] * 8, [1] * 5 + [0] * 3])])
def test_all_and_none_are_what_transformers_makes_of_them(name: str, keep: torch.Tensor | None) -> None:
    """Bit for bit: all is its own `is_causal=False`, none the untouched model."""
    ids = make_ids(2)
    rows = torch.ones_like(ids).bool() if keep is None else keep.bool()
    opened, hooks = open_model(name, "all")
    own = make_model(name, is_causal=False)
    arguments = {} if keep is None else {"attention_mask": keep}
    assert torch.equal(run(opened, ids, **arguments)[rows], run(own, ids, **arguments)[rows])
    untouched = run(make_model(name), ids, **arguments)
    assert not torch.equal(run(opened, ids, **arguments)[rows], untouched[rows])
    hooks.remove()
    assert torch.equal(run(opened, ids, **arguments)[rows], untouched[rows])
    assert set_sight(opened, "none")[1] is None
    assert torch.equal(run(opened, ids, **arguments)[rows], untouched[rows])


def test_turning_is_switching() -> None:
    model, hooks = open_model("llama", "0011")
    ids = make_ids(2)
    for plan in ("1000", "none", "all", "0011"):
        other, _ = set_sight(make_model("llama"), plan)
        hooks.turn(other)
        prove_sight(model, other.flags)
        fresh = make_model("llama")
        set_sight(fresh, plan)
        assert torch.equal(run(model, ids), run(fresh, ids))


@pytest.mark.parametrize("name", ["llama", "gpt2"])
@pytest.mark.parametrize("reentrant", [True, False])
def test_gradient_checkpointing_changes_no_gradient(name: str, reentrant: bool) -> None:
    found = []
    for checkpointing in (False, True):
        model, _ = open_model(name, "0110")
        if checkpointing:
            model.activation_checkpointing_enable({"use_reentrant": reentrant})
            model.enable_input_require_grads()
        model.train()
        states = model(input_ids=make_ids(2), attention_mask=torch.tensor([[1] * 8, [1] * 5 + [0] * 3]))
        (states.last_hidden_state**2).sum().backward()
        found.append({n: weight.grad for n, weight in model.named_parameters() if weight.grad is not None})
    assert len(found[0]) > 10 and found[0].keys() == found[1].keys()
    torch.testing.assert_close(found[1], found[0])


def adapt(model: Any) -> Any:
    torch.manual_seed(5)
    return get_peft_model(model, LoraConfig(**LORA)).eval()


@pytest.mark.filterwarnings("ignore::FutureWarning")  # peft asks by an old name
def test_adapters_before_and_after() -> None:
    after, _ = open_model("llama", "0011")
    after = adapt(after)
    prove_sight(after, FLAGS)
    before = adapt(make_model("llama"))
    set_sight(before, "0011")
    prove_sight(before, FLAGS)
    ids = make_ids(2)
    assert torch.equal(run(after, ids), run(before, ids))
    with after.disable_adapter():
        plain, _ = open_model("llama", "0011")
        assert torch.equal(run(after, ids), run(plain, ids))
    assert not torch.equal(run(after, ids), run(plain, ids))


def test_a_copy_obeys_by_itself() -> None:
    model, hooks = open_model("llama", "0011")
    twin = copy.deepcopy(model)
    ids = make_ids(2)
    expected = run(model, ids)
    assert torch.equal(run(twin, ids), expected)
    hooks.remove()
    prove_sight(twin, FLAGS)
    assert torch.equal(run(twin, ids), expected)
    prove_sight(model, (False,) * LAYERS)


@pytest.mark.parametrize(("backend", "apart"), [("eager", 0), pytest.param("inductor", 2e-5, marks=pytest.mark.slow)])
def test_compiled_and_plain_agree(backend: str, apart: float) -> None:
    if backend == "inductor" and shutil.which("g++") is None:
        pytest.skip("no C++ compiler")
    model, _ = open_model("mistral", "0011")
    compiled = torch.compile(model, backend=backend, fullgraph=True)
    for keep in (torch.ones(2, 8, dtype=torch.long), torch.tensor([[1] * 8, [1] * 5 + [0] * 3])):
        with torch.no_grad():
            found = compiled(input_ids=make_ids(2), attention_mask=keep).last_hidden_state
            expected = model(input_ids=make_ids(2), attention_mask=keep).last_hidden_state
        torch.testing.assert_close(found[keep.bool()], expected[keep.bool()], atol=apart, rtol=0)


def test_threads_do_not_meet() -> None:
    model, _ = open_model("llama", "0110")
    inputs = [make_ids(2, 5 + seed, seed=seed) for seed in range(4)]
    expected = [run(model, ids) for ids in inputs]
    wrong: list[int] = []

    def work(at: int) -> None:
        wrong.extend(at for _ in range(10) if not torch.equal(run(model, inputs[at]), expected[at]))

    threads = [threading.Thread(target=work, args=(at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(("name", "kinds"), [("llama", 1), ("mistral", 1), ("qwen2, mixed", 2)])
def test_layers_of_one_kind_share_a_mask(name: str, kinds: int) -> None:
    model, hooks = open_model(name, "all")
    masks: list[torch.Tensor] = []
    for layer in hooks.layers:
        layer.self_attn.register_forward_pre_hook(
            lambda _, args, kwargs: masks.append(kwargs["attention_mask"]), with_kwargs=True
        )
    run(model, make_ids(2), attention_mask=torch.tensor([[1] * 8, [1] * 5 + [0] * 3]))
    assert len(masks) == LAYERS and len({id(mask) for mask in masks}) == kinds


def test_a_kernel_of_an_accelerator_is_proven_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here is none: where the model is taken is noted, and a kernel stands in that fails before that."""
    taken: list[torch.device] = []

    def attend(*args: Any, **rest: Any) -> Any:
        if not taken:
            raise RuntimeError("no kernel for a processor")
        return sdpa_attention_forward(*args, **rest)

    AttentionInterface.register("picky", attend)
    AttentionMaskInterface.register("picky", sdpa_mask)
    model = make_model("llama", attn_implementation="picky")
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: False)
    with pytest.raises(ModelError, match="(?s)as the probe needs it .*: no kernel for .*another backbone.attn_impl"):
        set_sight(model, "0011")
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("cpu"))
    monkeypatch.setattr(model, "to", taken.append)
    assert set_sight(model, "0011")[0].flags == FLAGS and taken == [torch.device("cpu")]
    other = make_model("llama")
    monkeypatch.setattr(other, "to", taken.append)
    set_sight(other, "0011")
    assert len(taken) == 1  # sdpa runs anywhere


def test_a_config_without_a_number_of_layers_is_refused() -> None:
    with pytest.raises(ModelError, match="A lxmert names no number of layers: its sight can't be set. Leave"):
        check_plan("all", AutoConfig.for_model("lxmert"))


def test_embeddings_in_place_of_ids() -> None:
    model, _ = open_model("llama", "0011")
    ids = make_ids(2)
    with torch.no_grad():
        states = model.get_input_embeddings()(ids)
        found = model(inputs_embeds=states).last_hidden_state
    torch.testing.assert_close(found, run(model, ids), atol=0, rtol=0)


def test_the_head_of_a_language_model_obeys_too() -> None:
    model, _ = open_model("llama", "0011", head=True)
    assert find_moved(model, make_ids(2), use_cache=False) == [False, False, True, True]


@pytest.mark.parametrize(
    ("name", "plan", "message"),
    [
        ("mamba", "all", "No layer of MambaModel has attention .*: all are linear_attention"),
        ("gptj", "all", "GPTJModel doesn't hand keyword arguments to its layers.*Leave backbone.sight out"),
        ("falcon", "0011", "FalconModel doesn't hand keyword arguments"),
        ("bloom", "0011", "BloomModel doesn't hand keyword arguments"),
        ("albert", "none", "AlbertModel has 0 stacks of 4 layers"),
        ("deberta-v2", "none", "DebertaV2Encoder doesn't hand keyword arguments"),
    ],
)
def test_what_cannot_be_changed_is_refused_with_the_reason(name: str, plan: str, message: str) -> None:
    extra = {"mamba": {"state_size": 4}, "gptj": {"rotary_dim": 4}, "albert": {"embedding_size": 32}}.get(name, {})
    model = make_model(name, **extra)
    with pytest.raises(ModelError, match=message):
        set_sight(model, plan)
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_a_hybrid_opens_where_it_has_attention() -> None:
    sizes = {"num_key_value_heads": 2, "num_experts": 2, "attn_layer_period": 2, "attn_layer_offset": 1}
    with pytest.raises(ModelError, match=r"Layers 2 \(linear_attention\) of JambaModel .* These have: \[1, 3\]"):
        set_sight(make_model("jamba", **sizes), "0011")


def test_sight_is_given_once() -> None:
    model, _ = open_model("llama", "0011")
    with pytest.raises(ModelError, match="has its sight already"):
        set_sight(model, "all")


def test_a_model_that_is_half_open_by_nature() -> None:
    model = make_model("llama")
    layer = model.layers[3]
    layer.register_forward_pre_hook(
        lambda _, args, kwargs: (args, kwargs | {"attention_mask": None, "is_causal": False}), with_kwargs=True
    )
    with pytest.raises(ModelError, match="looks right in some layers by nature .3 of 4 layers"):
        set_sight(model, "all")


def test_a_mask_of_four_dimensions_is_refused() -> None:
    model, _ = open_model("llama", "0011")
    with pytest.raises(ModelError, match="two dimensions"):
        model(input_ids=make_ids(), attention_mask=torch.ones(1, 1, 8, 8))
