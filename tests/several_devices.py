"""A script of the tests, run by one process or by torchrun as two; it may die at a step, as when a device is lost."""

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


def launch(script: Path, folder: Path, *, devices: int, die_at: int = 0) -> int:
    """Run SCRIPT FOLDER STEP to its end, which must be a good one unless it is to die; gives its exit status."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, *(TORCHRUN if devices == 2 else ()), str(script), str(folder), str(die_at)]
    environment = os.environ | {"ACCELERATE_USE_CPU": "1"}
    environment["PYTHONPATH"] = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0 or die_at, done.stderr[-3000:]
    return done.returncode
