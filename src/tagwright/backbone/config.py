"""BackboneConfig: which pretrained model, and how words are read from it. Loads neither torch nor transformers."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tagwright.backbone.builtin import DEFAULT
from tagwright.backbone.sight.sight import Scope

ReadAt = Literal["mean", "first", "last"]
Dtype = Literal["float32", "bfloat16", "float16"]


class BackboneConfig(BaseModel):
    """`[backbone]` of a recipe.

    read_at: a word's state is the mean of its tokens' states, or that of its first or last token. `first` makes a
    causal model label a word before it has read it.
    sight: which layers look right: `none`, `all`, bits for groups of layers (`0011`: leftmost nearest the input),
    `top:8`, `bottom:4`, or a list of layers; empty leaves the model as it is. `learned` finds the layers in training
    by a gate for each, `learned:4` by one for each of four groups.
    scope: what open layers see: a tagger's the whole `document`, a writer's the `prompt`; empty is what its view needs.
    repeat: the text is given so many more times, and words are read in the last copy.
    max_tokens: the longest window, special tokens and repeats included; the model's own limit where that is smaller.
    overlap: how many of them neighbouring windows share.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = DEFAULT
    revision: str | None = None
    read_at: ReadAt = "mean"
    sight: str | tuple[int, ...] | None = None
    scope: Scope | None = None
    repeat: int = Field(default=0, ge=0)
    max_tokens: int = Field(default=512, ge=8)
    overlap: int = Field(default=128, ge=0)
    dtype: Dtype = "float32"
    attn_implementation: str | None = None
    gradient_checkpointing: bool = False
    trust_remote_code: bool = False

    @field_validator("sight", mode="before")
    @classmethod
    def _read_bits(cls, value: Any) -> Any:
        return str(value) if type(value) is int else value  # `--set backbone.sight=1100` comes as a number
