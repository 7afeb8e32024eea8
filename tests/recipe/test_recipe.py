"""Recipes: read, changed, checked as a whole."""

from pathlib import Path

import pytest

from tagwright.errors import RecipeError
from tagwright.pretraining.recipe import PretrainingRecipe
from tagwright.recipe.recipe import Recipe
from tagwright.settings.toml import write_toml

ROOT = Path(__file__).parents[2]


def test_a_recipe_survives_toml(tmp_path: Path) -> None:
    recipe = Recipe.from_dict(
        {
            "out": 'runs/"quoted" \\ path\n',
            "data": {"train": "a.conll", "tag_column": 3, "label_names": ["O", "B-ü"], "dev_share": 0.25},
            "head": {"name": "crf", "scheme": "BIOES"},
            "training": {"learning_rate": 3e-05, "bf16": True, "optim": "adamw_torch"},
        }
    )
    path = tmp_path / "recipe.toml"
    path.write_text(write_toml(recipe), encoding="utf-8")
    assert Recipe.from_toml(path) == recipe


def test_all_faults_are_told_together() -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe.from_dict(
            {
                "backbone": {"modell": "x"},
                "training": {"learning_rate": -1, "per_device_train_batch_size": 4},
                "draw": {"shots": 3, "percent": 5},
            }
        )
    message = str(caught.value)
    assert "backbone.modell" in message and "Did you mean 'model'?" in message
    assert "training.learning_rate" in message and "-1" in message
    assert "shots and percent" in message


@pytest.mark.parametrize("sight", ["0121", "bidirectional", "top:0", "learned:0"])
def test_a_sight_that_suits_no_model_is_told_with_the_other_faults(sight: str) -> None:
    with pytest.raises(RecipeError, match=f"(?s)head.name: no head is called 'foo'.*\n  backbone.sight: '{sight}' "):
        Recipe().change({"backbone.sight": sight, "head.name": "foo"})


def test_a_prefix_has_no_sight() -> None:
    with pytest.raises(RecipeError, match="tuning.name: 'prefix' and a chosen sight .* can't be had together"):
        Recipe().change({"backbone.sight": "all", "tuning.name": "prefix"})
    Recipe().change({"backbone.sight": "none", "tuning.name": "prefix"})


def test_documents_of_a_file_are_drawn_by_shots() -> None:
    with pytest.raises(RecipeError, match=r"data.documents: .* a.conll is a file. .*--shots 50"):
        Recipe.from_dict({"data": {"train": "a.conll", "documents": 50}})
    assert Recipe.from_dict({"data": {"train": "synthetic:ner", "documents": 50}}).data.is_synthetic


def test_two_batch_sizes_are_refused() -> None:
    with pytest.raises(RecipeError, match="tokens_per_batch.*per_device_train_batch_size"):
        Recipe.from_dict({"training": {"tokens_per_batch": 512, "per_device_train_batch_size": 4}})


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        ({"head": {"name": "sofmax"}}, "Did you mean 'softmax'?"),
        ({"tuning": {"name": "frozn"}}, "Did you mean 'frozen'?"),
        ({"training": {"warmup_ratio": 0.1}}, "warmup_steps"),
        ({"training": {"evaluation_strategy": "epoch"}}, "eval_strategy"),
        ({"trainin": {}}, "Did you mean 'training'?"),
    ],
)
def test_a_wrong_name_gets_the_right_one(settings: dict[str, object], hint: str) -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe.from_dict(settings)
    assert hint in str(caught.value)


def test_a_missing_file_says_what_writes_one(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="tagwright init"):
        Recipe.from_toml(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("draw", "policy"),
    [({}, "full"), ({"shots": 5}, "matched"), ({"percent": 5}, "matched"), ({"shots": 5, "dev_policy": "cv"}, "cv")],
)
def test_dev_is_matched_whenever_something_is_drawn(draw: dict[str, object], policy: str) -> None:
    assert Recipe.from_dict({"draw": draw}).draw.policy == policy


def test_faults_of_a_writer_are_told_together() -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe.from_dict(
            {
                "view": "writer",
                "head": {"name": "crf"},
                "backbone": {"sight": "learned", "scope": "document", "repeat": 1},
                "writer": {"task": "dst", "format": "sentinel"},
                "tuning": {"name": "prefix"},
            }
        )
    assert str(caught.value).splitlines()[1:] == [
        "  head: a writer doesn't read this section. Take it out, or take the other view: "
        'view = "tagger" (--view tagger).',
        "  backbone.repeat: a writer doesn't read it. Leave it out.",
        "  backbone.scope: 'document' shows open layers what is still to be written; a writer's is 'prompt'.",
        "  backbone.sight: a writer's is chosen, not learned. Name layers, such as 0011 or all.",
        "  tuning.name: 'prefix' puts keys and values before a tagger's words; a writer has none. "
        "Use 'lora' to move little.",
        "  writer.format: 'sentinel' can't write fields, which 'dst' predicts. Take another: inline, records.",
    ]


def test_a_writer_that_learns_nothing_is_shown_documents() -> None:
    writer = {"view": "writer", "writer": {"demonstrations": 4}}
    assert Recipe.from_dict(writer | {"tuning": {"name": "frozen"}}).writer.demonstrations == 4
    with pytest.raises(RecipeError, match="writer.demonstrations: for the tuning 'frozen' alone, which learns nothing"):
        Recipe.from_dict(writer | {"tuning": {"name": "lora"}})
    with pytest.raises(RecipeError, match="'cv' finds how long to train, and 'frozen' trains no writer"):
        Recipe.from_dict(writer | {"tuning": {"name": "frozen"}, "draw": {"shots": 5, "dev_policy": "cv"}})


def test_a_section_of_the_other_view_is_refused() -> None:
    with pytest.raises(RecipeError, match="writer: a tagger doesn't read this section"):
        Recipe.from_dict({"writer": {"task": "srl"}})
    with pytest.raises(RecipeError, match="writer.task: no task of a format is called 'role'.*Known"):
        Recipe.from_dict({"view": "writer", "writer": {"task": "role"}})
    with pytest.raises(RecipeError, match="backbone.scope: 'prompt' is a writer's"):
        Recipe.from_dict({"backbone": {"sight": "all", "scope": "prompt"}})
    written = Recipe.from_dict({"view": "writer", "writer": {"words": {"LOC": "place"}}, "backbone": {"overlap": 64}})
    assert not {"head", "fusion"} & set(written.to_dict()) and "writer" not in Recipe().to_dict()
    assert Recipe.from_dict(written.to_dict()) == written


RECIPES = sorted((ROOT / "recipes").rglob("*.toml"))


def test_recipes_are_there() -> None:
    assert RECIPES


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_recipe_that_ships_can_be_read_and_names_its_command(path: Path) -> None:
    pretrains = "[objective]" in path.read_text(encoding="utf-8")
    (PretrainingRecipe if pretrains else Recipe).from_toml(path)
    assert f"tagwright {'pretrain' if pretrains else 'train'} {path.relative_to(ROOT).as_posix()}" in path.read_text(
        encoding="utf-8"
    )
