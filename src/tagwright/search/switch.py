"""Switch: turns a backbone from plan to plan; and trainings whose sight is drawn. Knows no recipe."""

from random import Random
from typing import Any

from torch import nn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from tagwright.backbone.backbone import Backbone
from tagwright.backbone.sight.masks import SightHooks, find_stack
from tagwright.backbone.sight.probe import prove_sight
from tagwright.backbone.sight.proven import set_sight
from tagwright.backbone.sight.sight import Sight
from tagwright.errors import ModelError
from tagwright.search.space import Space


class Switch:
    """Turns a backbone from plan to plan."""

    def __init__(self, backbone: Backbone) -> None:
        self.model = backbone.model
        self.layers = len(find_stack(self.model)[1])
        self.hooks = backbone.hooks or _hook(self.model)

    def turn(self, plan: str) -> None:
        self.hooks.turn(Sight.parse(plan, layers=self.layers))

    def prove(self, plan: str) -> None:
        """Turn, and refuse a model that doesn't obey. Batches are never packed, so that isn't asked."""
        self.turn(plan)
        prove_sight(self.model, Sight.parse(plan, layers=self.layers).flags, packs=False)


def _hook(model: nn.Module) -> SightHooks:
    """Of the two extremes one is the model's nature and needs no hooks; the other has them, and is proven."""
    for notation in ("none", "all"):
        _, hooks = set_sight(model, notation)
        if hooks is not None:
            return hooks
    raise ModelError(f"{type(model).__name__} has layers of no sight. There is nothing to search.")


class DrawSight(TrainerCallback):  # type: ignore[misc]
    """Draws a plan anew for every batch."""

    def __init__(self, space: Space) -> None:
        self.plans, self.drawn = space.plans, Random(space.seed)

    def prepare(self, backbone: Backbone) -> None:
        """Take the backbone, before it is trained."""
        self.switch = Switch(backbone)

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.switch.turn(self.drawn.choice(self.plans))

    def on_substep_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.switch.turn(self.drawn.choice(self.plans))
