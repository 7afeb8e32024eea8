"""Which precision a machine is quick in. Knows nothing of models."""

import logging
from functools import cache

import torch

logger = logging.getLogger(__name__)


def is_bfloat16_fast(device: torch.device | None = None) -> bool:
    """Whether products of bfloat16 are made in hardware; in software they take some 20 to 50 times float32's.

    Without a device the question is of the accelerator, where there is one.
    """
    on_cpu = device.type == "cpu" if device is not None else not torch.accelerator.is_available()
    if not on_cpu and torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if not on_cpu:
        return True
    if not hasattr(torch.cpu, "get_capabilities"):  # before torch 2.11
        return torch.cpu._is_avx512_bf16_supported()
    return any(there for name, there in torch.cpu.get_capabilities().items() if "bf16" in name)


@cache  # many trainings in one process are told of it once
def warn_of_bfloat16(asked: str, instead: str) -> None:
    """For a wish for bfloat16 that this machine can only meet in software."""
    logger.warning(
        "%s, but this machine has bfloat16 in software only, some 20 to 50 times slower than float32. %s.",
        asked,
        instead,
    )
