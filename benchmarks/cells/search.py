"""Cells of the study of searches: one plan of an exhaustive search, or a whole search of another strategy, by the
library's own code; and a chosen plan trained again. Searches see dev and never test. Knows nothing of tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cells.finetuning import find_folder
from cells.sight import cut_part, fine_tune, list_settings, read_part

from tagwright.recipe.corpus import Corpus
from tagwright.recipe.recipe import Recipe
from tagwright.search.cell import Cell, Record
from tagwright.search.cells.record import add_costs
from tagwright.search.config import make_search
from tagwright.search.space import Space
from tagwright.search.strategies.search import gather
from tagwright.search.trial import Work, run_cell

GROUPS = 4


def run(settings: Mapping[str, Any]) -> dict[str, Any]:
    return fine_tune(settings) if settings["step"] == "confirm" else search(settings)


def search(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Dev F1 by plan, on equal terms where there are such; the plan that was chosen; and what it all took."""
    recipe, corpus = prepare(settings)
    records: list[Record] = []
    with TemporaryDirectory() as folder:
        work = Work(recipe, corpus, Space(GROUPS, settings["seed"]), Path(folder))

        def train(cells: Sequence[Cell]) -> list[Record]:
            done = [run_cell(work, cell) for cell in cells]
            records.extend(done)
            return done

        if settings["plan"]:
            field, chosen = gather(train([Cell("whole", settings["plan"], settings["seed"])])), settings["plan"]
        else:
            found = make_search(settings["strategy"]).find(work.space, train)
            field, chosen = dict(found.field), found.ranking[0].plan
    cost = add_costs(records)
    return {"dev": field, "chosen": chosen, "cost": asdict(cost), "tokens": cost.tokens, "trainings": len(records)}


def prepare(settings: Mapping[str, Any]) -> tuple[Recipe, Corpus]:
    """The same recipe and documents as in the study of sight."""
    train = read_part(settings["corpus"], settings["data"], part="train")
    varied = list_settings({**settings, "sight": None, "repeat": 0}, documents=len(train))
    recipe = Recipe().change({"backbone.model": str(find_folder(settings["model"])), **varied})
    return recipe, Corpus(train, cut_part(settings, part="dev"))
