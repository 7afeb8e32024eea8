"""TuningConfig: which weights move. Does not load torch."""

from pydantic import ConfigDict, Field

from tagwright.tuning.adapters.config import AdapterConfig
from tagwright.tuning.sparse.config import SparseConfig


class TuningConfig(AdapterConfig, SparseConfig):
    """`[tuning]` of a recipe. `head_learning_rate` is for what starts from random weights; empty means the same."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    head_learning_rate: float | None = Field(default=None, gt=0)
