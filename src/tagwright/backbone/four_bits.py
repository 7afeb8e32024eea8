"""Four bits: a backbone whose matrices are kept as NF4 numbers by bitsandbytes. Says what that needs."""

from importlib.util import find_spec
from typing import Any

import torch
from transformers import BitsAndBytesConfig

from tagwright.backbone.builtin import UNTRAINED
from tagwright.errors import ModelError

INSTEAD = 'Elsewhere take tuning.name = "lora", with backbone.dtype = "bfloat16" to save memory.'


def check_four_bits(name: str) -> None:
    """Refuse what can't be done on this machine or with this model."""
    if name == UNTRAINED:
        raise ModelError(f"{name} has no pretrained weights to bring down to four bits. Take another backbone.model.")
    if not torch.cuda.is_available():
        raise ModelError(f'The tuning "qlora" needs a GPU that CUDA knows, and there is none. {INSTEAD}')
    if find_spec("bitsandbytes") is None:
        raise ModelError(f"The tuning \"qlora\" needs bitsandbytes: pip install 'tagwright[quant]'. {INSTEAD}")


def ask_for_four_bits() -> dict[str, Any]:
    """What transformers is to be told: NF4 with its scales quantised too, computing in bfloat16 (arXiv 2305.14314)."""
    config = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
    return {"quantization_config": config, "device_map": {"": torch.cuda.current_device()}}
