"""Two processes, each on one device, choose the same weights and learn what one process learns from both batches."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from sparse_references import differs

pytestmark = pytest.mark.slow
SCRIPT = Path(__file__).with_name("one_sparse_device.py")
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


def launch(folder: Path, name: str, *, devices: int) -> list[dict[str, torch.Tensor]]:
    folder.mkdir()
    command = [sys.executable, *(TORCHRUN if devices == 2 else ()), str(SCRIPT), str(folder), name]
    environment = os.environ | {"PYTHONPATH": str(SCRIPT.parents[2]), "ACCELERATE_USE_CPU": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    return [load_file(path) for path in sorted(folder.glob("delta-*"))]


@pytest.mark.parametrize("name", ["adam", "adafactor"])
def test_two_devices_choose_and_learn_what_one_does(name: str, tmp_path: Path) -> None:
    (one,) = launch(tmp_path / "one", name, devices=1)
    first, second = launch(tmp_path / "two", name, devices=2)
    assert not differs(first, second) and first.keys() == second.keys()
    assert one.keys() == first.keys()
    for key, tensor in one.items():
        if key.endswith(":places"):
            assert torch.equal(tensor, first[key]), key
        elif tensor.is_floating_point():
            torch.testing.assert_close(tensor, first[key], rtol=0, atol=1e-4)
