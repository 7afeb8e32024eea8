"""HeadConfig: which head, and how it learns. Does not load torch."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class HeadConfig(BaseModel):
    """`[head]` of a recipe.

    scheme: how spans become tags; `auto` takes WORD where every gold span is one word, else BIO.
    class_weights: `balanced` weighs a tag by the inverse of its frequency in the training documents.
    focal: the focusing power of the focal loss; 0 is plain cross-entropy.
    Both weigh words one by one, which a CRF can't: it scores a document's tags together.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "softmax"
    scheme: Literal["auto", "IO", "IOB1", "BIO", "BIOES", "WORD"] = "auto"
    dropout: float = Field(default=0.1, ge=0, lt=1)
    class_weights: Literal["none", "balanced"] = "none"
    focal: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _check_weights(self) -> "HeadConfig":
        if self.name == "crf" and (self.focal or self.class_weights != "none"):
            raise ValueError("`focal` and `class_weights` weigh single words; the crf head has none. Use softmax.")
        return self
