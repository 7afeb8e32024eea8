"""Tiny backbones with random weights, built from a config and saved as a folder: nothing is downloaded."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from tagwright.backbone.backbone import Backbone, load_backbone
from tagwright.backbone.config import BackboneConfig
from tagwright.text.ledger import Ledger
from tagwright.tokens.batch import Batch, Cutter, collate

SPECIALS = ("<s>", "<pad>", "</s>", "<unk>")  # the padding id is 1, as in RoBERTa
LETTERS = [*"abcdefghijklmnopqrstuvwxyz"]
VOCABULARY = {piece: at for at, piece in enumerate([*SPECIALS, *LETTERS, *(f"##{letter}" for letter in LETTERS)])}
SIZES = {
    "vocab_size": len(VOCABULARY),
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 40,
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 2,
}
OWN_SIZES: dict[str, dict[str, Any]] = {  # where a family needs more than the usual names
    "albert": {"embedding_size": 16},
    "deberta-v2": {"relative_attention": True, "position_biased_input": False, "pos_att_type": ["p2c", "c2p"]},
    "electra": {"embedding_size": 16},
    "longformer": {"attention_window": 8},
    "modernbert": {"cls_token_id": 0, "sep_token_id": 2, "global_attn_every_n_layers": 2},
    "opt": {"ffn_dim": 32, "word_embed_proj_dim": 16},
    "qwen3": {"head_dim": 8, "num_key_value_heads": 1},
    "t5": {"d_kv": 8, "d_ff": 32, "num_decoder_layers": 2, "decoder_start_token_id": 1},
}
CAUSAL = ("llama", "qwen3", "gpt2", "opt")
BOTH_SIDES = ("bert", "roberta", "t5", "modernbert")


def make_tokenizer(**settings: Any) -> PreTrainedTokenizerFast:
    """Every letter is a token; a word of other characters is unknown."""
    tokenizer = Tokenizer(models.WordPiece(VOCABULARY, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    usual = {"pad_token": "<pad>", "unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **(usual | settings))


def make_config(kind: str, **changes: Any) -> Any:
    """A small config of a model type of transformers."""
    return transformers.AutoConfig.for_model(kind, **(SIZES | OWN_SIZES.get(kind, {}) | changes))


def save_model(kind: str, folder: Path, *, tokenizer: PreTrainedTokenizerFast | None = None, **changes: Any) -> Path:
    """A model of this type with random weights and its tokenizer, as `save_pretrained` writes them."""
    torch.manual_seed(0)
    model = transformers.AutoModel.from_config(make_config(kind, **changes))
    for weight in model.parameters():
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.2)  # random enough for every part to show in the states
    model.save_pretrained(folder)
    (tokenizer or make_tokenizer()).save_pretrained(folder)
    return folder


def load_model(folder: Path, **settings: Any) -> Backbone:
    return load_backbone(BackboneConfig(model=str(folder), **settings)).eval()


def make_batch(backbone: Backbone, documents: Sequence[Sequence[str]]) -> Batch:
    """One padded batch of documents that fit."""
    cutter = Cutter(backbone.tokenizer, backbone.find_limits())
    return collate(cutter.cut(documents, Ledger()), backbone.tokenizer.pad_id)
