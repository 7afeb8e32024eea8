"""The work that the throughput benchmark counts, against torch's own count; the kinds it sorts operators into."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from throughput import peak, shares
from torch.utils.flop_counter import FlopCounterMode
from transformers import LlamaConfig, LlamaForCausalLM

SIZE = peak.Size(layers=2, width=32, inner=48, vocabulary=100, length=16, tokens=64, dtype=torch.float32)


def count_flops() -> float:
    """Of a token, forward and backward, by torch; attention here does all scores, where a causal model needs half."""
    config = LlamaConfig(
        vocab_size=SIZE.vocabulary,
        hidden_size=SIZE.width,
        intermediate_size=SIZE.inner,
        num_hidden_layers=SIZE.layers,
        num_attention_heads=2,
        attn_implementation="eager",
    )
    model = LlamaForCausalLM(config)
    ids = torch.zeros(SIZE.tokens // SIZE.length, SIZE.length, dtype=torch.long)
    with FlopCounterMode(display=False) as counter:
        model(ids, labels=ids).loss.backward()
    return float(counter.get_total_flops()) / SIZE.tokens


def test_it_counts_what_torch_counts() -> None:
    whole_attention = 12 * SIZE.layers * SIZE.width * SIZE.length
    mine = SIZE.flops_per_token + whole_attention / 2
    rotary = 2 * SIZE.width // 2 // 2  # places times frequencies, once a forward pass, which is no work of weights
    assert count_flops() == pytest.approx(mine, abs=rotary)


def test_attention_grows_with_the_row_and_weights_do_not() -> None:
    longer = replace(SIZE, length=2 * SIZE.length)
    assert longer.weights == SIZE.weights
    assert longer.flops_per_token - SIZE.flops_per_token == 6 * SIZE.layers * SIZE.width * SIZE.length


def test_its_products_are_all_its_weights() -> None:
    products = SIZE.list_products(chunk=16).values()
    assert sum(count * rows * inner * columns for count, rows, inner, columns in products) == SIZE.weights * SIZE.tokens


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("aten::mm",), shares.LAYERS),
        (("aten::mm", "_Fused"), shares.OUTPUT),
        (("aten::gather", "_Fused"), shares.LOSS),
        (("aten::mm", "Optimizer.step#Muon.step"), shares.OPTIMIZER),
        (("aten::bmm", "CompiledFunction"), shares.ATTENTION),
        (("graph_0_cpp_fused__softmax_3",), shares.ATTENTION),
        (("graph_0_cpp_fused_mean_mul_1",), shares.FUSED),
        (("aten::index",), shares.REST),
    ],
)
def test_operators_are_sorted_by_name_and_caller(names: tuple[str, ...], kind: str) -> None:
    event = None
    for name in reversed(names):
        event = SimpleNamespace(name=name, cpu_parent=event)
    assert shares.sort(event) == kind


def test_what_a_profiler_saw_is_all_accounted_for() -> None:
    watching = shares.Profiler()
    torch.ones(64, 64) @ torch.ones(64, 64)
    spent = watching.finish()
    assert tuple(spent) == shares.KINDS and spent[shares.LAYERS] > 0
