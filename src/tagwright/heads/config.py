"""HeadConfig: which head, and how it learns. Does not load torch."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tagwright.settings.reads import list_given, list_read

READS: dict[str, tuple[str, ...]] = {
    "softmax": ("scheme", "dropout", "class_weights", "focal"),
    "crf": ("scheme", "dropout"),
    "pairs": ("dropout", "given", "longest", "beam"),
}


class HeadConfig(BaseModel):
    """`[head]` of a recipe.

    scheme: how spans become tags; `auto` takes WORD where every gold span is one word, else BIO.
    class_weights: `balanced` weighs a tag by the inverse of its frequency in the training documents.
    focal: the focusing power of the focal loss; 0 is plain cross-entropy.
    Both weigh words one by one: a CRF scores a document's tags together, and `pairs` scores no words.

    The head `pairs` has no scheme; it has:
    given: what documents come with: `nothing`; `predicates`, the spans with a label, whose roles are to be found;
    or all `spans`, whose relations are.
    longest: the most words of a span that can be found.
    beam: how many spans, and how many pairs of spans, are looked at closely for each word of a document.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "softmax"
    scheme: Literal["auto", "IO", "IOB1", "BIO", "BIOES", "WORD"] = "auto"
    dropout: float = Field(default=0.1, ge=0, lt=1)
    class_weights: Literal["none", "balanced"] = "none"
    focal: float = Field(default=0.0, ge=0)
    given: Literal["nothing", "predicates", "spans"] = "nothing"
    longest: int = Field(default=16, ge=1)
    beam: float = Field(default=1.0, gt=0)

    def list_read(self) -> dict[str, Any]:
        """The name and the settings that this head reads, as plain values."""
        return list_read(self, READS, of=self.name)

    @model_validator(mode="after")
    def _check_weights(self) -> "HeadConfig":
        if self.name in ("crf", "pairs") and (self.focal or self.class_weights != "none"):
            raise ValueError(f"`focal` and `class_weights` weigh single words; {self.name} has none. Use softmax.")
        return self

    @model_validator(mode="after")
    def _check_parts(self) -> "HeadConfig":
        if self.name == "pairs" and self.scheme != "auto":
            raise ValueError("`scheme` codes spans as tags of words, of which the pairs head has none. Leave it out.")
        alien = [name for name in list_given(self) if name in ("given", "longest", "beam")]
        if self.name in ("softmax", "crf") and alien:
            raise ValueError(f"`{alien[0]}` is of the pairs head; {self.name} tags words. Leave it out, or use pairs.")
        return self
