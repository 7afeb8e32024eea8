"""A whole curve: checked, expected, its learning rates chosen on dev, then run. Knows nothing of command lines."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tagwright.errors import DataError
from tagwright.recipe.build import build, resolve
from tagwright.recipe.corpus import FEW_DEV, Corpus, look_over, require_labels
from tagwright.recipe.estimate.estimate import show_time
from tagwright.recipe.recipe import Recipe
from tagwright.recipe.running.place import check_same_run
from tagwright.search.cells.place import CELLS
from tagwright.search.cells.progress import ShowCells
from tagwright.search.cells.runner import Cells
from tagwright.search.curves.cell import RUN, TRIAL, Cell, Record
from tagwright.search.curves.expectation import expect_seconds, share_out
from tagwright.search.curves.plan import CurveConfig, Plan, make_plan
from tagwright.search.curves.trial import Work
from tagwright.search.engines import ENGINES
from tagwright.search.run import MORE_DEV, count_dev
from tagwright.training.arguments import check_names

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What a curve gives: `rates` are those that the `trials` chose; `part` is what the runs are scored on."""

    config: CurveConfig
    recipe: Recipe
    plan: Plan
    rates: Mapping[str, float]
    trials: Sequence[Record]
    runs: Sequence[Record]

    @property
    def part(self) -> str:
        return "dev" if any(record.test is None for record in self.runs) else "test"


def curve(
    recipe: Recipe,
    corpus: Corpus,
    *,
    folder: Path,
    config: CurveConfig,
    say: Callable[[str], None] | None = None,
) -> Outcome:
    """Train every value at every size; a curve that was stopped goes on from the cells in its folder."""
    engine = ENGINES[config.engine]
    recipe = keep_dev(recipe)
    require_labels(recipe, corpus)
    plan = make_plan(recipe, config, documents=len(corpus.train))
    work = Work(recipe, plan.dial, corpus, folder / CELLS)
    check_documents(plan, work)
    check_values(plan, work)
    look_over(corpus)
    check_same_run(work.folder, recipe, facts=corpus.facts, asked={"vary": plan.dial.setting})
    seconds = expect_seconds(work, plan.list_cells())
    with ShowCells(say) as shown:
        for line in (*plan.dial.list_unread(recipe), *announce(plan, config, seconds=seconds)):
            shown.announce(line)
        cells: Cells[Cell, Record] = Cells(
            work, engine, processes=config.processes, shown=shown, weigh=lambda cell: seconds[cell.name]
        )
        trials = cells(plan.list_trials())
        rates = plan.choose(trials)
        shown.announce(f"Learning rates: {', '.join(f'{value} {rate:g}' for value, rate in rates.items())}.")
        for line in plan.find_doubts(trials, rates):
            shown.announce(line)
        runs = cells(plan.list_runs(rates))
    return Outcome(config, recipe, plan, rates, trials, runs)


def keep_dev(recipe: Recipe) -> Recipe:
    """The recipe with its dev documents, which choose rates and epochs here: one that would cross-validate has none."""
    if recipe.draw.policy != "cv":
        return recipe
    logger.warning("Rates and epochs are chosen on dev: draw.dev_policy 'cv' is left aside, and dev is used whole.")
    return recipe.change({"draw.dev_policy": "full"})


def announce(plan: Plan, config: CurveConfig, *, seconds: Mapping[str, float]) -> Iterator[str]:
    """What is about to be done, and how long it may take."""
    sizes, trials, cells = len(plan.sizes), len(plan.list_trials()), len(plan.list_cells())
    yield f"{plan.dial.setting}: {', '.join(plan.dial.values)}; documents: {', '.join(map(str, plan.sizes))}."
    if trials:
        about = f"{config.trials} for every value, on dev, with {plan.middle} documents"
        yield f"Trials of learning rates: {about}: {_tell_tried(plan)}."
    crossed = f"{config.seeds} draws x {config.seeds} trainings each"
    if plan.sizes[-1] == plan.documents:
        crossed += f" (of all {plan.documents} documents there is 1 draw)"
    counted = f"{cells - trials} runs and {trials} trials, {cells} cells in all"
    yield f"{len(plan.dial.values)} values x {sizes} sizes, {crossed}: {counted}."
    at_a_time = f"{config.processes} at a time" if config.processes > 1 else "one at a time"
    hours = show_time(share_out(seconds, config.processes))
    yield f"Expected: about {hours}, {at_a_time} on this machine (right to a factor of three); what is done is kept."


def _tell_tried(plan: Plan) -> str:
    tried = {value: ", ".join(f"{rate:g}" for rate in rates) for value, rates in plan.rates.items()}
    if len(set(tried.values())) == 1:
        return next(iter(tried.values()))
    return "; ".join(f"{value} {rates}" for value, rates in tried.items())


def check_documents(plan: Plan, work: Work) -> None:
    """Refuse draws without anything to learn, and trials with too few dev documents; warn where these are few."""
    value = plan.dial.values[0]
    places = [(plan.middle, plan.first), *((size, draw) for size in plan.sizes for draw in plan.list_draws(size))]
    for size, draw in places:
        drawn = work.draw(Cell(RUN, value, size, draw, plan.first, plan.rates[value][0])).train
        if not any(span.label for document in drawn for span in document.spans):
            raise DataError(
                f"Draw {draw} of {size} documents holds no labelled span, so there is nothing to learn. "
                "Take larger --shots, or another training.seed, by which draws are numbered."
            )
    if not plan.list_trials():
        return
    dev = count_dev(work.settle(Cell(TRIAL, value, *places[0], plan.first, plan.rates[value][0])), work.corpus)
    if dev < FEW_DEV:
        logger.warning(
            "The F1 of %d dev documents chooses the learning rates, which is as good as chance. %s", dev, MORE_DEV
        )


def check_values(plan: Plan, work: Work) -> None:
    """Build a labeler for every value, so that one that can't be had is told before the others are trained."""
    size = plan.sizes[0]
    for value in plan.dial.values:
        cell = Cell(RUN, value, size, plan.list_draws(size)[0], plan.first, plan.rates[value][0])
        recipe, documents = work.settle(cell), work.draw(cell).train
        check_names(recipe.training)
        build(resolve(recipe, documents), documents)
