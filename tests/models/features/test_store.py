"""States on disk: what is written comes back, and what was made of anything else is not taken for it."""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tagwright.errors import DataError
from tagwright.models.features.store import Store

MADE_OF = {"weights": "a", "sight": "none", "layers": [0, 2], "nothing": None}


def make_store(folder: Path, dtype: torch.dtype = torch.float32) -> tuple[Store, torch.Tensor]:
    torch.manual_seed(0)
    store = Store(folder / "deep" / "train.safetensors", (7, 2, 3), dtype, MADE_OF)
    return store, torch.randn(7, 2, 3).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_what_is_written_comes_back(tmp_path: Path, dtype: torch.dtype) -> None:
    store, states = make_store(tmp_path, dtype)
    assert not store.is_ready and store.found == 0
    store.write(iter([states[:3], states[3:4], states[4:]]))
    assert store.is_ready and store.size == states.nbytes < store.found
    assert torch.equal(store.open(), states) and store.open().dtype == dtype
    assert torch.equal(load_file(store.path)["states"], states)  # the format's own reader agrees
    assert [path.name for path in store.path.parent.iterdir()] == ["train.safetensors"]


def test_changes_are_told_by_name(tmp_path: Path) -> None:
    store, states = make_store(tmp_path)
    store.write([states])
    other = replace(store, upstream=MADE_OF | {"sight": "all", "repeat": 1})
    assert not other.is_ready and other.list_changes() == ["repeat", "sight"]
    other.write([states + 1])
    assert other.is_ready and store.list_changes() == ["repeat", "sight"]
    assert torch.equal(other.open(), states + 1)
    assert replace(other, shape=(6, 2, 3)).list_changes() == ["shape"]


@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_a_damaged_file_is_not_ready(tmp_path: Path, damage: bytes | None) -> None:
    store, states = make_store(tmp_path)
    store.write([states])
    whole = store.path.read_bytes()
    store.path.write_bytes(whole[:-1] if damage is None else damage)
    assert not store.is_ready and store.list_changes() == ["contents"]
    store.write([states])
    assert store.is_ready


def test_a_file_of_another_program_is_not_ready(tmp_path: Path) -> None:
    store, states = make_store(tmp_path)
    store.path.parent.mkdir()
    header = json.dumps({"states": {"dtype": "F32", "shape": [7, 2, 3], "data_offsets": [0, states.nbytes]}}).encode()
    store.path.write_bytes(len(header).to_bytes(8, "little") + header + states.numpy().tobytes())
    assert torch.equal(store.open(), states) and not store.is_ready


def test_a_disk_that_fills_up_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    store, states = make_store(tmp_path)

    def fill() -> object:
        yield states[:3]
        raise OSError(28, "No space left on device")

    with pytest.raises(DataError, match=r"can't be written: .*No space left.*tuning.features_folder.*off"):
        store.write(fill())  # type: ignore[arg-type]
    assert list(store.path.parent.iterdir()) == []


def test_what_killed_runs_left_is_swept_and_what_others_write_is_not(tmp_path: Path) -> None:
    store, states = make_store(tmp_path)
    store.path.parent.mkdir()
    gone = subprocess.Popen(["true"])
    gone.wait()
    dead = store.path.with_name(f"{store.path.name}.{gone.pid}.draft")
    alive = store.path.with_name(f"{store.path.name}.{os.getppid()}.draft")
    for path in (dead, alive):
        path.write_bytes(b"half")
    store.write([states])
    assert not dead.exists() and alive.exists() and store.is_ready
