"""The recipe: all faults together, and nothing that a run would ignore."""

from pathlib import Path
from typing import Any

import pytest

from tagwright.errors import RecipeError
from tagwright.pretraining.learning.arguments import count_steps, make_arguments, pick_attention
from tagwright.pretraining.recipe import PretrainingRecipe, PretrainingSteps
from tagwright.recipe.recipe import Recipe

TEXT = {"train": ["a.txt"], "valid": ["b.txt"]}
SHIPPED = [
    path
    for path in sorted((Path(__file__).parents[2] / "recipes" / "builtin").glob("*.toml"))
    if "[objective]" in path.read_text("utf-8")
]


def make(**settings: Any) -> PretrainingRecipe:
    return PretrainingRecipe.from_dict({"text": TEXT}).change(settings)


def test_all_faults_are_told_together() -> None:
    with pytest.raises(RecipeError) as told:
        PretrainingRecipe.from_dict({"objective": {"name": "clmm"}, "model": {"revision": "main"}})
    for line in ("text.train: nothing", "text.valid: no held-out", "Did you mean 'clm'?", "model.revision"):
        assert line in str(told.value)


def test_a_recipe_of_the_other_kind_is_told() -> None:
    with pytest.raises(RecipeError, match=r"a\.toml has a section \[text\]: it is a recipe of `tagwright pretrain`"):
        Recipe.from_dict(make().to_dict() | {"objective": {}}, source="a.toml")
    with pytest.raises(RecipeError, match=r"\[data\]: it is a recipe of `tagwright train`"):
        PretrainingRecipe.from_dict(Recipe().to_dict())


def test_one_file_needs_no_list() -> None:
    assert make(**{"text.avoid": "gold.conll"}).text.avoid == ("gold.conll",)


def test_what_is_left_open_is_decided_and_can_be_read_again() -> None:
    new = make(**{"objective.name": "mlm"}).decide()
    assert (new.training.learning_rate, new.objective.rate) == (1.2e-2, 0.3)
    nexts = [make(**{"model.start": start}).decide() for start in ("x", "builtin:tiny-decoder")]
    assert [(one.training.learning_rate, one.objective.rate) for one in nexts] == [(2e-4, None), (4e-3, None)]
    assert PretrainingRecipe.from_dict(new.to_dict()).decide() == new
    assert make(**{"training.learning_rate": 1.0}).decide().training.learning_rate == 1.0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model.start": "x", "model.width": 96}, r"model\.width: a model to go on from"),
        (
            {"model.start": "x", "model.kind": "encoder", "model.layers": 2},
            r"model\.kind, model\.layers: a model to go",
        ),
        ({"model.start": "runs/x", "out": "runs/../runs/x"}, r"out: .* holds the model to go on from"),
        ({"model.start": "x", "tokenizer.size": 500}, r"tokenizer\.size: .* it is that of model\.start"),
        ({"tokenizer.model": "x", "tokenizer.size": 500}, r"tokenizer\.size: .* it is that of tokenizer\.model"),
        ({"model.revision": "main"}, r"model\.revision: it is that of model\.start"),
        ({"text.avoid_words": 9}, r"text\.avoid_words: there are no labelled files"),
        ({"objective.name": "span"}, r"model\.kind: objective 'span' needs 'encoder-decoder', not 'decoder'"),
        ({"model.kind": "encoder-decoder"}, r"model\.kind: objective 'clm' needs 'decoder' or 'encoder'"),
        ({"model.heads": 5}, "can't be shared by 5 `heads`"),
        ({"model.kind": "encoder-decoder", "objective.name": "span", "model.layers": 1}, "needs 2 `layers`"),
        ({"objective.span_length": 5.0}, "does not read `span_length`"),
        ({"model.widht": 64}, "Did you mean 'width'?"),
        ({"training.lr": 1}, "Use learning_rate"),
        ({"training.epochs": 1}, "Use max_steps"),
        ({"training.bf16": True}, "Use dtype"),
        ({"training.gradient_checkpointing": True}, "smaller batches"),
        ({"training.adam_beta1": 0.9}, "Choose training.optimizer"),
        ({"training.per_device_eval_batch_size": 4}, "leave it out"),
        ({"training.dataloader_num_workers": 4}, "`dataloader_num_workers` has no use here"),
    ],
)
def test_what_would_be_ignored_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        make(**settings)


@pytest.mark.parametrize(
    ("name", "message"),
    [("learning_rat", "Did you mean 'learning_rate'?"), ("output_dir", "set by Tagwright itself")],
)
def test_names_that_training_does_not_have_are_refused(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        make_arguments(make(**{f"training.{name}": 1}).training, tmp_path)


def test_impossible_arguments_are_explained(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"\[training\] is not possible"):
        make_arguments(PretrainingSteps(lr_scheduler_type="stairs"), tmp_path)


def test_arguments_come_from_the_recipe(tmp_path: Path) -> None:
    steps = PretrainingSteps(max_steps=50, learning_rate=0.5, save_steps=0.1, eval_steps=7, adam_epsilon_is=None)  # type: ignore[call-arg]
    with pytest.raises(RecipeError, match="adam_epsilon_is"):
        make_arguments(steps, tmp_path)
    steps = PretrainingSteps(max_steps=50, learning_rate=0.5, save_steps=0.1, eval_steps=7)
    arguments = make_arguments(steps, tmp_path)
    assert (arguments.max_steps, arguments.learning_rate) == (50, 0.5)
    assert (arguments.save_steps, arguments.eval_steps, arguments.logging_steps) == (5, 7, 1)
    assert arguments.n_gpu <= 1


def test_shares_of_a_run_become_steps() -> None:
    assert [count_steps(wanted, 1000) for wanted in (0.05, 0.0001, 1, 20.4)] == [50, 1, 1, 20]


def test_attention_is_named_or_picked() -> None:
    assert pick_attention(PretrainingSteps(attn_implementation="sdpa")) == "sdpa"
    assert pick_attention(PretrainingSteps()) in ("eager", "sdpa")


def test_a_resolved_recipe_can_be_read_again() -> None:
    for settings in ({}, {"model.start": "x"}, {"tokenizer.model": "x"}):
        recipe = make(**settings)
        assert PretrainingRecipe.from_dict(recipe.to_dict()) == recipe


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_the_recipes_that_are_shipped_are_sound(path: Path, tmp_path: Path) -> None:
    make_arguments(PretrainingRecipe.from_toml(path).training, tmp_path)
