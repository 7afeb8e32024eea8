"""A whole search: checked, run, and its chosen plan trained again from scratch. Knows nothing of command lines.

Dev chooses. What may be quoted are the scores of the last trainings, on seeds that the search never used.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tagwright.backbone.backbone import load_backbone
from tagwright.errors import RecipeError
from tagwright.recipe.corpus import Corpus, check_overlap, draw_corpus, require_labels
from tagwright.recipe.recipe import Recipe
from tagwright.recipe.run import check_same_run
from tagwright.search import SEARCHES
from tagwright.search.cell import FINAL, Cell, Record
from tagwright.search.cells.progress import ShowCells
from tagwright.search.cells.record import Cost, add_costs
from tagwright.search.cells.runner import Cells
from tagwright.search.engines import ENGINES
from tagwright.search.space import Space
from tagwright.search.strategies.search import Found, Search
from tagwright.search.switch import Switch
from tagwright.search.trial import Work
from tagwright.text.ledger import Ledger

CELLS = "cells"
FEWEST = 5  # documents of dev, below which it can't choose among plans


@dataclass(frozen=True)
class SearchConfig:
    """How to search: the strategy as it is written (`random:4`), groups of layers, seeds of the last trainings."""

    strategy: str = "oneshot"
    groups: int = 4
    seeds: int = 3
    processes: int = 1
    engine: str = "processes"


@dataclass(frozen=True)
class Outcome:
    """What a search gives. `recipe` has the chosen plan; `searched` are all cells but the `finals`."""

    config: SearchConfig
    recipe: Recipe
    found: Found
    about: str
    layers: int
    searched: Sequence[Record]
    finals: Sequence[Record]

    @property
    def chosen(self) -> str:
        return self.found.ranking[0].plan

    @property
    def cost(self) -> Cost:
        """Of the search, without the last trainings, which every strategy needs alike."""
        return add_costs(self.searched)


def search(
    recipe: Recipe,
    corpus: Corpus,
    *,
    folder: Path,
    config: SearchConfig,
    say: Callable[[str], None] | None = None,
) -> Outcome:
    """Find a plan and train it again; a search that was stopped goes on from the cells in its folder."""
    if recipe.view == "writer":
        raise RecipeError(
            "A search is for taggers. Compare a few plans of a writer with `tagwright curve RECIPE --vary "
            "sight=none,1000,1110 --shots all`."
        )
    recipe = recipe.change({"backbone.sight": None})
    strategy, engine = make_search(config.strategy), ENGINES[config.engine]
    space = Space(config.groups, recipe.training.seed)
    about = strategy.describe(space)
    require_labels(recipe, corpus)
    check_dev(recipe, corpus)
    check_overlap(corpus)
    layers = count_layers(recipe, corpus, groups=config.groups)
    work = Work(recipe, corpus, space, folder / CELLS)
    check_same_run(work.folder, recipe, facts=corpus.facts | {"search": {"groups": config.groups}})
    with ShowCells(say) as shown:
        cells: Cells[Cell, Record] = Cells(work, engine, processes=config.processes, shown=shown)
        shown.announce(f"{config.strategy}: {about}")
        found = strategy.find(space, cells)
        searched, cells.records = list(cells.records.values()), {}
        chosen = found.ranking[0].plan
        shown.announce(f"Chosen: {chosen}. Training it again from scratch, on fresh seeds.")
        finals = cells([Cell(FINAL, chosen, space.seed + 1 + number) for number in range(config.seeds)])
    for left in work.folder.glob("*.safetensors"):
        left.unlink()
    changed = recipe.change({"backbone.sight": chosen})
    return Outcome(config, changed, found, about, layers, searched, finals)


def make_search(notation: str) -> Search:
    """A strategy as it is written: its name, and for some a colon and a number."""
    name, colon, count = notation.partition(":")
    kind: type[Search] = SEARCHES[name]
    if kind.takes_count != bool(colon):
        raise RecipeError(f"{notation!r} is no strategy. " + (f"Write {name}:4." if not colon else f"Write {name}."))
    if colon and not (count.isdecimal() and int(count)):
        raise RecipeError(f"{notation!r} is no strategy: {count!r} is not a number of plans. Write {name}:4.")
    return kind(int(count) if colon else None)


def check_dev(recipe: Recipe, corpus: Corpus) -> None:
    """Refuse to choose without a dev set that can tell plans apart."""
    dev = draw_corpus(corpus, recipe.draw, seed=recipe.training.seed, ledger=Ledger()).dev
    if len(dev) < FEWEST:
        instead = "Name a dev file (data.dev), or set a larger data.dev_share aside from train."
        if len(corpus.dev) >= FEWEST:
            instead = (
                f"There are {len(corpus.dev)}, of which draw.dev_policy {recipe.draw.policy!r} takes no more. "
                "Set draw.dev_policy = 'full' to use them all."
            )
        raise RecipeError(
            f"The choice is made on dev, with {len(dev)} dev documents; {FEWEST} are the least. {instead}"
        )


def count_layers(recipe: Recipe, corpus: Corpus, *, groups: int) -> int:
    """The backbone's layers, before anything is trained; refused if its sight can't be changed or they are too few."""
    words = (word for document in corpus.train for word in document.words)
    layers = Switch(load_backbone(recipe.backbone, words)).layers
    if groups > layers:
        raise RecipeError(f"{groups} groups of layers are too many: {recipe.backbone.model} has {layers} layers.")
    return layers
