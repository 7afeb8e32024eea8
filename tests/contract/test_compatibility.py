"""Every cell of the table of dials: a labeler is built, trained and asked for spans, or refused as the table says."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import set_seed

from compatibility import DIALS, EVERY, INSTEAD, ON_DEVICES, REFUSED, USUAL, Cell, list_cells, render
from sight_models import make_ids, make_model
from tagwright.backbone.sight.proven import set_sight
from tagwright.errors import TagwrightError
from tagwright.inference.runner import Runner
from tagwright.recipe.build import resolve
from tagwright.recipe.corpus import Corpus
from tagwright.recipe.recipe import Recipe
from tagwright.recipe.running.fitting import fit
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tiny_labelers import make_documents
from tiny_models import save_model

ROOT = Path(__file__).parents[2]
DOCUMENTS = make_documents(6)
FEW = [  # what `make test` can bear
    Cell(("sight", "learned"), ("tuning", "frozen")),
    Cell(("sight", "learned"), ("attention", "eager")),
    Cell(("sight", "learned"), ("scope", "prompt")),
    Cell(("sight", "01"), ("scope", "prompt")),
    Cell(("sight", "all"), ("fusion", "dwatt")),
    Cell(("scope", "prompt"), ("head", "crf")),
    Cell(("tuning", "lora"), ("format", "records")),
    Cell(("sight", "all"), ("format", "inline")),
    Cell(("scope", "document"), ("format", "inline")),
    Cell(("scope", "prompt"), ("tuning", "lora")),
]
ON_CPU = [cell for cell in list_cells() if cell.needs != "gpu"]
ON_GPU = [cell for cell in list_cells() if cell.needs == "gpu"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Heads of 16 numbers: the least that every kernel takes. Biases: or bitfit would have nothing to move."""
    longer = {"max_position_embeddings": 200, "tie_word_embeddings": True}  # for writers
    return save_model("llama", tmp_path_factory.mktemp("llama"), hidden_size=32, attention_bias=True, **longer)


def try_cell(cell: Cell, folder: Path, place: Path) -> None:
    if {cell.one[0], cell.two[0]} == {"sight", "scope"} and cell.chosen["scope"] == "prompt":
        write(cell.chosen["sight"])
    else:
        label(cell.chosen, folder, place)


def write(sight: str) -> None:
    """Writing on with the cache is writing on without it."""
    set_seed(0)
    model, ids = make_model("llama", head=True), make_ids(1, 6)
    if sight != "left out":
        set_sight(model, sight, scope="prompt")
    usual: dict[str, Any] = {"max_new_tokens": 3, "min_new_tokens": 3, "do_sample": False, "pad_token_id": 0}
    written, grown = model.generate(input_ids=ids, **usual), ids
    lengths = {} if sight == "left out" else {"prompt_lengths": torch.tensor([6])}
    for _ in range(3):
        with torch.no_grad():
            logits = model(input_ids=grown, use_cache=False, **lengths).logits[:, -1]
        logits[:, 2] = -torch.inf  # the end is not chosen, as min_new_tokens has it
        grown = torch.cat([grown, logits.argmax(-1, keepdim=True)], dim=1)
    assert torch.equal(written, grown)


def label(chosen: dict[str, str], folder: Path, place: Path) -> None:
    """Two steps of training by the recipe, then spans."""
    recipe = make_recipe(chosen, folder)
    corpus = Corpus(DOCUMENTS)

    labeler, history = fit(resolve(recipe, DOCUMENTS), corpus, folder=place, ledger=Ledger())
    assert all(value == value for entry in history for value in entry.values())  # no NaN
    found = predict(labeler)
    assert len(found) == len(DOCUMENTS)
    if "format" in chosen and chosen["sight"] == "left out":
        return
    sight = labeler.backbone.sight or labeler.backbone.find_sight()
    wanted = {"all": (0, 1), "01": (1,), "none": (), "left out": ()}
    assert chosen["sight"] == "learned" or sight.open == wanted[chosen["sight"]]


def make_recipe(chosen: dict[str, str], folder: Path) -> Recipe:
    sight = None if chosen["sight"] == "left out" else chosen["sight"]
    fusion = {"name": chosen["fusion"]} | ({"layer": 1} if chosen["fusion"] == "layer" else {})
    dtype = "bfloat16" if chosen["attention"] == "flash_attention_2" else "float32"
    backbone = {
        "model": str(folder),
        "sight": sight,
        "scope": chosen["scope"],
        "attn_implementation": chosen["attention"],
        "dtype": dtype,
    }
    training = {"max_steps": 2, "learning_rate": 1e-3, "eval_strategy": "no", "save_strategy": "no"}
    own = {"fusion": fusion, "head": {"name": chosen["head"]}}
    if "format" in chosen:
        own = {"view": "writer", "writer": {"format": chosen["format"], "max_target_tokens": 40}}
    return Recipe.from_dict(
        {
            "backbone": backbone,
            **own,
            "tuning": {"name": chosen["tuning"]},
            "training": training,
        }
    )


def predict(labeler: Any) -> Sequence[Document]:
    return Runner(labeler).predict([document.only() for document in DOCUMENTS])


def check(cell: Cell, folder: Path, place: Path) -> None:
    if not cell.refusal:
        try_cell(cell, folder, place)
        return
    with pytest.raises(TagwrightError) as caught:
        try_cell(cell, folder, place)
    assert cell.refusal in str(caught.value)


@pytest.mark.parametrize("cell", FEW, ids=str)
def test_a_few_cells(cell: Cell, folder: Path, tmp_path: Path) -> None:
    check(cell, folder, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("cell", [cell for cell in ON_CPU if cell not in FEW], ids=str)
def test_every_cell(cell: Cell, folder: Path, tmp_path: Path) -> None:
    check(cell, folder, tmp_path)


@pytest.mark.gpu
@pytest.mark.parametrize("cell", ON_GPU, ids=str)
def test_every_cell_of_a_device(cell: Cell, folder: Path, tmp_path: Path) -> None:
    check(cell, folder, tmp_path)


def test_the_page_is_the_table() -> None:
    page = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
    assert page == render(), "Run `python docs/make_compatibility.py`, and make test-all for the new cells."


def test_the_table_knows_its_dials() -> None:
    """A misspelt value would refuse nothing, and a cell that is refused must not look tested."""
    known = {(dial, value) for dial, values in DIALS.items() for value in (*values, EVERY)}
    named = {value for pair in REFUSED for value in pair} | set(INSTEAD) | ON_DEVICES | set(USUAL.items())
    assert named <= known
    cells = list(list_cells())
    assert len(cells) == len({str(cell) for cell in cells})
    assert {cell for cell in FEW} <= set(cells)
