"""Recipes that replicate published runs, as far as a small model goes: built from a config, with lora in place of four
bits where there is no GPU. Their scores need the real weights; what compares them is tested on scores made up here."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tagwright.backbone.sight.sight import Sight
from tagwright.backbone.untrained import learn_tokenizer
from tagwright.formats import TASKS
from tagwright.recipe.corpus import Corpus
from tagwright.recipe.recipe import Recipe
from tagwright.recipe.running.run import train_labeler
from tagwright.text.document import Document
from tagwright.text.relation import Relation
from tagwright.text.span import Span
from tagwright.text.synthetic import make_corpus
from taught_writers import save_writer
from tiny_labelers import make_documents
from tiny_models import save_model

PLACE = Path(__file__).parents[2] / "recipes" / "replicate"
RECIPES = {"mistral": PLACE / "mistral-7b-tagger-qlora.toml", "qwen3": PLACE / "qwen3-1.7b-tagger-qlora.toml"}
ROWS: list[dict[str, Any]] = json.loads((PLACE / "expected.json").read_text())


@pytest.fixture(scope="module")
def check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("replicate_check", PLACE / "check.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tell(row: dict[str, Any], f1: float) -> dict[str, Any]:
    """What a finished run with these settings would leave in tagwright.json."""
    backbone = {"model": row["model"], "repeat": row["repeat"]}
    return {"backbone": backbone, "sight": {"open": row["open"]}, "scores": {"test F1": f1}}


@pytest.mark.parametrize("kind", RECIPES)
def test_a_recipe_trains_a_small_model_of_its_kind(kind: str, tmp_path: Path) -> None:
    recipe = Recipe.from_toml(RECIPES[kind])
    assert recipe.tuning.name == "qlora"
    small = {"backbone.model": str(save_model(kind, tmp_path, num_hidden_layers=3, num_key_value_heads=1))}
    short = {"training.max_steps": 2, "training.use_cpu": True, "tuning.name": "lora"}
    documents = make_documents(12)
    outcome = train_labeler(recipe.change({**small, **short}), Corpus(documents[:8], documents[8:10], documents[10:]))
    tagger = outcome.labeler.tagger
    adapted = {name.rpartition(".")[2] for name, part in tagger.named_modules() if hasattr(part, "lora_A")}
    assert adapted == {"q_proj", "k_proj", "v_proj", "o_proj"}
    assert tagger.backbone.sight is not None and tagger.backbone.sight.open == (0, 1, 2)
    assert outcome.test is not None and len(outcome.history) > 0


def test_a_recipe_tunes_a_small_writer_of_its_kind(tmp_path: Path) -> None:
    recipe = Recipe.from_toml(PLACE / "t5-large-writer-fish-dip.toml")
    documents = make_corpus("relations", documents=10, seed=0)
    model = save_writer("t5", tmp_path, tokenizer=learn_tokenizer([document.text for document in documents], size=320))
    small = {"backbone.model": str(model), "draw.percent": 50, "writer.max_target_tokens": 100}
    short = {"training.max_steps": 2, "training.use_cpu": True}
    outcome = train_labeler(recipe.change(small | short), Corpus(documents[:8], test=documents[8:10]))
    writer = outcome.labeler.model
    moved, weights = writer.tuning.count(writer), sum(weight.numel() for weight in writer.parameters())
    assert 0 < moved <= weights // 50, "one weight in a hundred, chosen at most twice"
    assert writer.format.inventory.relations.labels and outcome.test is not None
    assert outcome.dev is None, "the last epoch counts"


def test_a_recipe_names_labels_as_its_paper_does() -> None:
    recipe = Recipe.from_toml(PLACE / "t5-large-writer-fish-dip.toml")
    labels = {"Peop": "person", "Loc": "location", "Org": "organization", "Other": "other"}
    relations = {"Live_In": "lives in", "Located_In": "located in", "OrgBased_In": "organization based in"}
    relations |= {"Work_For": "works for", "Kill": "kills"}
    document = Document.from_words(
        [*"abcd"],
        spans=tuple(Span(at, at + 1, label) for at, label in enumerate(labels)),
        relations=tuple(Relation(0, 1, label) for label in relations),
    )
    inventory = TASKS[recipe.writer.task].learn([document], words=recipe.writer.words)
    assert {label: " ".join(inventory.spans.write(label)) for label in labels} == labels
    assert {label: " ".join(inventory.relations.write(label)) for label in relations} == relations


@pytest.mark.parametrize("path", RECIPES.values(), ids=RECIPES)
def test_the_published_scores_stand_in_the_recipe_too(path: Path, check: ModuleType) -> None:
    text = path.read_text(encoding="utf-8")
    rows = [row for row in ROWS if row["model"] == Recipe.from_toml(path).backbone.model]
    assert len(rows) == 5 and all(f"{row['f1']}" in text for row in rows)
    middle = min((row["open"] for row in rows if row["open"]), key=len)
    assert f"[{','.join(map(str, middle))}]" in text
    assert Sight(rows[0]["layers"], tuple(middle)).open == tuple(middle)


def test_means_within_bounds_hold(check: ModuleType) -> None:
    row = ROWS[1]
    runs = [tell(row, row["f1"] - 1.6), tell(row, row["f1"] + 0.2)]
    [(line, holds)] = check.compare(runs)
    assert holds and "in 2 runs" in line and "-0.70" in line
    assert [holds for _, holds in check.compare(runs[:1])] == [False]
    assert [holds for _, holds in check.compare([tell(row | {"repeat": 7}, row["f1"])])] == [False]


def test_the_program_says_so(check: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, gap in (("near", 0.5), ("far", 3.0)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tagwright.json").write_text(json.dumps(tell(ROWS[0], ROWS[0]["f1"] + gap)))
    assert check.main([str(tmp_path / "near")]) == 0 and capsys.readouterr().out.startswith("ok")
    assert check.main([str(tmp_path / "far")]) == 1 and capsys.readouterr().out.startswith("OFF")
    assert check.main([]) == 1
