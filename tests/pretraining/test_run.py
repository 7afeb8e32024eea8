"""Whole runs: killed and resumed to the last bit, gone on from other models, refused before they cost time."""

import logging
import math
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModel,
    AutoModelForMaskedLM,
    BertForMaskedLM,
    GPT2LMHeadModel,
    LlamaForCausalLM,
    T5ForConditionalGeneration,
    TrainerCallback,
)

from tagwright.errors import ModelError, RecipeError
from tagwright.pretraining import run as room
from tagwright.pretraining.card import describe
from tagwright.pretraining.learning.trainer import BITS, SPEED, PretrainingTrainer
from tagwright.pretraining.recipe import PretrainingRecipe
from tagwright.pretraining.run import CHECKPOINTS, Pretrained, check_folder, is_finished, pretrain, resolve
from tagwright.training.checkpoints import find_checkpoint
from tiny_models import make_config
from tiny_pretraining import make_recipe
from tiny_tokenizers import learn_bytes

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "clm": ("clm", {"training.dtype": "bfloat16", "training.gradient_accumulation_steps": 2}),
    "clm in float32": ("clm", {"training.dtype": "float32", "training.optimizer": "adamw"}),
    "mlm": ("mlm", {"training.save_steps": 3}),
    "span": ("span", {"training.dtype": "bfloat16"}),
    "hybrid": ("hybrid", {"training.dtype": "float32"}),
}
MODELS = {"llama": LlamaForCausalLM, "bert": BertForMaskedLM, "gpt2": GPT2LMHeadModel, "t5": T5ForConditionalGeneration}


class Stop(TrainerCallback):  # type: ignore[misc]
    """What Ctrl-C does, at one point of the run."""

    def __init__(self, step: int, event: str) -> None:
        self.step = step
        setattr(self, event, self.stop)

    def stop(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == self.step:
            raise KeyboardInterrupt


def run(recipe: PretrainingRecipe, folder: Path, *stops: TrainerCallback, resume: bool = False) -> Pretrained:
    return pretrain(recipe, folder, resume=resume, callbacks=stops)


def list_log(outcome: Pretrained) -> list[dict[str, float]]:
    """The log but for the speed."""
    return [{name: value for name, value in entry.items() if name != SPEED} for entry in outcome.history]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("text")


def make_case(place: Path, name: str) -> PretrainingRecipe:
    objective, settings = CASES[name]
    return make_recipe(place, objective, **settings, **{"text.tokens": str(place / "tokens")})


@pytest.fixture(scope="module")
def uninterrupted(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Each case in one go."""
    return cache(lambda name: run(make_case(place, name), tmp_path_factory.mktemp("whole")))


@pytest.mark.parametrize(
    ("name", "step", "event"),
    [
        ("clm", 6, "on_step_end"),
        ("clm", 4, "on_save"),
        ("clm in float32", 7, "on_pre_optimizer_step"),
        ("mlm", 5, "on_step_end"),  # a checkpoint between two entries of the log
        ("mlm", 8, "on_train_end"),  # after the last checkpoint
        ("span", 6, "on_step_end"),
        ("span", 2, "on_step_end"),  # before the first checkpoint
        ("hybrid", 5, "on_log"),
    ],
)
def test_a_stopped_run_ends_in_the_same_log_and_weights(
    place: Path, uninterrupted: Any, tmp_path: Path, name: str, step: int, event: str
) -> None:
    recipe, whole = make_case(place, name), uninterrupted(name)
    with pytest.raises(KeyboardInterrupt):
        run(recipe, tmp_path, Stop(step if event != "on_log" else 6, event))
    resumed = run(recipe, tmp_path, resume=True)
    assert list_log(resumed) == list_log(whole)
    assert [entry for entry in whole.history if SPEED in entry] and all("train_loss" not in e for e in whole.history)
    weights = resumed.model.state_dict()
    assert [n for n, weight in whole.model.state_dict().items() if not torch.equal(weight, weights[n])] == []
    assert resumed.model.dtype == torch.float32


@pytest.mark.parametrize("name", CASES)
def test_it_learns_and_is_scored(uninterrupted: Any, name: str) -> None:
    outcome = uninterrupted(name)
    scored = [entry for entry in outcome.history if BITS in entry]
    assert len(scored) == 2 and scored[1][BITS] < scored[0][BITS]
    plain = [entry["eval_loss"] / math.log(2) / outcome.text.valid.bytes_per_token for entry in scored]
    shares = [entry[BITS] / each for entry, each in zip(scored, plain, strict=True)]
    if outcome.recipe.objective.name == "span":  # the marks of spans hold no bytes
        assert min(shares) > 1.2
    else:
        assert shares == pytest.approx([1, 1])
    assert outcome.model.config.use_cache is True


def test_what_is_saved_sees_what_it_saw(uninterrupted: Any, tmp_path: Path) -> None:
    """As transformers loads it: a decoder looks left, an encoder both ways, and the decoder of a pair looks left."""
    for name, looks_right in (("clm", False), ("mlm", True), ("hybrid", True), ("span", False)):
        outcome = uninterrupted(name)
        outcome.model.save_pretrained(tmp_path / name)
        model = AutoModel.from_pretrained(tmp_path / name).eval()
        ids = torch.arange(60, 70)[None]
        changed = ids.clone()
        changed[0, 5] = 99
        pair = {"input_ids": ids} if name == "span" else {}
        key = "decoder_input_ids" if name == "span" else "input_ids"
        states = [model(**pair, **{key: each}).last_hidden_state for each in (ids, changed)]
        moved = (states[0] != states[1]).any(-1)[0]
        assert moved[:5].any() == looks_right, name


def test_a_run_is_resumed_with_its_own_settings_only(place: Path, tmp_path: Path) -> None:
    recipe = make_case(place, "clm")
    with pytest.raises(KeyboardInterrupt):
        run(recipe, tmp_path, Stop(4, "on_save"))
    check_folder(tmp_path, resume=True, overwrite=False)
    assert not is_finished(tmp_path)
    with pytest.raises(
        RecipeError, match=r"objective.name \('clm' then, 'hybrid' now\), .*training.seed \(1 then, 5 now\)\. "
    ):
        changes = {"objective.name": "hybrid", "training.seed": 5}
        run(recipe.change(changes), tmp_path, resume=True)
    with pytest.raises(RecipeError, match="already holds a run"):
        check_folder(tmp_path, resume=False, overwrite=False)
    check_folder(tmp_path, resume=False, overwrite=True)
    assert find_checkpoint(tmp_path / CHECKPOINTS)
    run(recipe.change({"text.sources": ["told later"]}), tmp_path, resume=True)


@pytest.mark.parametrize(("is_fast", "dtype"), [(True, "bfloat16"), (False, "float32")])
def test_the_precision_is_what_the_machine_is_quick_in(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_fast: bool, dtype: str
) -> None:
    monkeypatch.setattr(room, "is_bfloat16_fast", lambda device: is_fast)
    recipe = make_recipe(place, **{"training.dtype": "auto", "text.tokens": str(place / "tokens")})
    seen: list[torch.dtype] = []

    class Watch(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *_: Any, model: Any, **__: Any) -> None:
            seen.append(model.dtype)

    with pytest.raises(KeyboardInterrupt):
        run(recipe, tmp_path, Watch(), Stop(5, "on_step_end"))
    assert set(seen) == {getattr(torch, dtype)}
    monkeypatch.setattr(room, "is_bfloat16_fast", lambda device: not is_fast)  # now on another machine
    with pytest.raises(RecipeError, match=rf"training.dtype \('{dtype}' then, .*\. For training.dtype \"auto\" is"):
        run(recipe, tmp_path, resume=True)
    outcome = run(recipe.change({"training.dtype": dtype}), tmp_path, resume=True)
    assert outcome.recipe.training.dtype == dtype and f", {dtype}" in describe(outcome)["Optimizer"]


def test_bfloat16_by_name_is_obeyed_and_warned_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told: list[str] = []
    monkeypatch.setattr(room, "warn_of_bfloat16", lambda asked, instead: told.append(asked))
    for is_fast, dtype in ((False, "float32"), (True, "bfloat16"), (False, "bfloat16")):
        monkeypatch.setattr(room, "is_bfloat16_fast", lambda device, is_fast=is_fast: is_fast)
        recipe = make_recipe(tmp_path, **{"training.dtype": dtype})
        assert resolve(recipe, torch.device("cpu")) == recipe
    assert told == ['training.dtype is "bfloat16"']


def test_a_resume_without_a_checkpoint_starts_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "tagwright"):
        check_folder(tmp_path, resume=True, overwrite=False)
    assert "There is nothing to resume" in caplog.text


@pytest.mark.parametrize(("part", "name"), [("train", "text.train"), ("held", "text.valid")])
def test_too_little_text_is_refused(tmp_path: Path, part: str, name: str) -> None:
    recipe = make_recipe(tmp_path)
    (tmp_path / f"{part}.txt").write_text("A fox.\n", "utf-8")
    with pytest.raises(RecipeError, match=rf"{name} fills 0 rows of 32 tokens"):
        run(recipe, tmp_path / "run")


# --- going on from another model -------------------------------------------------------------------------------------


def save_start(kind: str, folder: Path, **names: str) -> Path:
    """A model and a tokenizer of another origin."""
    torch.manual_seed(0)
    tokenizer = learn_bytes(prefix=False)
    tokenizer.add_special_tokens({"additional_special_tokens": [f"<extra_id_{n}>" for n in range(20)], **names})
    MODELS[kind](make_config(kind, vocab_size=len(tokenizer), pad_token_id=0)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def go_on(folder: Path, kind: str, objective: str, *, names: dict[str, str] | None = None, **changes: Any) -> Any:
    start = save_start(kind, folder / "start", **(names or {}))
    plain = {"model": {"start": str(start)}, "tokenizer": {}, "training.max_steps": 2, "training.save_steps": 2}
    settings = plain | {"training.logging_steps": 1, "training.dtype": "float32", "training.eval_steps": 1}
    return run(make_recipe(folder, **(settings | {"objective.name": objective} | changes)), folder / "run")


@pytest.mark.parametrize(
    ("kind", "objective"),
    [
        ("llama", "clm"),
        ("llama", "mntp"),
        ("gpt2", "clm"),
        ("gpt2", "mntp"),
        ("bert", "mlm"),
        ("bert", "clm"),
        ("t5", "span"),
    ],
)
def test_a_model_is_gone_on_from_and_sees_what_the_objective_says(tmp_path: Path, kind: str, objective: str) -> None:
    outcome = go_on(tmp_path, kind, objective, names={"mask_token": "<mask>"} if objective in ("mntp", "mlm") else None)
    scored = [entry["step"] for entry in outcome.history if BITS in entry]
    assert scored[0] == 0 and scored[-1] == outcome.recipe.training.max_steps  # what it knew before, and in the end
    outcome.model.save_pretrained(tmp_path / "saved")
    started = MODELS[kind].from_pretrained(tmp_path / "start").state_dict()
    ended = outcome.model.state_dict()
    shared = [name for name in started if name in ended]
    assert shared and any(not torch.equal(started[name], ended[name]) for name in shared)
    loaded = AutoModel.from_pretrained(tmp_path / "saved").eval()
    ids = torch.arange(60, 70)[None]
    changed = ids.clone()
    changed[0, 5] = 99
    key = "decoder_input_ids" if kind == "t5" else "input_ids"
    pair = {"input_ids": ids} if kind == "t5" else {}
    states = [loaded(**pair, **{key: each}).last_hidden_state for each in (ids, changed)]
    assert (states[0] != states[1]).any(-1)[0, :5].any() == (objective in ("mlm", "mntp"))


def test_a_tokenizer_without_a_mask_needs_one_to_be_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="mask_token"):
        go_on(tmp_path, "llama", "mntp")
    outcome = go_on(tmp_path, "llama", "mntp", tokenizer={"mask_token": "<unk>"})
    assert outcome.text.tokenizer.mask_token == "<unk>"


def test_weights_that_start_at_random_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    start = save_start("bert", tmp_path / "whole", mask_token="<mask>")
    AutoModelForMaskedLM.from_pretrained(start).bert.save_pretrained(tmp_path / "start")
    recipe = make_recipe(tmp_path, "mlm", model={"start": str(tmp_path / "start")}, tokenizer={"model": str(start)})
    with caplog.at_level(logging.WARNING, "tagwright"):
        run(recipe.change({"training.max_steps": 1}), tmp_path / "run")
    assert "weights, which start at random; the first is cls." in caplog.text


def test_rows_and_tokens_that_the_model_has_no_room_for_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"training.length is 48, and .*start takes 40 tokens"):
        go_on(tmp_path, "gpt2", "clm", **{"training.length": 48})
    learn_bytes(prefix=True).save_pretrained(tmp_path / "theirs")
    small = LlamaForCausalLM(make_config("llama", vocab_size=99))
    small.save_pretrained(tmp_path / "small")
    settings = {"model": {"start": str(tmp_path / "small")}, "tokenizer": {"model": str(tmp_path / "theirs")}}
    with pytest.raises(ModelError, match=r"The tokenizer has \d+ tokens, and .*small knows 99"):
        run(make_recipe(tmp_path, **settings), tmp_path / "run")


def test_a_model_of_the_wrong_kind_or_none_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"'span' is for an encoder-decoder, and .*start \(llama\) is one stack"):
        go_on(tmp_path, "llama", "span")
    with pytest.raises(ModelError, match=r"'clm' is for one stack of layers, .* Choose objective span, or another"):
        go_on(tmp_path / "two", "t5", "clm")
    with pytest.raises(ModelError, match="There is no built-in model called 'builtin:tiny'"):
        run(make_recipe(tmp_path, model={"start": "builtin:tiny"}, tokenizer={}), tmp_path / "run")


# --- steps that ask nothing ------------------------------------------------------------------------------------------


def test_held_out_text_is_asked_what_comes_last(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After clm-then-mlm only masked tokens are scored, whatever the number of the batch."""
    sights: list[str] = []
    prepare_inputs = PretrainingTrainer._prepare_inputs

    def watch(self: PretrainingTrainer, lesson: dict[str, Any]) -> Any:
        sights.append(("train " if self.model.training else "") + lesson["sight"])
        return prepare_inputs(self, lesson)

    monkeypatch.setattr(PretrainingTrainer, "_prepare_inputs", watch)
    run(make_recipe(place, "clm-then-mlm", **{"text.tokens": str(place / "tokens")}), tmp_path)
    assert sights.count("train left") == sights.count("train both") == 4
    assert "both" in sights and "left" not in sights


def test_rows_that_ask_nothing_are_no_division_by_0(place: Path, tmp_path: Path) -> None:
    settings = {"objective.rate": 1e-3, "text.tokens": str(place / "tokens")}
    with pytest.raises(RecipeError, match="The held-out rows ask for no prediction"):
        run(make_recipe(place, "mlm", **settings), tmp_path)
