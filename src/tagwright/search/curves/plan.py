"""Plan: all cells of a curve: sizes, seeds and learning rates. Knows neither models nor how cells are run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import TypedDict

from tagwright.errors import RecipeError
from tagwright.recipe.build import find_rate
from tagwright.recipe.recipe import Recipe
from tagwright.search.curves.cell import RUN, TRIAL, Cell, Record
from tagwright.search.curves.dial import Dial

ALL = "all"
APART = 10**0.5  # the ratio of neighbouring learning rates


@dataclass(frozen=True)
class CurveConfig:
    """What to compare, as it is written: `fusion=last,dwatt` over `10,50,all`.

    seeds: so many draws of documents are crossed with so many training seeds.
    trials: learning rates tried for every value.
    """

    vary: str
    shots: str
    seeds: int = 3
    trials: int = 5
    processes: int = 1
    engine: str = "processes"

    def __post_init__(self) -> None:
        for name in ("seeds", "trials", "processes"):
            if getattr(self, name) < 1:
                raise RecipeError(f"{name} is {getattr(self, name)}; take 1 or more.")


class CurveOptions(TypedDict, total=False):
    """What may be left out of it, as keywords of a call."""

    seeds: int
    trials: int
    processes: int
    engine: str


@dataclass(frozen=True)
class Plan:
    """`sizes` in rising order, of so many `documents`; `rates` are those tried for every value."""

    dial: Dial
    sizes: tuple[int, ...]
    documents: int
    first: int
    seeds: tuple[int, ...]
    rates: Mapping[str, tuple[float, ...]]

    @property
    def middle(self) -> int:
        """The size at which learning rates are tried; of an even number the smaller of the two in the middle."""
        return self.sizes[(len(self.sizes) - 1) // 2]

    def list_draws(self, size: int) -> tuple[int, ...]:
        """The seeds of draws of a size: all documents can be drawn in one way only."""
        return self.seeds if size < self.documents else self.seeds[:1]

    def list_trials(self) -> list[Cell]:
        """The same number for every value, on seeds that no run has. A single rate is taken untried."""
        return [
            Cell(TRIAL, value, self.middle, self.first, self.first, rate)
            for value in self.dial.values
            for rate in self.rates[value]
            if len(self.rates[value]) > 1
        ]

    def list_runs(self, chosen: Mapping[str, float]) -> list[Cell]:
        """Every value at every size, draws crossed with trainings; the values share their draws and seeds."""
        return [
            Cell(RUN, value, size, draw, seed, chosen[value])
            for size in self.sizes
            for value in self.dial.values
            for draw in self.list_draws(size)
            for seed in self.seeds
        ]

    def list_cells(self) -> list[Cell]:
        """All that will be trained; which rates the runs take is not known yet."""
        return [*self.list_trials(), *self.list_runs({value: rates[0] for value, rates in self.rates.items()})]

    def choose(self, trials: Sequence[Record]) -> dict[str, float]:
        """For every value the learning rate with the best dev F1; of equals the one nearest the middle rate."""
        chosen = {}
        for value, rates in self.rates.items():
            scores = {record.cell.rate: record.dev for record in trials if record.cell.value == value}
            centre = rates[(len(rates) - 1) // 2]
            chosen[value] = min(rates, key=lambda rate: (-scores.get(rate, 0.0), abs(log(rate / centre)), rate))
        return chosen

    def find_doubts(self, trials: Sequence[Record], chosen: Mapping[str, float]) -> Iterator[str]:
        """What the trials left open, a line each: all alike, or the best one at the end of what was tried."""
        alike, outermost = [], []
        for value, rates in self.rates.items():
            scores = {record.dev for record in trials if record.cell.value == value}
            if len(rates) > 1 and len(scores) == 1:
                alike.append(value)
            elif len(rates) > 1 and chosen[value] in (rates[0], rates[-1]):
                outermost.append(value)
        if alike:
            yield f"All trials of {', '.join(alike)} scored alike, so that they chose nothing."
        if outermost:
            yield f"The best rate of {', '.join(outermost)} is the outermost tried: a better one may lie beyond."


def make_plan(recipe: Recipe, config: CurveConfig, *, documents: int) -> Plan:
    """The plan for so many training documents."""
    dial = Dial.parse(config.vary)
    first = recipe.training.seed
    rates = {value: list_rates(find_rate(dial.turn(recipe, value)), config.trials) for value in dial.values}
    seeds = tuple(range(first + 1, first + 1 + config.seeds))
    return Plan(dial, read_sizes(config.shots, documents), documents, first, seeds, rates)


def read_sizes(notation: str, documents: int) -> tuple[int, ...]:
    """`10,50,all` as numbers of documents, in rising order."""
    sizes = []
    for part in (part.strip() for part in notation.split(",")):
        if part != ALL and not (part.isdecimal() and int(part)):
            raise RecipeError(f"--shots {notation!r}: {part!r} is no number of documents. Write --shots 10,50,{ALL}.")
        size = documents if part == ALL else int(part)
        if size > documents:
            raise RecipeError(
                f"--shots {notation!r} asks for {size} documents, and there are {documents} to train on. "
                f"Take at most {documents}, or {ALL}."
            )
        if size in sizes:
            raise RecipeError(f"--shots {notation!r} names {size} documents twice. Name every size once.")
        sizes.append(size)
    return tuple(sorted(sizes))


def list_rates(centre: float, trials: int) -> tuple[float, ...]:
    """So many rates around one, half a power of ten apart, rising; of an even number the odd one is above."""
    lowest = -((trials - 1) // 2)
    return tuple(
        centre if not place else float(f"{centre * APART**place:.2g}") for place in range(lowest, lowest + trials)
    )
