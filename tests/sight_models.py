"""Tiny models of four layers and of every architecture whose sight is tested, with random weights."""

from typing import Any

import torch
import transformers
from torch import nn

from tagwright.backbone.sight.masks import SightHooks
from tagwright.backbone.sight.proven import set_sight

LAYERS, VOCABULARY = 4, 64
SIZES = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
GROUPED = {"num_key_value_heads": 2, "head_dim": 8}
WINDOW = GROUPED | {"sliding_window": 4}
T5 = {"d_kv": 8, "d_ff": 48, "num_decoder_layers": 2, "decoder_start_token_id": 1}
# name: model type and what it needs besides
DECODERS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("llama", GROUPED),
    "mistral": ("mistral", WINDOW),
    "qwen2": ("qwen2", {"num_key_value_heads": 2}),
    "qwen2, mixed": (
        "qwen2",
        {"num_key_value_heads": 2, "use_sliding_window": True, "sliding_window": 4, "max_window_layers": 2},
    ),
    "qwen3": ("qwen3", GROUPED),
    "gemma2": ("gemma2", WINDOW),
    "gemma3": ("gemma3_text", WINDOW),
    "phi3": ("phi3", {"num_key_value_heads": 2}),
    "gpt2": ("gpt2", {}),
    "gpt_neox": ("gpt_neox", {}),
    "opt": ("opt", {"ffn_dim": 48, "word_embed_proj_dim": 32}),
    "smollm3": ("smollm3", GROUPED),
    "stablelm": ("stablelm", {"num_key_value_heads": 2}),
}
ENCODERS: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("bert", {}),
    "roberta": ("roberta", {}),
    "distilbert": ("distilbert", {}),
    "modernbert": (
        "modernbert",
        {"local_attention": 8, "global_attn_every_n_layers": 2, "cls_token_id": 1, "sep_token_id": 2},
    ),
    "t5": ("t5", T5),
    "llama, is_causal=False": ("llama", GROUPED | {"is_causal": False}),
}
ALL = DECODERS | ENCODERS


def make_model(name: str, *, head: bool = False, **changes: Any) -> Any:
    """The same weights every time. `head`: with a head that predicts the next token."""
    kind, own = ALL.get(name, (name, {}))
    config = transformers.AutoConfig.for_model(kind, **(SIZES | own | changes))
    torch.manual_seed(0)
    maker = transformers.AutoModelForCausalLM if head else transformers.AutoModel
    model = maker.from_config(config, attn_implementation=changes.get("attn_implementation"))
    model.config.use_cache = head  # with a cache transformers doesn't look for packed documents
    for weight in model.parameters():
        if weight.ndim > 1:
            nn.init.normal_(weight, std=0.2)  # random enough for every part to show
    return (model.get_encoder() if kind == "t5" else model).eval()


def open_model(name: str, sight: Any, **rest: Any) -> tuple[Any, SightHooks]:
    """A proven model whose sight isn't its nature."""
    model = make_model(name, **rest)
    _, hooks = set_sight(model, sight)
    assert hooks is not None
    return model, hooks


def make_ids(rows: int = 1, length: int = 8, *, seed: int = 0) -> torch.Tensor:
    return torch.randint(3, VOCABULARY, (rows, length), generator=torch.Generator().manual_seed(seed))


def run(model: Any, ids: torch.Tensor, **rest: Any) -> torch.Tensor:
    """The last hidden state."""
    with torch.no_grad():
        return model(input_ids=ids, output_hidden_states=True, **rest).hidden_states[-1]


def find_moved(model: Any, ids: torch.Tensor, **rest: Any) -> list[bool]:
    """Of every layer: do tokens before the last one change with it?"""
    other = ids.clone()
    other[:, -1] = (other[:, -1] - 2) % (VOCABULARY - 3) + 3
    with torch.no_grad():
        one, two = (model(input_ids=each, output_hidden_states=True, **rest).hidden_states for each in (ids, other))
    return [bool((a - b)[:, :-1].abs().max() > 1e-6) for a, b in zip(one[1:], two[1:], strict=True)]
