"""PretrainingRecipe: one frozen model of everything a pretraining run is told; TOML in, TOML out. Loads no data."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from tagwright.backbone.builtin import PREFIX
from tagwright.pretraining.architecture import ModelConfig
from tagwright.pretraining.objectives import OBJECTIVES
from tagwright.pretraining.objectives.config import READS, ObjectiveConfig
from tagwright.registry import suggest
from tagwright.settings.settings import Settings
from tagwright.training.config import MENDED

OURS_TOO = "The held-out text is read in batches of per_device_train_batch_size; leave it out."
OPTIMIZERS = "Choose training.optimizer; its constants are fixed. Leave it out."
REFUSED = {  # names of other versions or tools, and of what has no use here -> what to write
    **MENDED,
    "batch_size": "Use per_device_train_batch_size (rows).",
    "per_gpu_train_batch_size": "Use per_device_train_batch_size (rows).",
    "epochs": "Use max_steps.",
    "num_train_epochs": "Use max_steps.",
    "patience": "A run has max_steps steps; leave it out.",
    "auto_find_batch_size": "Lower per_device_train_batch_size where memory is short.",
    "label_smoothing_factor": "Objectives have no label smoothing; leave it out.",
    "neftune_noise_alpha": "Objectives add no noise; leave it out.",
    "ignore_data_skip": "A resumed run goes on with the rows it was at; leave it out.",
    "data_seed": "Use seed.",
    "bf16": "Use dtype.",
    "fp16": "Use dtype.",
    **dict.fromkeys(("gradient_checkpointing", "activation_checkpointing"), "Use shorter rows or smaller batches."),
    **dict.fromkeys(("group_by_length", "train_sampling_strategy", "length_column_name"), "Rows have one length."),
    **dict.fromkeys(("bf16_full_eval", "fp16_full_eval", "per_device_eval_batch_size"), OURS_TOO),
    "eval_accumulation_steps": OURS_TOO,
    **dict.fromkeys(("optim", "optim_args", "adam_beta1", "adam_beta2", "adam_epsilon"), OPTIMIZERS),
    **dict.fromkeys(
        ("push_to_hub", "hub_model_id", "hub_token", "hub_strategy", "hub_private_repo"),
        "Upload the folder when it is done; leave it out.",
    ),
}
NEW_RATE, BUILTIN_RATE, NEXT_RATE = 1.2e-2, 4e-3, 2e-4  # learning rates: of a new model, of those gone on from

Names = Annotated[tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)]


class TextConfig(BaseModel):
    """`[text]`: files (plain, .gz, .zst), globs, or `hub:NAME`; a paragraph a line, an empty line between documents.

    valid: held-out text. avoid: labelled files; a paragraph that shares `avoid_words` words in a row with one of them
    is dropped and counted. sources: lines for the model card: what the text is, whose, under which licence.
    tokens: the folder of the token file, made once; empty means `tokens` in the run's folder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    train: Names = ()
    valid: Names = ()
    avoid: Names = ()
    avoid_words: int = Field(default=13, ge=2)
    sources: Names = ()
    tokens: str | None = None


class TokenizerConfig(BaseModel):
    """`[tokenizer]`: learned from the text at this size, or `model`'s (hub id or folder), or that of `model.start`.

    mask_token: the token that hides others, for a tokenizer that has none of its own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(default=8192, ge=400)
    model: str | None = None
    mask_token: str | None = None


class PretrainingSteps(BaseModel):
    """`[training]`: any TrainingArguments name is accepted; these have defaults of our own or are ours.

    length: tokens in a row. per_device_train_batch_size: rows in a batch.
    learning_rate: empty means 1.2e-2 for a new model, 4e-3 to go on from a built-in one, and 2e-4 from any other.
    optimizer: `muon` for the matrices within (AdamW for the rest), or `adamw`. dtype: of weights and activations while
    training, the optimizer keeps its own float32 copy; `auto` is bfloat16 where the machine has it in hardware, else
    float32. save_dtype: of the weights that are saved.
    torch_compile: needs a C++ compiler on CPUs. attn_implementation: empty means eager on CPUs, sdpa elsewhere.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    length: int = Field(default=256, ge=8)
    max_steps: int = Field(default=1000, ge=1)
    per_device_train_batch_size: int = Field(default=32, ge=1)
    learning_rate: float | None = Field(default=None, gt=0)
    lr_scheduler_type: str = "linear"
    warmup_steps: float = Field(default=0.03, ge=0)
    weight_decay: float = Field(default=0.05, ge=0)
    max_grad_norm: float = Field(default=1.0, ge=0)
    optimizer: Literal["muon", "adamw"] = "muon"
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    save_dtype: Literal["float16", "bfloat16", "float32"] = "float16"
    torch_compile: bool = False
    attn_implementation: str | None = None
    eval_rows: int = Field(default=128, ge=1)
    eval_steps: float = Field(default=0.05, gt=0)
    save_steps: float = Field(default=0.05, gt=0)
    logging_steps: float = Field(default=0.005, gt=0)
    save_total_limit: int = Field(default=1, ge=1)
    seed: int = Field(default=1, ge=0)

    @model_validator(mode="before")
    @classmethod
    def _refuse_old_names(cls, values: Any) -> Any:
        if isinstance(values, dict):
            if wrong := [f"`{name}` is not a setting here. {hint}" for name, hint in REFUSED.items() if name in values]:
                raise ValueError(" ".join(wrong))
            if workers := [name for name in values if name.startswith("dataloader_")]:
                raise ValueError(f"`{workers[0]}` has no use here: rows are read from a mapped file. Leave it out.")
        return values


class PretrainingRecipe(Settings):
    """All settings of a pretraining run. `out` is the folder of the backbone, its report and its checkpoints."""

    hint_if_missing: ClassVar[str] = " `recipes/builtin/` holds some to start from."
    strange: ClassVar[Mapping[str, str]] = {"data": "tagwright train", "backbone": "tagwright train"}

    out: str | None = None
    text: TextConfig = TextConfig()
    tokenizer: TokenizerConfig = TokenizerConfig()
    model: ModelConfig = ModelConfig()
    objective: ObjectiveConfig = ObjectiveConfig()
    training: PretrainingSteps = PretrainingSteps()

    def decide(self) -> "PretrainingRecipe":
        """The recipe with what it leaves open, but for what the machine decides."""
        start = self.model.start
        rate = NEW_RATE if start is None else BUILTIN_RATE if start.startswith(PREFIX) else NEXT_RATE
        hidden = {"objective.rate": self.objective.share} if "rate" in READS.get(self.objective.name, ()) else {}
        return self.change({"training.learning_rate": self.training.learning_rate or rate, **hidden})

    def _find_faults(self) -> Iterator[str]:
        if not self.text.train:
            yield "  text.train: nothing to learn from. Name text files, globs or hub: data sets."
        if not self.text.valid:
            yield "  text.valid: no held-out text. Name files that are not in text.train."
        if self.objective.name not in OBJECTIVES:
            hint = suggest(self.objective.name, OBJECTIVES)
            yield f"  objective.name: no objective is called {self.objective.name!r}.{hint}"
        elif self.model.start is None:
            yield from self._check_kind()
        yield from self._find_idle()

    def _check_kind(self) -> Iterator[str]:
        is_pair = OBJECTIVES[self.objective.name].architecture == "two"
        if is_pair != (self.model.kind == "encoder-decoder"):
            wanted = "'encoder-decoder'" if is_pair else "'decoder' or 'encoder'"
            yield f"  model.kind: objective {self.objective.name!r} needs {wanted}, not {self.model.kind!r}."

    def _find_idle(self) -> Iterator[str]:
        """Settings that nothing would read. A default is no wish: a resolved recipe spells all of them out."""
        start, tokenizer = self.model.start, self.tokenizer.model
        if start is not None:
            if names := _list_changed(self.model, ("kind", "width", "inner_width", "layers", "heads")):
                told = ", ".join(f"model.{name}" for name in names)
                yield f"  {told}: a model to go on from (--model) keeps its own. Leave them out, or that model."
            if self.out is not None and Path(self.out).resolve() == Path(start).resolve():
                yield f"  out: {self.out} holds the model to go on from, which would be replaced. Choose another."
        elif self.model.revision is not None:
            yield "  model.revision: it is that of model.start, which is not given."
        if start is not None or tokenizer is not None:
            for name in _list_changed(self.tokenizer, ("size",)):
                origin = "tokenizer.model" if tokenizer is not None else "model.start"
                yield f"  tokenizer.{name}: no tokenizer is learned, it is that of {origin}. Leave out one of the two."
        if not self.text.avoid:
            for name in _list_changed(self.text, ("avoid_words",)):
                yield f"  text.{name}: there are no labelled files to compare with. Name some in text.avoid."


def _list_changed(section: BaseModel, names: tuple[str, ...]) -> list[str]:
    fields = type(section).model_fields
    return [name for name in names if getattr(section, name) != fields[name].default]
