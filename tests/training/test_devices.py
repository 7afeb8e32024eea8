"""Two processes, each on one device, learn what one process learns from both their batches."""

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from several_devices import launch
from tiny_labelers import find_difference

pytestmark = pytest.mark.slow
SCRIPT = Path(__file__).with_name("one_device.py")


def read_facts(folder: Path, rank: int) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((folder / f"facts-{rank}.json").read_text())
    return facts


def test_two_devices_learn_what_one_learns_and_can_be_killed(tmp_path: Path) -> None:
    one, two, killed = tmp_path / "one", tmp_path / "two", tmp_path / "killed"
    launch(SCRIPT, one, devices=1)
    launch(SCRIPT, two, devices=2)
    weights = [load_file(path) for path in (one / "weights-0.safetensors", *sorted(two.glob("weights-*")))]
    assert find_difference(weights[1], weights[2]) == 0
    assert find_difference(weights[0], weights[1]) < 1e-5

    first, second = read_facts(two, 0), read_facts(two, 1)
    assert len(first["seen"]) == len(second["seen"]) == 9
    for epoch in range(3):
        share = [sum(facts["seen"][3 * epoch : 3 * epoch + 3], []) for facts in (first, second)]
        assert sorted(share[0] + share[1]) == list(range(24))
    assert (first["best"], first["step"]) == (second["best"], second["step"]) == (0.5, 2)

    assert launch(SCRIPT, killed, devices=2, die_at=5) != 0  # in the second epoch, after the checkpoint of step 4
    assert not list(killed.glob("weights-*"))
    launch(SCRIPT, killed, devices=2)
    assert find_difference(load_file(killed / "weights-0.safetensors"), weights[1]) == 0
    assert [facts["seen"] for facts in (read_facts(killed, 0),)] == [first["seen"][4:]]
