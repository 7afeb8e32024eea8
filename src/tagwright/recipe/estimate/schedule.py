"""Schedule: how many steps a training has, and how often dev is scored meanwhile. Trains nothing."""

from dataclasses import dataclass
from math import ceil

from tagwright.training.arguments import LOGGED
from tagwright.training.config import TrainingConfig


@dataclass(frozen=True)
class Schedule:
    """steps: of the optimizer. epochs: what they come to. looks: at dev, without the one at the end."""

    steps: int
    epochs: float
    looks: int


def plan_steps(settings: TrainingConfig, *, batches: int) -> Schedule:
    """`batches`: of an epoch, of which some may be accumulated into one step. A share of steps is of all of them."""
    in_epoch = max(1, ceil(batches / settings.gradient_accumulation_steps))
    steps = settings.max_steps if settings.max_steps > 0 else ceil(in_epoch * settings.num_train_epochs)
    named = settings.model_extra or {}
    apart = named.get("eval_steps") or named.get("logging_steps") or LOGGED
    apart = ceil(apart * steps) if apart < 1 else apart
    looks = {"no": 0, "epoch": ceil(steps / in_epoch), "steps": int(steps / apart)}
    return Schedule(steps, steps / in_epoch, looks[settings.eval_strategy])
