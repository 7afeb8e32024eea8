"""Which precision a machine is quick in. Knows nothing of models."""

import torch


def is_bfloat16_fast() -> bool:
    """Whether this machine makes products of bfloat16 in hardware; in software they take some 20 times float32's."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if torch.accelerator.is_available():
        return True
    if not hasattr(torch.cpu, "get_capabilities"):  # before torch 2.11
        return torch.cpu._is_avx512_bf16_supported()
    return any(there for name, there in torch.cpu.get_capabilities().items() if "bf16" in name)
