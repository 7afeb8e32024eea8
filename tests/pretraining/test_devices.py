"""Two processes, each on one device, pretrain what one process pretrains on the rows of both, and can be killed."""

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from several_devices import launch
from tiny_labelers import find_difference

pytestmark = pytest.mark.slow
SCRIPT = Path(__file__).with_name("one_device.py")


def read_log(folder: Path, rank: int = 0) -> list[dict[str, Any]]:
    log: list[dict[str, Any]] = json.loads((folder / f"log-{rank}.json").read_text())
    return log


def test_two_devices_learn_what_one_learns_and_can_be_killed(tmp_path: Path) -> None:
    """By `hybrid`: where one device predicts every token and the other a few, sums and not means must be added."""
    one, two, killed = tmp_path / "one", tmp_path / "two", tmp_path / "killed"
    launch(SCRIPT, one, devices=1)
    launch(SCRIPT, two, devices=2)
    weights = [load_file(path) for path in (one / "weights-0.safetensors", *sorted(two.glob("weights-*")))]
    assert len(weights) == 3 and find_difference(weights[1], weights[2]) == 0
    assert find_difference(weights[0], weights[1]) < 1e-4
    for alone, shared in zip(read_log(one), read_log(two), strict=True):
        assert shared == pytest.approx(alone, rel=1e-4)  # also the held-out bits per byte

    assert launch(SCRIPT, killed, devices=2, die_at=6) != 0  # after the checkpoint of step 4
    assert not list(killed.glob("weights-*"))
    launch(SCRIPT, killed, devices=2)
    assert find_difference(load_file(killed / "weights-0.safetensors"), weights[1]) == 0
    assert read_log(killed) == read_log(two)
