"""A sparse delta is put on, taken off, merged, stacked and saved without losing a bit, and only on its own base."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sparse_references import copy_state, differs
from tagwright.errors import ModelError
from tagwright.tuning.sparse.delta import Delta, load_delta, stack_deltas
from tagwright.tuning.sparse.regions import find_digest


class Pair(nn.Module):
    """A backbone of two layers, the second in low precision, and a head."""

    def __init__(self, *, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        model = nn.Sequential(nn.Linear(40, 30), nn.Linear(30, 20, dtype=torch.bfloat16))
        self.backbone = nn.ModuleDict({"model": model})
        self.head = nn.Linear(20, 3)


def make_delta(base: Pair, *, seed: int) -> Delta:
    drawn = torch.Generator().manual_seed(seed)
    places, values = {}, {}
    for name, weight in base.named_parameters():
        if name.startswith("backbone.") and name.endswith("weight"):
            places[name] = torch.randperm(weight.numel(), generator=drawn)[:200].sort().values.to(torch.int32)
            values[name] = torch.randn(200, generator=drawn).to(weight.dtype)
    head = {f"head.{name}": torch.randn(t.shape, generator=drawn) for name, t in base.head.state_dict().items()}
    return Delta(find_digest(base), places, values, head)


def find_entries(module: nn.Module, delta: Delta) -> dict[str, Tensor]:
    state = module.state_dict()
    return {name: state[name].flatten()[places.long()] for name, places in delta.places.items()}


def test_on_and_off_again_is_the_base_bit_for_bit() -> None:
    module = Pair()
    before, delta = copy_state(module), make_delta(module, seed=1)
    off = delta.put_on(module)
    assert not differs(dict(delta.values), find_entries(module, delta))
    assert not differs(dict(delta.whole), module.state_dict())
    off.put_on(module)
    assert not differs(before, copy_state(module))
    with delta.on(module):
        assert differs(before, copy_state(module))
    assert not differs(before, copy_state(module))


def test_a_model_with_fresh_weights_of_another_kind_is_refused() -> None:
    module = Pair()
    delta = make_delta(module, seed=1)
    module.fusion = nn.Linear(20, 20)
    before = copy_state(module)
    with pytest.raises(ModelError, match="2 fresh weights that this delta .* the first is fusion.weight"):
        delta.put_on(module)
    assert not differs(before, copy_state(module))
    Delta(delta.base, delta.places, delta.values).put_on(module)


def test_swapping_is_exact() -> None:
    module = Pair()
    one, other = (make_delta(module, seed=seed) for seed in (1, 2))
    states = []
    for delta in (one, other, one):
        with delta.on(module):
            states.append(copy_state(module))
    assert not differs(states[0], states[2]) and differs(states[0], states[1])


def test_saved_and_loaded(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    delta = make_delta(Pair(), seed=1)
    delta.save(path := tmp_path / "delta.safetensors")
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode
    loaded = load_delta(path)
    assert loaded.base == delta.base and len(loaded) == len(delta) == 400
    assert not differs(delta.to_tensors(), loaded.to_tensors())
    head = sum(tensor.numel() * 4 for tensor in delta.whole.values())
    assert delta.size == 200 * (4 + 4) + 200 * (4 + 2) + head
    assert path.stat().st_size - 8 - int.from_bytes(path.read_bytes()[:8], "little") == delta.size + 16


def test_stacked_changes_add_up() -> None:
    module = Pair()
    base = copy_state(module)
    one, other = (make_delta(module, seed=seed) for seed in (1, 2))
    assert not differs(dict(one.values), dict(stack_deltas(module, [one]).values))
    stacked = stack_deltas(module, [one, other], weights=[1.0, 0.5])
    changes = []
    for delta in (one, other):
        with delta.on(module):
            changes.append({name: copy_state(module)[name].double() - base[name].double() for name in delta.places})
    with stacked.on(module):
        state = copy_state(module)
    for name in one.places:
        wanted = base[name].double() + changes[0][name] + 0.5 * changes[1][name]
        assert torch.equal(state[name], wanted.to(base[name].dtype))
    assert not differs(dict(one.whole), state)


def test_another_base_is_refused() -> None:
    delta, other = make_delta(Pair(), seed=1), Pair(seed=5)
    for use in (lambda: delta.on(other).__enter__(), lambda: stack_deltas(other, [delta])):
        with pytest.raises(ModelError, match="digest"):
            use()
    twice = Pair()
    delta.put_on(twice)
    with pytest.raises(ModelError, match="take off any other"):
        delta.check(twice)


def test_what_does_not_fit_is_named() -> None:
    module: Any = Pair()
    delta = make_delta(module, seed=1)
    module.head = nn.Linear(20, 4)
    with pytest.raises(ModelError, match="head.weight"):
        delta.put_on(module)
    delta = make_delta(Pair(), seed=1)
    module.backbone["model"][0] = nn.Linear(4, 3)
    with pytest.raises(ModelError, match=r"backbone\.model\.0\.weight"):
        delta.put_on(module)


def test_a_file_that_is_no_delta_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no file"):
        load_delta(tmp_path / "none.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"\x10")
    with pytest.raises(ModelError, match="can't be read"):
        load_delta(tmp_path / "broken.safetensors")
    with pytest.raises(ModelError, match="no sparse delta"):
        Delta.from_tensors({"weight": torch.zeros(2)}, source="this")
