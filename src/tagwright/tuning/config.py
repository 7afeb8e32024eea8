"""TuningConfig: which weights move. Does not load torch."""

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from tagwright.tuning.adapters.config import AdapterConfig
from tagwright.tuning.sparse.config import SparseConfig


class TuningConfig(AdapterConfig, SparseConfig):
    """`[tuning]` of a recipe.

    head_learning_rate: for what starts from random weights; empty means the same.
    features: frozen: the precision in which the states of words are kept on disk, so that the backbone runs once.
    `auto` is the one it computes in, which loses nothing; `off` lets it run in every epoch.
    features_folder: frozen: where they are kept, for the next run too; empty means with the run, until it ends.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    head_learning_rate: float | None = Field(default=None, gt=0)
    features: Literal["auto", "bfloat16", "float16", "off"] = "auto"
    features_folder: str | None = None

    @model_validator(mode="after")
    def _check_features(self) -> "TuningConfig":
        if self.name != "frozen" and (self.features != "auto" or self.features_folder is not None):
            raise ValueError(
                f"only the features of a frozen backbone can be kept; tuning {self.name!r} moves it. "
                "Remove `features` and `features_folder`."
            )
        return self
