"""A curve that nobody trained: scores made of a part for the draw, one for the training and one for the value."""

from typing import Any

from tagwright.recipe.recipe import Recipe
from tagwright.search.cells.record import Cost
from tagwright.search.curves.cell import Cell, Record
from tagwright.search.curves.plan import CurveConfig, make_plan
from tagwright.search.curves.run import Outcome

RECIPE = Recipe().change({"training.learning_rate": 1e-3})


def score(cell: Cell) -> float:
    """0.1 for each draw, 0.01 for each training, 0.2 more for mix, 0.1 more with all documents."""
    return 0.1 * cell.draw + 0.01 * cell.seed + 0.2 * (cell.value == "mix") + 0.1 * (cell.documents == 40)


def make_record(cell: Cell, *, has_test: bool = True) -> Record:
    """Its dev F1 rises over two steps, in the second training of each draw only to half."""
    f1 = score(cell)
    last = f1 if cell.seed == 2 else f1 / 2
    moved = 105 if cell.value == "mix" else 100
    return Record(cell, f1, f1 - 0.05 if has_test else None, ((4, f1 / 4), (8, last)), moved, Cost(20, 10), 2.0)


def make_outcome(*, has_test: bool = True, **config: Any) -> Outcome:
    told: dict[str, Any] = {"vary": "fusion=last,mix", "shots": "10,all", "seeds": 2, "trials": 3} | config
    plan = make_plan(RECIPE, CurveConfig(**told), documents=40)
    trials = [make_record(cell, has_test=False) for cell in plan.list_trials()]
    rates = plan.choose(trials)
    runs = [make_record(cell, has_test=has_test) for cell in plan.list_runs(rates)]
    return Outcome(CurveConfig(**told), RECIPE, plan, rates, trials, runs)
