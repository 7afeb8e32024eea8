"""The precision that a machine is quick in, and the word about a wish for the other one."""

import logging

import pytest
import torch

from tagwright.backbone.precision import is_bfloat16_fast, warn_of_bfloat16

CPU = torch.device("cpu")


@pytest.fixture
def accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU that knows bfloat16, beside a CPU that doesn't."""
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: not including_emulation)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": False}, raising=False)


@pytest.mark.usefixtures("accelerator")
def test_the_question_is_of_the_device_that_is_used() -> None:
    assert is_bfloat16_fast() and is_bfloat16_fast(torch.device("cuda"))
    assert not is_bfloat16_fast(CPU)


@pytest.mark.parametrize("name", ["avx512_bf16", "amx_bf16", "arm_bf16"])
def test_a_cpu_has_it_under_several_names(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, name: True}, raising=False)
    assert is_bfloat16_fast(CPU)


def test_a_warning_comes_once(caplog: pytest.LogCaptureFixture) -> None:
    warn_of_bfloat16.cache_clear()
    with caplog.at_level(logging.WARNING, "tagwright"):
        for _ in range(3):
            warn_of_bfloat16("It is asked for", "Leave it out")
    assert caplog.messages == [
        "It is asked for, but this machine has bfloat16 in software only, some 20 to 50 times slower than float32. "
        "Leave it out."
    ]
