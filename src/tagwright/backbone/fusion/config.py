"""FusionConfig: which layers the head reads, and how they are joined. Loads neither torch nor transformers."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tagwright.settings.reads import list_given, list_read, refuse_unread

READS: dict[str, tuple[str, ...]] = {
    "last": (),
    "layer": ("layer",),
    "mean": ("top_k",),
    "mix": ("layers",),
    "concat": ("layers", "inner", "budget"),
    "mlp": ("inner", "budget"),
    "deeper": ("blocks", "heads", "inner", "budget"),
    "dwatt": ("layers", "gamma", "d_pos", "rank", "budget"),
    "dwatt:paper": ("layers", "gamma", "d_pos", "budget"),
}
SOLVED = ("gamma", "inner")  # what a budget decides
Layer = Annotated[int, Field(ge=0)]


class FusionConfig(BaseModel):
    """`[fusion]` of a recipe. A setting that the chosen fusion doesn't read is refused.

    Layers are numbered as a model gives them: 0 the embeddings, n the output of the nth layer, the last one after the
    model's final norm.

    layers: those that are joined, in rising order; empty means all, the embeddings included.
    layer: the one that `layer` reads.
    top_k: how many of the topmost `mean` takes; empty means 4, or all of a model with fewer.
    inner: width between two matrices; empty means the model's own for concat and deeper, four times that for mlp.
    gamma: dwatt: width within the MLP of each layer, as a share of the states'.
    d_pos: dwatt: numbers that a layer's key is learned in.
    rank: dwatt: attend over states brought down to so many numbers by one matrix for all layers.
    blocks, heads: deeper: how many transformer layers over words, and the heads of their attention.
    budget: weights to add, met within 2 %: solves gamma (or rank, where no gamma meets it), or the inner width.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "last"
    layers: tuple[Layer, ...] | None = Field(default=None, min_length=1)
    layer: Layer | None = None
    top_k: int | None = Field(default=None, ge=1)
    inner: int | None = Field(default=None, ge=1)
    gamma: float = Field(default=0.5, gt=0)
    d_pos: int = Field(default=24, ge=1)
    rank: int | None = Field(default=None, ge=1)
    blocks: int = Field(default=2, ge=1)
    heads: int = Field(default=4, ge=1)
    budget: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _check_settings_are_read(self) -> "FusionConfig":
        if self.name not in READS:  # the table of fusions says so, and what is meant
            return self
        given = list_given(self)
        refuse_unread(self.name, given, kind="fusion", reads=READS)
        if "budget" in given and (solved := [name for name in given if name in SOLVED]):
            raise ValueError(f"`budget` solves `{solved[0]}`. Give one of them.")
        return self

    @model_validator(mode="after")
    def _check_layers(self) -> "FusionConfig":
        if self.name == "layer" and self.layer is None:
            raise ValueError("fusion 'layer' reads one layer: say which, `layer = n` (0 is the embeddings).")
        if self.layers is not None and list(self.layers) != sorted(set(self.layers)):
            raise ValueError(f"`layers` names each layer once, in rising order; found {list(self.layers)}.")
        return self

    def list_read(self) -> dict[str, Any]:
        """The name and the settings that this fusion reads, as plain values."""
        return list_read(self, READS, of=self.name)
