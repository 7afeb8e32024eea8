"""A pretraining run: from a recipe to a backbone that transformers can read. Knows nothing of command lines."""

import json
import logging
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForSeq2SeqLM,
    TrainerCallback,
    set_seed,
)
from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES as MASKED

from tagwright.backbone.backbone import find_max_tokens
from tagwright.backbone.config import BackboneConfig
from tagwright.backbone.precision import is_bfloat16_fast, warn_of_bfloat16
from tagwright.backbone.reading.pretrained import read_pretrained
from tagwright.errors import ModelError, RecipeError
from tagwright.pretraining.architecture import build_model
from tagwright.pretraining.corpus.prepare import Prepared, prepare
from tagwright.pretraining.corpus.rows import PackedRows
from tagwright.pretraining.learning.arguments import make_arguments, pick_attention
from tagwright.pretraining.learning.learner import Learner
from tagwright.pretraining.learning.proof import prove_masks
from tagwright.pretraining.learning.trainer import PretrainingData, PretrainingTrainer
from tagwright.pretraining.objectives import OBJECTIVES, Objective, read_vocabulary
from tagwright.pretraining.recipe import PretrainingRecipe, PretrainingSteps
from tagwright.training.checkpoints import find_checkpoint
from tagwright.tuning.weights import count_weights

logger = logging.getLogger(__name__)
CHECKPOINTS, RUN = "checkpoints", "run.json"
IDLE = ("text.sources",)  # settings that change nothing of a run
DTYPE = "training.dtype"


@dataclass(frozen=True)
class Pretrained:
    """What a run gives: model and tokenizer, its text, the log, and the seconds that this process took."""

    model: Any
    recipe: PretrainingRecipe
    text: Prepared
    history: Sequence[dict[str, float]]
    seconds: float


def pretrain(
    recipe: PretrainingRecipe,
    folder: Path,
    *,
    resume: bool = False,
    callbacks: Sequence[TrainerCallback] = (),
    say: Callable[[str], None] = logger.info,
) -> Pretrained:
    """Train a backbone; checkpoints go to the folder while it runs, the backbone when it is done."""
    began = time.monotonic()
    recipe = recipe.decide()
    arguments = make_arguments(recipe.training, folder / CHECKPOINTS)
    recipe = resolve(recipe, arguments.device)
    with arguments.main_process_first(local=False):  # it writes; the others then find everything there
        checkpoint = find_checkpoint(folder / CHECKPOINTS) if resume else None
        _check_same_run(folder / CHECKPOINTS, recipe, is_new=checkpoint is None and arguments.process_index == 0)
        if recipe.model.start is not None:
            check_start(recipe)
            arguments.eval_on_start = checkpoint is None  # what it knew before
        text = prepare(recipe, Path(recipe.text.tokens or folder / "tokens"), say=say)
    set_seed(recipe.training.seed)
    kind = OBJECTIVES[recipe.objective.name]
    model = make_model(recipe, kind, tokenizer=text.tokenizer)
    start = getattr(model.config, "decoder_start_token_id", None)
    vocabulary = read_vocabulary(text.tokenizer, decoder_start=start)
    objective = kind(recipe.objective, vocabulary)
    model.to(dtype=getattr(torch, recipe.training.dtype))
    if objective.architecture == "one":  # of an encoder-decoder it would open the decoder
        model.config.is_causal = objective.final_sight == "left"
    learner = Learner(model, two=objective.architecture == "two")
    prove_masks(learner, sight=objective.final_sight)
    if recipe.training.torch_compile:
        learner.compile_layers()
    rows = [PackedRows(file, length=recipe.training.length) for file in (text.train, text.valid)]
    _check_rows(rows, recipe)
    trainer = PretrainingTrainer(
        learner,
        arguments,
        data=PretrainingData(objective, rows[0], rows[1], marks=vocabulary.sentinels),
        optimizer=recipe.training.optimizer,
        eval_rows=recipe.training.eval_rows,
    )
    for callback in callbacks:
        trainer.add_callback(callback)
    seen = count_tokens(recipe.training, recipe.training.max_steps)
    say(
        f"{count_weights(model) / 1e6:.2f} million weights, {len(text.train.tokens) / 1e6:.2f} million tokens of text, "
        f"to be read {seen / len(text.train.tokens):.1f} times"
    )
    trainer.train(checkpoint)
    trainer.restore_precision()
    model.config.use_cache = True
    history = [entry for entry in trainer.state.log_history if "train_runtime" not in entry]  # of this process alone
    return Pretrained(model, recipe, text, history, time.monotonic() - began)


def resolve(recipe: PretrainingRecipe, device: torch.device) -> PretrainingRecipe:
    """The recipe with the precision that a run on this device is in."""
    is_fast = is_bfloat16_fast(device)
    if recipe.training.dtype == "auto":
        return recipe.change({DTYPE: "bfloat16" if is_fast else "float32"})
    if recipe.training.dtype == "bfloat16" and not is_fast:
        warn_of_bfloat16('training.dtype is "bfloat16"', 'Set training.dtype = "auto" or "float32"')
    return recipe


def check_start(recipe: PretrainingRecipe) -> None:
    """Refuse a model to go on from that isn't of the kind that the objective is for, before any work."""
    name, wanted = recipe.model.start or "", recipe.objective.name
    config = load_start(recipe, AutoConfig)
    is_pair = OBJECTIVES[wanted].architecture == "two"
    if is_pair != bool(config.is_encoder_decoder):
        fitting = [each for each in OBJECTIVES if (OBJECTIVES[each].architecture == "two") != is_pair]
        kinds = ("an encoder-decoder", "one stack of layers")
        raise ModelError(
            f"objective {wanted!r} is for {kinds[not is_pair]}, and {name} ({config.model_type}) is {kinds[is_pair]}. "
            f"Choose objective {' or '.join(fitting)}, or another model."
        )


def load_start(recipe: PretrainingRecipe, kind: Any, **settings: Any) -> Any:
    """Something of the model of `model.start`."""
    asked = BackboneConfig(model=recipe.model.start or "", revision=recipe.model.revision)
    return read_pretrained(kind, asked, **settings)


def make_model(recipe: PretrainingRecipe, kind: type[Objective], *, tokenizer: Any) -> Any:
    """A new model, or the one to go on from."""
    attention = pick_attention(recipe.training)
    if recipe.model.start is None:
        return build_model(recipe.model, tokenizer, length=recipe.training.length, attn_implementation=attention)
    return load_model(recipe, kind, tokenizer=tokenizer, attention=attention)


def load_model(recipe: PretrainingRecipe, kind: type[Objective], *, tokenizer: Any, attention: str) -> Any:
    """The model of `model.start`, with the output layer that the objective needs."""
    name = recipe.model.start or ""
    settings = {"dtype": torch.float32, "attn_implementation": attention, "output_loading_info": True}
    loader = AutoModelForSeq2SeqLM if kind.architecture == "two" else AutoModelForCausalLM
    if kind.architecture == "one" and load_start(recipe, AutoConfig).model_type in MASKED:
        if kind.final_sight == "both":
            loader = AutoModelForMaskedLM
        else:
            settings["is_decoder"] = True  # what makes a BERT look left, also when it is loaded again
    model, report = load_start(recipe, loader, **settings)
    if lost := sorted(report["missing_keys"]):
        logger.warning("%s lacks %d weights, which start at random; the first is %s.", name, len(lost), lost[0])
    _check_fit(name, model, tokenizer, length=recipe.training.length)
    return model


def _check_fit(name: str, model: Any, tokenizer: Any, *, length: int) -> None:
    """Refuse rows or tokens that the model has no position or no vector for."""
    longest, size = find_max_tokens(model.config, tokenizer), model.get_input_embeddings().weight.shape[0]
    if length > longest:
        raise RecipeError(f"training.length is {length}, and {name} takes {longest} tokens. Lower training.length.")
    if len(tokenizer) > size:
        raise ModelError(
            f"The tokenizer has {len(tokenizer)} tokens, and {name} knows {size}. Leave out tokenizer.model, "
            "or give the tokenizer that the model was trained with."
        )


def count_tokens(settings: PretrainingSteps, steps: int) -> int:
    """Tokens that all devices together have read after so many steps."""
    devices: int = PartialState().num_processes
    batches = int((settings.model_extra or {}).get("gradient_accumulation_steps", 1)) * devices
    return steps * batches * settings.per_device_train_batch_size * settings.length


def _check_rows(rows: Sequence[PackedRows], recipe: PretrainingRecipe) -> None:
    for name, one, least in (("train", rows[0], recipe.training.per_device_train_batch_size), ("valid", rows[1], 1)):
        if len(one) < least:
            raise RecipeError(
                f"text.{name} fills {len(one)} rows of {one.length} tokens, and a batch needs {least}. "
                "Give more text, or lower training.length or training.per_device_train_batch_size."
            )


def check_folder(folder: Path, *, resume: bool, overwrite: bool) -> None:
    """Refuse to train into a folder that already holds a backbone or an unfinished run, unless told how."""
    if resume and not find_checkpoint(folder / CHECKPOINTS):
        logger.warning("There is nothing to resume in %s: starting from the beginning.", folder)
    if not resume and not overwrite and (is_finished(folder) or find_checkpoint(folder / CHECKPOINTS)):
        raise RecipeError(
            f"{folder} already holds a run. Use --resume to go on with it, --overwrite to start again, "
            "or choose another --out."
        )


def is_finished(folder: Path) -> bool:
    """A run in this folder has come to its end: its backbone is saved and no checkpoint is left."""
    return (folder / "config.json").exists() and find_checkpoint(folder / CHECKPOINTS) is None


def _check_same_run(place: Path, recipe: PretrainingRecipe, *, is_new: bool) -> None:
    """A run is resumed with its own settings, or not at all; what the text is called changes no number."""
    path = place / RUN
    now = recipe.to_dict()
    if is_new:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        path.write_text(json.dumps(now, indent=1, sort_keys=True), encoding="utf-8")
    else:
        was, new = _spell_out(json.loads(path.read_text(encoding="utf-8"))), _spell_out(now)
        changed = sorted(name for name in {**was, **new} if was.get(name) != new.get(name) and name not in IDLE)
        if changed:
            told = [f"{name} ({was.get(name)!r} then, {new.get(name)!r} now)" for name in changed]
            auto = ' For training.dtype "auto" is what this machine is quick in.' if DTYPE in changed else ""
            if "training.max_steps" in changed:
                auto += " To train a finished one for longer, go on from it: --model FOLDER, with another --out."
            raise RecipeError(
                f"--resume goes on with the settings of the run; changed are: {', '.join(told)}.{auto} "
                "Set them back, or start again with --overwrite."
            )


def _spell_out(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """All settings by dotted name."""
    return {
        f"{section}.{name}": value
        for section, part in recipe.items()
        if isinstance(part, Mapping)
        for name, value in part.items()
    }
