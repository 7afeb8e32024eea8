"""SparseConfig: the settings of tunings that move single weights. Does not load torch."""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tagwright.settings.reads import refuse_unread

FISH, FISH_DIP, PAPER = "fish", "fish-dip", "fish-dip:paper"
ONCE = ("percent", "within", "documents", "importance", "gradients", "reduce", "optimizer", "budget", "dense", "parts")
READS = {FISH: ONCE, FISH_DIP: (*ONCE, "every", "pool", "order", "state"), PAPER: ("percent",)}


@dataclass(frozen=True)
class SparsePlan:
    """The settings of SparseConfig with everything decided; the defaults are those of fish-dip."""

    percent: float = 1.0
    within: Literal["matrix", "model"] = "matrix"
    every: int | None = 100
    documents: int = 16
    pool: int | None = 256
    order: Literal["worst", "random"] = "worst"
    importance: Literal["fisher", "gradient", "random"] = "fisher"
    gradients: Literal["one-by-one", "together"] = "one-by-one"
    reduce: Literal["mean", "sum"] = "mean"
    optimizer: Literal["adam", "adafactor"] = "adam"
    state: Literal["keep", "reset"] = "keep"
    budget: float | None = None
    dense: tuple[str, ...] = ()
    parts: int = 2


PRESETS: dict[str, dict[str, Any]] = {
    FISH: {"every": None, "documents": 256, "order": "random", "pool": None},
    FISH_DIP: {},
    PAPER: {"within": "model", "pool": None, "reduce": "sum", "optimizer": "adafactor", "parts": 1},
}


class SparseConfig(BaseModel):
    """A setting that the chosen tuning doesn't read is refused; an empty one is the tuning's own default.

    percent: of the backbone's weights, how many move at a time; those of the dense part aren't counted.
    within: the highest scores are sought in each `matrix`, of which each gives the same percentage, or in the whole
    `model`, where most may lie in one layer.
    every: fish-dip: so many steps pass between two choices.
    documents: how many say which weights matter. More than there are means all.
    pool: fish-dip: the worst learned are sought among so many, drawn anew each time.
    order: fish-dip: the `worst` learned documents, or `random` ones.
    importance: of a weight: its squared gradients, document by document (`fisher`), its absolute ones (`gradient`), or
    a `random` number, as a control.
    gradients: of documents `one-by-one`, or of a few of one length `together`, quicker on a device that one document
    doesn't fill; the same weights are chosen. Not every model can.
    reduce: a document's loss is the `mean` or the `sum` over its words.
    optimizer: `adam` or `adafactor`, with state for the chosen weights only.
    state: fish-dip: weights that stay chosen `keep` their optimizer state, or all begin anew (`reset`).
    budget: percent of the backbone's weights that may ever be moved; empty means no bound.
    dense: weights of the backbone that move whole, by parts of their names (`norm`, `bias`); the head always does.
    parts: weights are scored in so many parts; more need less memory for a choice, and longer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "full"
    percent: float | None = Field(default=None, gt=0, le=100)
    within: Literal["matrix", "model"] | None = None
    every: int | None = Field(default=None, ge=1)
    documents: int | None = Field(default=None, ge=1)
    pool: int | None = Field(default=None, ge=1)
    order: Literal["worst", "random"] | None = None
    importance: Literal["fisher", "gradient", "random"] | None = None
    gradients: Literal["one-by-one", "together"] | None = None
    reduce: Literal["mean", "sum"] | None = None
    optimizer: Literal["adam", "adafactor"] | None = None
    state: Literal["keep", "reset"] | None = None
    budget: float | None = Field(default=None, gt=0, le=100)
    dense: tuple[str, ...] | None = Field(default=None, min_length=1)
    parts: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _check_sparse_settings(self) -> "SparseConfig":
        refuse_unread(self.name, self._list_sparse(), kind="tuning", reads=READS)
        if self.budget is not None and self.budget < self.plan_sparse().percent:
            raise ValueError(
                f"a budget of {self.budget:g} % is less than the {self.plan_sparse().percent:g} % that move at a time. "
                "Raise `budget` or lower `percent`."
            )
        return self

    def plan_sparse(self) -> SparsePlan:
        """The settings in force."""
        return SparsePlan(**(PRESETS.get(self.name, {}) | self._list_sparse()))

    def list_sparse_read(self) -> dict[str, Any]:
        """The settings of single weights that this tuning reads, as they are in force."""
        return {name: getattr(self.plan_sparse(), name) for name in READS.get(self.name, ())}

    def _list_sparse(self) -> dict[str, Any]:
        given = {name: getattr(self, name) for name in SparseConfig.model_fields if name != "name"}
        return {name: value for name, value in given.items() if value is not None}
