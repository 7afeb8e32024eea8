"""Machine: how much memory is free here and how fast matrices are multiplied, measured in about a second."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import torch

CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
SIDE, BLOCK = 1024, 1 << 25  # of the matrices that are multiplied, of the block that is added to


@dataclass(frozen=True)
class Machine:
    """What does the work: memory in bytes, multiplications and additions a second, bytes a second."""

    name: str
    memory: int
    flops: float
    bandwidth: float


def measure_machine(*, bf16: bool = False) -> Machine:
    """The accelerator or the processor: its free memory, and its rates by a measurement of about a second."""
    device = torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    square = torch.randn(SIDE, SIDE, device=device, dtype=torch.bfloat16 if bf16 else torch.float32)
    flops = 2 * SIDE**3 / _time(lambda: square @ square, device)
    block = torch.zeros(BLOCK, device=device)
    bandwidth = 8 * BLOCK / _time(lambda: block.add_(1.0), device)
    name = f"{device.type}, {torch.get_num_threads()} threads" if device.type == "cpu" else str(device)
    return Machine(name, find_memory(device), flops, bandwidth)


def _time(work: Callable[[], object], device: torch.device, *, seconds: float = 0.4) -> float:
    """The fastest of several tries, of at least three."""
    best, spent, tries = float("inf"), 0.0, 0
    while spent < seconds or tries < 3:
        began = time.perf_counter()
        work()
        if device.type != "cpu":
            torch.accelerator.synchronize()
        taken = time.perf_counter() - began
        best, spent, tries = min(best, taken), spent + taken, tries + 1
    return best


def find_memory(device: torch.device) -> int:
    """Free bytes on the device; of main memory, at most what a container grants."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    limits = [Path(place).read_text().strip() for place in CGROUPS if Path(place).is_file()]
    return min([int(psutil.virtual_memory().available), *(int(limit) for limit in limits if limit.isdecimal())])
