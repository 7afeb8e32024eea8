"""ObjectiveConfig: what is predicted from what. Does not load torch."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tagwright.settings.reads import list_given, refuse_unread

MASKED = ("rate", "replace", "whole_words")
READS: dict[str, tuple[str, ...]] = {
    "clm": (),
    "mlm": MASKED,
    "mntp": ("rate",),
    "span": ("rate", "span_length"),
    "clm-then-mlm": (*MASKED, "causal_share"),
    "hybrid": (*MASKED, "causal_share"),
}
RATES = {"mlm": 0.3, "mntp": 0.2, "span": 0.15, "clm-then-mlm": 0.3, "hybrid": 0.3}  # where none is named


class ObjectiveConfig(BaseModel):
    """`[objective]` of a pretraining recipe. A setting that the chosen objective doesn't read is refused.

    rate: share of the tokens that are masked or cut out; empty means that of RATES.
    replace: what stands at a masked place: always the mask, or as in BERT the mask, a random token or the token
    itself (80/10/10).
    whole_words: mask all tokens of a word or none.
    span_length: mean number of tokens that span corruption cuts out at once.
    causal_share: hybrid: share of the batches that are causal; clm-then-mlm: share of the run that is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "clm"
    rate: float | None = Field(default=None, gt=0, lt=1)
    replace: Literal["bert", "mask"] = "mask"
    whole_words: bool = False
    span_length: float = Field(default=3.0, ge=1)
    causal_share: float = Field(default=0.5, ge=0, le=1)

    @property
    def share(self) -> float:
        """The rate, or what it is where none is named; 0 for an objective that has none."""
        return RATES.get(self.name, 0.0) if self.rate is None else self.rate

    @model_validator(mode="after")
    def _check_settings_are_read(self) -> "ObjectiveConfig":
        if self.name in READS:  # the table of objectives says so else, and what is meant
            refuse_unread(self.name, list_given(self), kind="objective", reads=READS)
        return self
