"""New backbones of three kinds, through transformers' own configs. Nothing is re-implemented.

Decoder and encoder are the same Llama, so that only what a layer may see and what it learns differ. Loads no data.
"""

from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from transformers import LlamaConfig, LlamaForCausalLM, T5Config, T5ForConditionalGeneration

Kind = Literal["decoder", "encoder", "encoder-decoder"]
START = 0.02  # standard deviation of new matrices: Llama's own, and small enough for a T5's embeddings to learn soon


class ModelConfig(BaseModel):
    """`[model]`: `start` goes on from a model (hub id or folder); without it a new one of this kind and size is made.

    layers: of an encoder-decoder, the first half belongs to the encoder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: str | None = None
    revision: str | None = None
    kind: Kind = "decoder"
    width: int = Field(default=192, ge=8)
    inner_width: int = Field(default=512, ge=8)
    layers: int = Field(default=8, ge=1)
    heads: int = Field(default=3, ge=1)

    @model_validator(mode="after")
    def _check_shape(self) -> "ModelConfig":
        if self.width % (2 * self.heads):  # rotary positions turn pairs
            raise ValueError(f"`width` {self.width} can't be shared by {self.heads} `heads` in even parts.")
        if self.kind == "encoder-decoder" and self.layers < 2:
            raise ValueError("an encoder-decoder needs 2 `layers` or more: the first half is the encoder's.")
        return self


def build_model(config: ModelConfig, tokenizer: Any, *, length: int, attn_implementation: str) -> Any:
    """A new model with random weights; rows of `length` tokens are the longest it will take."""
    if config.kind == "encoder-decoder":
        return _build_t5(config, tokenizer, attn_implementation)
    settings = LlamaConfig(
        **_share(tokenizer),
        hidden_size=config.width,
        intermediate_size=config.inner_width,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        num_key_value_heads=config.heads,
        max_position_embeddings=length,
        is_causal=config.kind == "decoder",
        bos_token_id=tokenizer.bos_token_id,
        attn_implementation=attn_implementation,
    )
    return LlamaForCausalLM(settings)


def _build_t5(config: ModelConfig, tokenizer: Any, attn_implementation: str) -> Any:
    settings = T5Config(
        **_share(tokenizer),
        d_model=config.width,
        d_ff=config.inner_width,
        d_kv=config.width // config.heads,
        num_heads=config.heads,
        num_layers=config.layers // 2,
        num_decoder_layers=config.layers - config.layers // 2,
        feed_forward_proj="gated-silu",
        dropout_rate=0.0,
        decoder_start_token_id=tokenizer.pad_token_id,
        attn_implementation=attn_implementation,
    )
    model = T5ForConditionalGeneration(settings)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.normal_(std=START)
        # T5 divides what its tied output layer reads by this, which would ask for embeddings as much longer
        model.decoder.final_layer_norm.weight.fill_(config.width**0.5)
    return model


def _share(tokenizer: Any) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "tie_word_embeddings": True,
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "use_cache": True,
    }
