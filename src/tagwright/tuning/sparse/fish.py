"""FishTuning and FishDipTuning: single weights of the backbone move, chosen once or again and again as training goes.

After "Unified Low-Resource Sequence Labeling by Sample-Aware Dynamic Sparse Finetuning" (Das et al., EMNLP 2023).
Knows no labelers and no files.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer

from tagwright.errors import ModelError, RecipeError
from tagwright.tuning.config import TuningConfig
from tagwright.tuning.sparse.adafactor import SparseAdafactor
from tagwright.tuning.sparse.choice.census import take_census
from tagwright.tuning.sparse.choice.choices import Choices, PublishedChoices
from tagwright.tuning.sparse.choice.documents import Documents
from tagwright.tuning.sparse.chosen import Chosen, refuse_unfit
from tagwright.tuning.sparse.delta import Delta, take_delta
from tagwright.tuning.sparse.optimizer import SparseAdam, SparseOptimizer
from tagwright.tuning.sparse.regions import Region, find_digest, list_regions, trains_whole
from tagwright.tuning.tuning import Tuning

MOVED = "backbone.moved"  # before the names of what a delta holds, among all that is saved


class FishTuning(Tuning):
    """Weights are chosen once, before the first step, by all or some documents; the head moves whole."""

    is_sparse = True
    steps: ClassVar[float] = 4.0
    choices: ClassVar[type[Choices]] = Choices

    def __init__(self, config: TuningConfig) -> None:
        super().__init__(config)
        self.plan = config.plan_sparse()
        self.base: str | None = None  # digest of the backbone before training
        self.moved: dict[str, Tensor] = {}  # after training: places that were ever chosen, by weight
        self.history: Sequence[Mapping[str, Any]] = ()  # of the choices that were made
        self.optimizer: SparseOptimizer | None = None
        self._regions: list[Region] = []

    def prepare(self, module: nn.Module) -> None:
        for region in list_regions(module, dense=self.plan.dense):
            refuse_unfit(region.name, region.weight)
        module.requires_grad_(True)
        for mark in self.plan.dense:
            if not any(mark in name for name, _ in module.named_parameters()):
                raise ModelError(f"tuning.dense: no weight of this model has {mark!r} in its name.")

    def count(self, module: nn.Module) -> int:
        """How many weights move, or have ever moved once some have: a choice leaves those of another where they are."""
        whole = [w for name, w in module.named_parameters() if trains_whole(name, self.plan.dense)]
        ever = sum(map(len, self._find_moved().values()))
        return (ever or self.count_chosen(module)) + sum(weight.numel() for weight in whole)

    def count_chosen(self, module: nn.Module) -> int:
        """How many single weights move at a time."""
        return max(int(self._count_all(module) * self.plan.percent / 100), 1)

    def make_optimizer(
        self, module: nn.Module, kind: type[Optimizer], *, settings: Mapping[str, Any], weight_decay: float
    ) -> Optimizer:
        if not issubclass(kind, torch.optim.AdamW):
            raise RecipeError(
                f"tuning {self.config.name!r} has an optimizer of its own: take training.optim out and set "
                "tuning.optimizer to 'adam' or 'adafactor'."
            )
        self._find_base(module)
        self._regions = list_regions(module, dense=self.plan.dense)
        weights = {region.name: region.weight for region in self._regions}
        single = {id(weight) for weight in weights.values()}
        dense = [
            {**group, "params": rest}
            for group in self.group(module, weight_decay=weight_decay)
            if (rest := [weight for weight in group["params"] if id(weight) not in single])
        ]
        chosen, keeps = Chosen(weights), self.plan.state == "keep"
        if self.plan.optimizer == "adafactor":
            self.optimizer = SparseAdafactor(chosen, dense, lr=settings["lr"], keeps_state=keeps)
        else:
            usual = {name: settings[name] for name in ("lr", "betas", "eps")}
            self.optimizer = SparseAdam(chosen, dense, keeps_state=keeps, **usual)
        names = [name for name, weight in module.named_parameters() if id(weight) in single]
        # devices exchange the gradients of chosen entries alone
        DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(module, names)  # type: ignore[no-untyped-call]
        return self.optimizer

    def list_callbacks(self, module: nn.Module, *, documents: Documents) -> Sequence[Any]:
        budget = None if self.plan.budget is None else int(self._count_all(module) * self.plan.budget / 100)
        return [self.choices(self.plan, documents, count=self.count_chosen(module), budget=budget)]

    def collect(self, module: nn.Module, *, whole: bool = False) -> dict[str, Tensor]:
        """The delta and all that moves whole; in training the places of now, afterwards those that count."""
        if whole:
            return super().collect(module, whole=True)
        moved = take_delta(module, self._find_moved(), base=self._find_base(module), whole={}).to_tensors()
        return self._list_whole(module) | {f"{MOVED}.{name}": tensor for name, tensor in moved.items()}

    def put_back(self, module: nn.Module, tensors: Mapping[str, Tensor], *, source: Path, whole: bool = False) -> None:
        if whole:
            super().put_back(module, tensors, source=source, whole=True)
            return
        start = f"{MOVED}."
        parts = {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
        delta = Delta.from_tensors(parts, source=source)
        self._return_to_base(module)
        if delta.base != self._find_base(module):
            delta.check(module)
        rest = {name: tensor for name, tensor in tensors.items() if not name.startswith(start)}
        Delta(delta.base, delta.places, delta.values, rest).put_on(module)
        self.moved = dict(delta.places)

    def make_delta(self, module: nn.Module) -> Delta:
        """What training changed, with the head and all that moved whole."""
        return take_delta(module, self._find_moved(), base=self._find_base(module), whole=self._list_whole(module))

    def take_census(self, module: nn.Module) -> dict[str, Any]:
        sizes = {region.name: region.size for region in list_regions(module, dense=self.plan.dense)}
        ever = {name: len(places) for name, places in self._find_moved().items()}
        # weights may be those of an earlier step than the last: choices after it are no part of them
        history = [each for each in self.history if each["ever"] <= sum(ever.values())]
        return take_census(sizes, ever, history=history)

    def finish(self) -> None:
        """The end of training: the weights are left, and only the places of those that moved are kept."""
        if self.optimizer is not None:
            self.moved, self.history = self._find_moved(), self.optimizer.chosen.history
            self.optimizer.chosen.detach()
            self.optimizer, self._regions = None, []

    def _find_base(self, module: nn.Module) -> str:
        """The digest of the backbone as it was before anything of it moved."""
        if self.base is None:
            self.base = find_digest(module)
        return self.base

    def _list_whole(self, module: nn.Module) -> dict[str, Tensor]:
        return {name: t for name, t in module.state_dict().items() if trains_whole(name, self.plan.dense)}

    def _count_all(self, module: nn.Module) -> int:
        return sum(region.size for region in list_regions(module, dense=self.plan.dense))

    def _find_moved(self) -> dict[str, Tensor]:
        if self.optimizer is None:
            return self.moved
        touched = self.optimizer.chosen.touched
        found = {r.name: r.find_saved(touched.list_places(at)) for at, r in enumerate(self._regions)}
        return {name: places for name, places in found.items() if len(places)}

    def _return_to_base(self, module: nn.Module) -> None:
        """Take off what training has changed so far: another state of it is about to be put on."""
        if self.optimizer is None:
            return
        before = {r.name: self.optimizer.chosen.touched.before[at] for at, r in enumerate(self._regions)}
        self.finish()
        values = {name: before[name] for name in self.moved}
        Delta(self._find_base(module), self.moved, values).put_on(module)


class FishDipTuning(FishTuning):
    """Weights are chosen again every so many steps, by the documents that are worst learned then."""


class PublishedFishDipTuning(FishTuning):
    """The published algorithm with its published numbers, its faults included."""

    rate = 1e-2  # of Adafactor, which takes it as a share of each weight's size
    choices = PublishedChoices
