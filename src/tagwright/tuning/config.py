"""TuningConfig: which weights move. Does not load torch."""

from pydantic import BaseModel, ConfigDict, Field


class TuningConfig(BaseModel):
    """`[tuning]` of a recipe. `head_learning_rate` is for what starts from random weights; empty means the same."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "full"
    head_learning_rate: float | None = Field(default=None, gt=0)
