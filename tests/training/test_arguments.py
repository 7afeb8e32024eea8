from pathlib import Path

import pytest
from transformers import TrainingArguments

from tagwright.errors import RecipeError
from tagwright.training import arguments as room
from tagwright.training.arguments import make_arguments
from tagwright.training.config import TrainingConfig


def test_settings_reach_training_arguments(tmp_path: Path) -> None:
    arguments = make_arguments(TrainingConfig(adam_beta2=0.98, seed=7, warmup_steps=0.2), tmp_path, has_dev=True)
    assert (arguments.adam_beta2, arguments.seed, arguments.warmup_steps) == (0.98, 7, 0.2)
    assert arguments.per_device_train_batch_size == 16


@pytest.mark.parametrize(
    ("settings", "has_dev", "best"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"save_strategy": "no"}, True, False),
        ({"eval_strategy": "steps", "save_strategy": "steps", "eval_steps": 5, "save_steps": 5}, True, True),
    ],
)
def test_the_best_weights_are_kept_where_dev_is_scored_at_every_checkpoint(
    tmp_path: Path, settings: dict[str, object], has_dev: bool, best: bool
) -> None:
    arguments = make_arguments(TrainingConfig(**settings), tmp_path, has_dev=has_dev)
    assert arguments.load_best_model_at_end is best
    assert has_dev or arguments.eval_strategy == "no"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("learning_rat", "Did you mean 'learning_rate'"),
        ("tokens_per_bach", "Did you mean 'tokens_per_batch'"),
        ("metric_for_best_model", "set by Tagwright itself"),
        ("output_dir", "set by Tagwright itself"),
    ],
)
def test_unknown_names_and_our_own_are_refused(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(RecipeError, match=f"training.{name} is .*{message}"):
        make_arguments(TrainingConfig(**{name: 1}), tmp_path, has_dev=False)


def test_all_unknown_names_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="learning_rat is.*\n.*output_dir is"):
        make_arguments(TrainingConfig(learning_rat=1, output_dir="x"), tmp_path, has_dev=False)


def test_values_that_training_arguments_refuse_are_recipe_errors(tmp_path: Path) -> None:
    config = TrainingConfig(eval_strategy="steps", save_strategy="steps", eval_steps=4, save_steps=6)
    with pytest.raises(RecipeError, match=r"\[training\] is not possible: .*multiple"):
        make_arguments(config, tmp_path, has_dev=True)
    with pytest.raises(RecipeError, match=r"\[training\] is not possible"):
        make_arguments(TrainingConfig(lr_scheduler_type="liner"), tmp_path, has_dev=True)


def test_one_process_drives_one_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TrainingArguments, "_setup_devices", property(lambda self: setattr(self, "_n_gpu", 4)))
    assert make_arguments(TrainingConfig(), tmp_path, has_dev=False).n_gpu == 1


@pytest.mark.parametrize(("bf16", "is_fast", "count"), [(True, False, 1), (True, True, 0), (False, False, 0)])
def test_bfloat16_in_software_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bf16: bool, is_fast: bool, count: int
) -> None:
    told: list[str] = []
    monkeypatch.setattr(room, "is_bfloat16_fast", lambda device: is_fast)
    monkeypatch.setattr(room, "warn_of_bfloat16", lambda asked, instead: told.append(asked))
    make_arguments(TrainingConfig(bf16=bf16), tmp_path, has_dev=False)
    assert told == ["training.bf16 is true"] * count
