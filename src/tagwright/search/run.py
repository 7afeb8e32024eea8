"""A whole search: checked, run, and its chosen plan trained again from scratch. Knows nothing of command lines.

Dev chooses. What may be quoted are the scores of the last trainings, on seeds that the search never used.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tagwright.backbone.backbone import load_backbone
from tagwright.errors import RecipeError
from tagwright.evaluation.page.elements import show_count
from tagwright.recipe.corpus import FEW_DEV, Corpus, draw_corpus, look_over, require_labels
from tagwright.recipe.recipe import Recipe
from tagwright.recipe.running.place import check_same_run
from tagwright.search.cell import FINAL, Cell, Record
from tagwright.search.cells.place import CELLS
from tagwright.search.cells.progress import ShowCells
from tagwright.search.cells.record import Cost, add_costs
from tagwright.search.cells.runner import Cells
from tagwright.search.config import SearchConfig, check_search
from tagwright.search.engines import ENGINES
from tagwright.search.space import Space
from tagwright.search.strategies.search import Found
from tagwright.search.switch import Switch
from tagwright.search.trial import Work
from tagwright.text.ledger import Ledger

FEWEST = 5  # documents of dev, below which it can't choose among plans
MORE_DEV = (
    "Name a larger dev file (data.dev), set more aside (data.dev_share), or use all there are "
    "(draw.dev_policy = 'full')."
)


@dataclass(frozen=True)
class Outcome:
    """What a search gives. `recipe` has the chosen plan, and a folder of its own to train into; `searched` are all
    cells but the `finals`; `dev_documents` is how many documents the choice was made on."""

    config: SearchConfig
    recipe: Recipe
    found: Found
    about: str
    layers: int
    searched: Sequence[Record]
    finals: Sequence[Record]
    dev_documents: int

    @property
    def chosen(self) -> str:
        return self.found.ranking[0].plan

    @property
    def cost(self) -> Cost:
        """Of the search, without the last trainings, which every strategy needs alike."""
        return add_costs(self.searched)

    @property
    def doubt(self) -> str:
        """Why the choice may be chance; empty where dev is large enough, or chose nothing."""
        scored = sum(one.f1 is not None for one in self.found.ranking)
        if scored < 2 or self.dev_documents >= FEW_DEV:
            return ""
        return (
            f"The F1 of {self.dev_documents} dev documents chose among {scored} plans, which is as good as chance: of "
            f"fewer than {FEW_DEV} it moves by points from one span to the next. {MORE_DEV}"
        )


def search(
    recipe: Recipe,
    corpus: Corpus,
    *,
    folder: Path,
    config: SearchConfig,
    say: Callable[[str], None] | None = None,
) -> Outcome:
    """Find a plan and train it again; a search that was stopped goes on from the cells in its folder."""
    strategy, engine = check_search(recipe, config), ENGINES[config.engine]
    recipe = recipe.change({"backbone.sight": None})
    space = Space(config.groups, recipe.training.seed)
    about = strategy.describe(space)
    require_labels(recipe, corpus)
    dev = count_dev(recipe, corpus)
    look_over(corpus)
    layers = count_layers(recipe, corpus, groups=config.groups)
    work = Work(recipe, corpus, space, folder / CELLS)
    asked = {"strategy": config.strategy, "groups": config.groups}
    check_same_run(work.folder, recipe, facts=corpus.facts, asked=asked)
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
    changed = recipe.change({"backbone.sight": chosen, "out": str(folder / "chosen")})
    return Outcome(config, changed, found, about, layers, searched, finals, dev)


def count_dev(recipe: Recipe, corpus: Corpus) -> int:
    """The dev documents that choose; refused if they are too few to tell plans apart."""
    dev = draw_corpus(corpus, recipe.draw, seed=recipe.training.seed, ledger=Ledger()).dev
    if len(dev) < FEWEST:
        instead = "Name a dev file (data.dev), or set a larger data.dev_share aside from train."
        if len(corpus.dev) >= FEWEST:
            instead = (
                f"There are {len(corpus.dev)}, of which draw.dev_policy {recipe.draw.policy!r} takes no more. "
                "Set draw.dev_policy = 'full' to use them all."
            )
        raise RecipeError(
            f"The choice is made on dev, with {show_count(len(dev), 'dev document')}; {FEWEST} are the least. {instead}"
        )
    return len(dev)


def count_layers(recipe: Recipe, corpus: Corpus, *, groups: int) -> int:
    """The backbone's layers, before anything is trained; refused if its sight can't be changed or they are too few."""
    words = (word for document in corpus.train for word in document.words)
    layers = Switch(load_backbone(recipe.backbone, words)).layers
    if groups > layers:
        raise RecipeError(
            f"{groups} groups of layers are too many: {recipe.backbone.model} has {show_count(layers, 'layer')}."
        )
    return layers
