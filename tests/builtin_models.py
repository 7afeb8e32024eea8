"""Stand-ins for the models that ship with Tagwright: the same files and architectures, tiny, with random weights."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import LlamaForCausalLM, T5ForConditionalGeneration

from tagwright.backbone import builtin
from tiny_models import make_config, make_tokenizer

KINDS: dict[str, tuple[str, Callable[[Any], Any], dict[str, Any]]] = {
    "builtin:tiny-decoder": ("llama", LlamaForCausalLM, {"is_causal": True}),
    "builtin:tiny-encoder": ("llama", LlamaForCausalLM, {"is_causal": False}),
    "builtin:tiny-t5": ("t5", T5ForConditionalGeneration, {}),
}


def find_place(name: str) -> Path:
    return builtin.ROOT / name.removeprefix(builtin.PREFIX)


def save_backbone(name: str) -> Path:
    """The files of a built-in backbone under the root of the day: float16, as they ship."""
    torch.manual_seed(0)
    kind, build, settings = KINDS[name]
    model = build(make_config(kind, **settings))
    for weight in model.parameters():
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.2)
    model.half().save_pretrained(find_place(name))
    make_tokenizer().save_pretrained(find_place(name))
    return find_place(name)


def ship_backbones(root: Path, patch: pytest.MonkeyPatch) -> None:
    """All built-in backbones lie under this folder."""
    patch.setattr(builtin, "ROOT", root)
    for name in KINDS:
        save_backbone(name)
