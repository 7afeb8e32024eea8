"""HeadConfig: which head, and how it learns. Does not load torch."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class HeadConfig(BaseModel):
    """`[head]` of a recipe.

    scheme: how spans become tags; `auto` takes WORD where every gold span is one word, else BIO.
    class_weights: `balanced` weighs a tag by the inverse of its frequency in the training documents.
    focal: the focusing power of the focal loss; 0 is plain cross-entropy. Softmax only.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "softmax"
    scheme: Literal["auto", "IO", "IOB1", "BIO", "BIOES", "WORD"] = "auto"
    dropout: float = Field(default=0.1, ge=0, lt=1)
    class_weights: Literal["none", "balanced"] = "none"
    focal: float = Field(default=0.0, ge=0)
