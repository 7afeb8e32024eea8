"""Tiny models that write, with random weights, and the plainest way to write with them: token by token, no cache."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
import transformers
from torch import Tensor

from tagwright.backbone.untrained import learn_tokenizer
from tagwright.formats.grammar.grammar import Grammar
from tagwright.formats.grammar.lexicon import Lexicon
from tagwright.text.synthetic import make_corpus

WITH_ENCODER, CAUSAL = ("t5", "umt5", "bart"), ("llama", "gpt2", "opt", "mistral")
SIZES: dict[str, Any] = {"num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 16, "intermediate_size": 32}
ENDS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
T5_SIZES = {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2, "decoder_start_token_id": 0}
OWN_SIZES: dict[str, dict[str, Any]] = {
    "t5": T5_SIZES,
    "umt5": T5_SIZES,
    "bart": {
        **{
            f"{side}_{name}": size for side in ("encoder", "decoder") for name, size in (("layers", 2), ("ffn_dim", 32))
        },
        "d_model": 16,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "decoder_start_token_id": 2,
        "forced_eos_token_id": None,
    },
    "opt": {"ffn_dim": 32, "word_embed_proj_dim": 16},
    "mistral": {"sliding_window": 12, "num_key_value_heads": 1},
}


@cache
def make_tokenizer() -> Any:
    """Bytes and a few words."""
    return learn_tokenizer([document.text for document in make_corpus(documents=40, seed=3)], size=500)


@cache
def make_lexicon() -> Lexicon:
    return Lexicon(make_tokenizer())


@cache
def make_writer(kind: str, **changes: Any) -> Any:
    """A model of this type, random enough for its outputs to vary."""
    torch.manual_seed(0)
    own = OWN_SIZES.get(kind, {})
    sizes = SIZES | ENDS | {"vocab_size": len(make_tokenizer()), "max_position_embeddings": 512}
    if kind in WITH_ENCODER:
        sizes = ENDS | {"vocab_size": len(make_tokenizer())}
    config = transformers.AutoConfig.for_model(kind, **(sizes | own | changes))
    kinds = transformers.AutoModelForSeq2SeqLM if kind in WITH_ENCODER else transformers.AutoModelForCausalLM
    model = kinds.from_config(config)
    for weight in model.parameters():
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.4)
    return model.eval()


@torch.no_grad()
def ask_model(model: Any, prompt: Sequence[int], written: Sequence[int]) -> Tensor:
    """Logits of what may come next, of one row on its own."""
    if model.config.is_encoder_decoder:
        target = torch.tensor([[model.config.decoder_start_token_id, *written]])
        return model(input_ids=torch.tensor([prompt]), decoder_input_ids=target, use_cache=False).logits[0, -1]
    return model(input_ids=torch.tensor([[*prompt, *written]]), use_cache=False).logits[0, -1]


def write_plainly(
    model: Any, prompt: Sequence[int], *, end: int, grammar: Grammar | None = None, most: int
) -> tuple[list[int], list[float], bool]:
    """Greedy, token by token: tokens, log-probabilities among those allowed, and whether the end came."""
    ids: list[int] = []
    scores: list[float] = []
    while len(ids) < most:
        logits = ask_model(model, prompt, ids)
        if grammar is not None:
            state = grammar.walk(ids)
            assert state is not None
            mask = torch.full_like(logits, -torch.inf)
            mask[torch.from_numpy(state.allowed)] = 0
            logits = logits + mask
        token = int(logits.argmax())
        if token == end:
            return ids, scores, True
        ids.append(token)
        scores.append(float(logits.log_softmax(-1)[token]))
    return ids, scores, False
