"""Shape: a backbone's size in numbers, from its config. Makes no weight."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn
from transformers import AutoModel, PreTrainedModel

from tagwright.backbone.backbone import find_max_tokens, load_config, load_tokenizer
from tagwright.backbone.builtin import UNTRAINED
from tagwright.backbone.config import BackboneConfig
from tagwright.backbone.untrained import build_untrained
from tagwright.errors import ModelError
from tagwright.text.document import Document
from tagwright.tokens.align import WordTokenizer
from tagwright.tuning import TUNINGS, TuningConfig


@dataclass(frozen=True)
class Shape:
    """A backbone's size in numbers. `wide` counts the floats that one token leaves behind for the backward pass.

    `keeps_scores`: its attention has no fused kernel, so that scores between all tokens are kept too. `moving`: the
    weights that its tuning moves, its own or those put beside them.
    """

    weights: int
    multiplied: int
    wide: int
    heads: int
    layers: int
    width: int
    keeps_scores: bool
    moving: int = 0


def look_up(
    config: BackboneConfig, documents: Sequence[Document], *, tuning: TuningConfig
) -> tuple[Shape, WordTokenizer, int]:
    """The backbone's shape, its tokenizer, and the longest input it takes; its weights are never made."""
    if config.model == UNTRAINED:
        model, plain = build_untrained(word for document in documents for word in document.words)
        tokenizer, sizes = WordTokenizer(plain), model.config
    else:
        sizes = load_config(config)
        tokenizer = load_tokenizer(config)
        model = _build_empty(sizes, config.model)
    return weigh(model, tuning), tokenizer, find_max_tokens(sizes, tokenizer.tokenizer)


def weigh(model: nn.Module, tuning: TuningConfig) -> Shape:
    """The shape of an empty model, which is used up."""
    shape = measure_shape(model)
    return replace(shape, moving=TUNINGS[tuning.name](tuning).foresee(model))


def _build_empty(config: Any, name: str) -> nn.Module:
    try:
        with torch.device("meta"):
            model = AutoModel.from_config(config)
    except (ValueError, KeyError, RuntimeError) as error:
        raise ModelError(f"The architecture of {name} can't be built from its config.json: {error}") from error
    return model.get_encoder() if getattr(config, "is_encoder_decoder", False) else model  # type: ignore[no-any-return]


def measure_shape(model: nn.Module) -> Shape:
    """Count a model's weights, those that every token is multiplied with, and what a token leaves behind.

    Each matrix multiplication keeps its input, and what follows keeps its output: that many floats a token. A model
    that writes has an output for each token of its vocabulary; of two stacks, a token goes through one.
    """
    config: Any = model.config
    out = model.get_output_embeddings() if isinstance(model, PreTrainedModel) else None
    looked_up = {id(part.weight) for part in model.modules() if isinstance(part, nn.Embedding)}
    looked_up -= set() if out is None else {id(out.weight)}
    matrices = {id(w): w for w in model.parameters() if w.dim() == 2 and id(w) not in looked_up}
    stacks = 2 if out is not None and config.is_encoder_decoder else 1
    return Shape(
        weights=sum(weight.numel() for weight in model.parameters()),
        multiplied=sum(weight.numel() for weight in matrices.values()) // stacks,
        wide=sum(sum(weight.shape) for weight in matrices.values()) // stacks,
        heads=int(getattr(config, "num_attention_heads", 1)),
        layers=int(getattr(config, "num_hidden_layers", 1)),
        width=int(getattr(config, "hidden_size", 1)),
        keeps_scores=getattr(config, "_attn_implementation", None) == "eager",
    )
