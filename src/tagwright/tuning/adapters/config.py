"""AdapterConfig: the settings of tunings that put weights on a backbone. Loads neither torch nor peft."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tagwright.settings.reads import list_given, list_read, refuse_unread

READS: dict[str, tuple[str, ...]] = {
    "lora": ("rank", "alpha", "dropout", "targets"),
    "dora": ("rank", "alpha", "dropout", "targets"),
    "qlora": ("rank", "alpha", "dropout", "targets"),
    "shira": ("rank", "targets"),
    "ia3": ("targets",),
    "prefix": ("virtual_tokens",),
}


class AdapterConfig(BaseModel):
    """A setting that the chosen tuning doesn't read is refused.

    rank: of the two matrices beside each weight matrix; shira moves as many single weights as these would hold.
    alpha: what they add counts alpha / rank times; empty means once.
    dropout: of what goes into them.
    targets: the matrices by the ends of their names (`q_proj`); empty means all of lora's and dora's layers, and of
    ia3 and shira those that peft names for the architecture.
    virtual_tokens: prefix: how many keys and values are learned for every layer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "full"
    rank: int = Field(default=8, ge=1)
    alpha: float | None = Field(default=None, gt=0)
    dropout: float = Field(default=0.0, ge=0, lt=1)
    targets: tuple[str, ...] | None = Field(default=None, min_length=1)
    virtual_tokens: int = Field(default=20, ge=1)

    @model_validator(mode="after")
    def _check_settings_are_read(self) -> "AdapterConfig":
        refuse_unread(self.name, list_given(self, of=AdapterConfig), kind="tuning", reads=READS)
        return self

    @property
    def scale(self) -> float:
        """alpha, decided."""
        return float(self.rank) if self.alpha is None else self.alpha

    def list_read(self) -> dict[str, Any]:
        """The name and the settings of adapters that this tuning reads, as plain values."""
        return list_read(self, READS, of=self.name)
