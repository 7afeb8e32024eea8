"""TrainingConfig: how training goes, in TrainingArguments' own names. Loads neither torch nor transformers."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

RENAMED = {
    "evaluation_strategy": "eval_strategy",
    "warmup_ratio": "warmup_steps (a share such as 0.1 is accepted)",
    "batch_size": "per_device_train_batch_size (documents) or tokens_per_batch",
    "epochs": "num_train_epochs",
    "lr": "learning_rate",
    "group_by_length": "nothing: batches are always made of documents of like length",
    "fp16_full_eval": "eval_bf16",
    "logging_dir": "nothing: trackers have their own settings",
    "overwrite_output_dir": "nothing: `--resume` continues, otherwise a used folder is refused",
    "no_cuda": "use_cpu",
}


class TrainingConfig(BaseModel):
    """`[training]` of a recipe: any TrainingArguments name is accepted; these have defaults of our own.

    tokens_per_batch: a budget of padded tokens per batch and device, instead of a number of documents.
    early_stopping_patience: stop after so many evaluations on dev without a better F1; empty means never.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    learning_rate: float = Field(default=5e-5, gt=0)
    num_train_epochs: float = Field(default=10, gt=0)
    max_steps: int = -1
    per_device_train_batch_size: int | None = Field(default=None, ge=1)
    tokens_per_batch: int | None = Field(default=None, ge=16)
    gradient_accumulation_steps: int = Field(default=1, ge=1)
    warmup_steps: float = Field(default=0.1, ge=0)
    lr_scheduler_type: str = "linear"
    weight_decay: float = Field(default=0.01, ge=0)
    max_grad_norm: float = Field(default=1.0, ge=0)
    seed: int = Field(default=1, ge=0)
    bf16: bool = False
    early_stopping_patience: int | None = Field(default=5, ge=1)
    eval_strategy: Literal["no", "epoch", "steps"] = "epoch"
    save_strategy: Literal["no", "epoch", "steps"] = "epoch"
    save_total_limit: int = Field(default=2, ge=1)
    report_to: str = "none"

    @model_validator(mode="before")
    @classmethod
    def _refuse_old_names(cls, values: Any) -> Any:
        if isinstance(values, dict):
            for old, new in RENAMED.items():
                if old in values:
                    raise ValueError(f"`{old}` is not a setting here. Use {new}.")
        return values

    @model_validator(mode="after")
    def _check_batches(self) -> "TrainingConfig":
        if self.tokens_per_batch is not None and self.per_device_train_batch_size is not None:
            raise ValueError(
                "`tokens_per_batch` and `per_device_train_batch_size` both say how large a batch is. Keep one of them."
            )
        return self

    @property
    def documents_per_batch(self) -> int | None:
        """Documents in a batch; None where a token budget rules."""
        if self.tokens_per_batch is not None:
            return None
        return self.per_device_train_batch_size or 16
