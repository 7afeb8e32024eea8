"""TrainingConfig: how training goes, in TrainingArguments' own names. Loads neither torch nor transformers."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

SCORED = "Dev is labelled as in prediction, in batches of its own; leave it out."
BUCKETS = "Batches are always made of documents of like length; leave it out."
LATER = "Training on several devices keeps a whole model on each: start it with torchrun and leave this out."
HUB = "A saved labeler is uploaded by labeler.push_to_hub(name); leave it out."
MENDED = {  # names of other versions, other tools or other models -> what to write
    "evaluation_strategy": "Use eval_strategy.",
    "warmup_ratio": "Use warmup_steps; below 1 it is a share of all steps.",
    "batch_size": "Use per_device_train_batch_size (documents) or tokens_per_batch.",
    "per_gpu_train_batch_size": "Use per_device_train_batch_size (documents) or tokens_per_batch.",
    "epochs": "Use num_train_epochs.",
    "lr": "Use learning_rate.",
    "patience": "Use early_stopping_patience.",
    "no_cuda": "Use use_cpu.",
    "logging_dir": "Trackers have their own settings; leave it out.",
    "overwrite_output_dir": "`--resume` continues a run, otherwise a used folder is refused; leave it out.",
    "resume_from_checkpoint": "Use `--resume`.",
    "auto_find_batch_size": "Use tokens_per_batch: it bounds the memory of a batch.",
    "gradient_checkpointing": "Use backbone.gradient_checkpointing.",
    "activation_checkpointing": "Use backbone.gradient_checkpointing.",
    "label_smoothing_factor": "The head has the loss: see head.focal and head.class_weights.",
    "save_only_model": "A checkpoint is there to be resumed from; leave it out.",
    "neftune_noise_alpha": "Labelers don't have it; leave it out.",
    **dict.fromkeys(("group_by_length", "train_sampling_strategy", "length_column_name"), BUCKETS),
    **dict.fromkeys(
        ("bf16_full_eval", "fp16_full_eval", "per_device_eval_batch_size", "eval_accumulation_steps"), SCORED
    ),
    **dict.fromkeys(("deepspeed", "fsdp", "fsdp_config", "parallelism_config"), LATER),
    **dict.fromkeys(("push_to_hub", "hub_model_id", "hub_token", "hub_strategy", "hub_private_repo"), HUB),
}


class TrainingConfig(BaseModel):
    """`[training]` of a recipe: any TrainingArguments name is accepted; these have defaults of our own.

    learning_rate: empty means 5e-5; for the small built-in backbones 2e-3, or 1e-3 for the untrained one. Tunings that
    move few weights take 4 times (lora, dora, qlora, shira) or 20 times (bitfit, ia3, prefix) longer steps.
    tokens_per_batch: a budget of padded tokens per batch and device, instead of a number of documents.
    early_stopping_patience: stop after so many evaluations on dev without a better F1; 0 means never. It needs the
    checkpoint of the best one, so it is at rest where save_strategy and eval_strategy differ.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    learning_rate: float | None = Field(default=None, gt=0)
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
    early_stopping_patience: int | None = Field(default=5, ge=0)
    eval_strategy: Literal["no", "epoch", "steps"] = "epoch"
    save_strategy: Literal["no", "epoch", "steps"] = "epoch"
    save_total_limit: int = Field(default=2, ge=1)
    report_to: str | list[str] = "none"

    @model_validator(mode="before")
    @classmethod
    def _refuse_old_names(cls, values: Any) -> Any:
        if isinstance(values, dict):
            if wrong := [f"`{name}` is not a setting here. {hint}" for name, hint in MENDED.items() if name in values]:
                raise ValueError(" ".join(wrong))
            if workers := [name for name in values if name.startswith("dataloader_")]:
                raise ValueError(f"`{workers[0]}` has no use here: documents are encoded once. Leave it out.")
        return values

    @model_validator(mode="after")
    def _check_batches(self) -> "TrainingConfig":
        if self.tokens_per_batch is not None and self.per_device_train_batch_size is not None:
            raise ValueError(
                "`tokens_per_batch` and `per_device_train_batch_size` both say how large a batch is. Keep one of them."
            )
        return self

    @property
    def chooses_epoch(self) -> bool:
        """The best epoch on dev is kept: each one that is scored is also saved."""
        return self.eval_strategy != "no" and self.eval_strategy == self.save_strategy

    @property
    def documents_per_batch(self) -> int | None:
        """Documents in a batch; None where a token budget rules."""
        if self.tokens_per_batch is not None:
            return None
        return self.per_device_train_batch_size or 16
