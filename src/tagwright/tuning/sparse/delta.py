"""Delta: what a sparse tuning changed, as places and values; put on a base, taken off, merged and stacked, exactly.

A delta belongs to one base and knows its digest. Knows nothing of training or files of whole models.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from tagwright.errors import ModelError
from tagwright.tuning.access import follow_umask
from tagwright.tuning.sparse.regions import PRETRAINED, Region, find_digest, list_regions

PLACES, VALUES, BASE = ":places", ":values", "base"


@dataclass(frozen=True)
class Delta:
    """New values of some entries of a base's weights, by the weights' names, and whole tensors that go with them.

    places: int32, sorted. values: in the precision of the base. whole: a head, norms that were trained whole.
    """

    base: str
    places: Mapping[str, Tensor]
    values: Mapping[str, Tensor]
    whole: Mapping[str, Tensor] = field(default_factory=dict)

    def __len__(self) -> int:
        """How many entries it changes, apart from whole tensors."""
        return sum(map(len, self.places.values()))

    @property
    def size(self) -> int:
        """Bytes: for each entry four of its place and those of its value, and the whole tensors."""
        tensors = [*self.places.values(), *self.values.values(), *self.whole.values()]
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    def to_tensors(self) -> dict[str, Tensor]:
        """As a file holds it."""
        tensors = {BASE: torch.tensor(list(bytes.fromhex(self.base)), dtype=torch.uint8), **self.whole}
        for name, places in self.places.items():
            tensors |= {name + PLACES: places, name + VALUES: self.values[name]}
        return tensors

    @staticmethod
    def from_tensors(tensors: Mapping[str, Tensor], *, source: Path | str) -> "Delta":
        if BASE not in tensors or any(n.endswith(PLACES) and _pair(n) not in tensors for n in tensors):
            raise ModelError(f"{source} holds no sparse delta. Found: {', '.join(sorted(tensors)[:6]) or 'nothing'}.")
        names = [name.removesuffix(PLACES) for name in tensors if name.endswith(PLACES)]
        known = {BASE, *(name + end for name in names for end in (PLACES, VALUES))}
        return Delta(
            bytes(tensors[BASE].tolist()).hex(),
            {name: tensors[name + PLACES] for name in names},
            {name: tensors[name + VALUES] for name in names},
            {name: tensor for name, tensor in tensors.items() if name not in known},
        )

    def save(self, path: Path) -> None:
        """Write a safetensors file."""
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in self.to_tensors().items()}
        try:
            save_file(tensors, path)
            follow_umask([path])
        except SafetensorError as error:
            raise OSError(str(error)) from error

    def check(self, module: nn.Module) -> None:
        """Refuse a module whose pretrained weights are not those that the delta was trained on."""
        if (found := find_digest(module)) != self.base:
            raise ModelError(
                f"This delta changes the base with the digest {self.base}; this model has {found}. Load a tagger with "
                "the base that it was trained on (one tuned by 'frozen' has it as it was), in the same precision, and "
                "take off any other delta first."
            )

    @torch.no_grad()
    def put_on(self, module: nn.Module) -> "Delta":
        """Give a module these values, unchecked; gives the delta that takes them off again, exactly."""
        regions, own = _find_regions(module, self.places), module.state_dict()
        _refuse_strangers(self, regions, own)
        before: dict[str, Tensor] = {}
        for name, places in self.places.items():
            flat, here = regions[name].weight.view(-1), regions[name].find_own(places.to(regions[name].weight.device))
            before[name] = flat[here].clone()
            flat[here] = self.values[name].to(flat)
        whole = {name: own[name].clone() for name in self.whole}
        for name, tensor in self.whole.items():
            own[name].copy_(tensor)
        return Delta(self.base, self.places, before, whole)

    @contextmanager
    def on(self, module: nn.Module) -> Iterator[None]:
        """Within, the module has these values; checked before."""
        self.check(module)
        off = self.put_on(module)
        try:
            yield
        finally:
            off.put_on(module)


def load_delta(path: Path) -> Delta:
    """The delta in a safetensors file."""
    if not path.is_file():
        raise ModelError(f"There is no file {path}. Give the one that Delta.save wrote.")
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise ModelError(f"{path} can't be read ({error}). Copy it again.") from error
    return Delta.from_tensors(tensors, source=path)


def take_delta(module: nn.Module, places: Mapping[str, Tensor], *, base: str, whole: Mapping[str, Tensor]) -> Delta:
    """The delta of a module whose entries at these places have been trained."""
    regions = _find_regions(module, places)
    values = {}
    for name, part in places.items():
        weight = regions[name].weight
        values[name] = weight.detach().view(-1)[regions[name].find_own(part.to(weight.device))]
    return Delta(base, dict(places), values, dict(whole))


@torch.no_grad()
def stack_deltas(module: nn.Module, deltas: Sequence[Delta], *, weights: Sequence[float] | None = None) -> Delta:
    """One delta for a base that adds up, weighted, what several change; `module` is the base, without any of them.

    Whole tensors are those of the first delta that has them: heads can't be added up.
    """
    for delta in deltas:
        delta.check(module)
    shares = [1.0] * len(deltas) if weights is None else list(weights)
    regions = _find_regions(module, {name: None for delta in deltas for name in delta.places})
    places, values = {}, {}
    for name, region in regions.items():
        parts = [(d.places[name], d.values[name], s) for d, s in zip(deltas, shares, strict=True) if name in d.places]
        places[name] = torch.unique(torch.cat([part for part, _, _ in parts]))
        base = region.weight.detach().view(-1)[places[name].long()]
        total = torch.zeros_like(base, dtype=torch.float64)
        for part, value, share in parts:
            here = torch.searchsorted(places[name], part)
            total[here] += share * (value.double() - base[here].double())
        values[name] = (base.double() + total).to(base.dtype)
    whole = {name: tensor for delta in reversed(deltas) for name, tensor in delta.whole.items()}
    return Delta(deltas[0].base, places, values, whole)


def _find_regions(module: nn.Module, names: Mapping[str, object]) -> dict[str, Region]:
    return {region.name: region for region in list_regions(module) if region.name in names}


def _refuse_strangers(delta: Delta, regions: Mapping[str, Region], own: Mapping[str, Tensor]) -> None:
    lost = [name for name in delta.places if name not in regions]
    lost += [name for name, part in delta.places.items() if name in regions and _ends_beyond(part, regions[name])]
    lost += [name for name, part in delta.whole.items() if name not in own or own[name].shape != part.shape]
    if lost:
        raise ModelError(
            f"{len(lost)} weights of this delta don't fit the model, the first is {lost[0]}. "
            "Use the base, the labels and the head that it was trained with."
        )
    fresh = {name for name in delta.whole if not name.startswith(PRETRAINED)}
    beside = [name for name in own if fresh and not name.startswith(PRETRAINED) and name not in fresh]
    if beside:
        raise ModelError(
            f"The model has {len(beside)} fresh weights that this delta says nothing of, the first is {beside[0]}. "
            "Use the fusion and the head that it was trained with."
        )


def _ends_beyond(places: Tensor, region: Region) -> bool:
    return len(places) > 0 and int(places.max()) >= region.size


def _pair(name: str) -> str:
    return name.removesuffix(PLACES) + VALUES
