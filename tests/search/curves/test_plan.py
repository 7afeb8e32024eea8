"""The cells of a curve: equal trials, crossed seeds, sizes that there are documents for."""

from collections import Counter
from typing import Any

import pytest

from tagwright.errors import RecipeError
from tagwright.recipe.recipe import Recipe
from tagwright.search.curves.cell import Record
from tagwright.search.curves.plan import CurveConfig, Plan, list_rates, make_plan, read_sizes

RECIPE = Recipe().change({"training.learning_rate": 1e-3, "training.seed": 5})


def plan(**config: Any) -> Plan:
    told = {"vary": "fusion=last,mix", "shots": "10,25,all", "seeds": 2, "trials": 3} | config
    return make_plan(RECIPE, CurveConfig(**told), documents=40)


def test_every_value_has_the_same_trials_on_seeds_that_no_run_has() -> None:
    made = plan()
    trials = made.list_trials()
    assert Counter(cell.value for cell in trials) == {"last": 3, "mix": 3}
    assert {cell.rate for cell in trials if cell.value == "last"} == {
        cell.rate for cell in trials if cell.value == "mix"
    }
    assert {(cell.documents, cell.draw, cell.seed) for cell in trials} == {(25, 5, 5)}
    runs = made.list_runs({"last": 1e-3, "mix": 1e-3})
    assert not {5} & {seed for cell in runs for seed in (cell.draw, cell.seed)}
    assert len({cell.name for cell in [*trials, *runs]}) == len(trials) + len(runs) == len(made.list_cells())


def test_draws_and_trainings_are_crossed_and_all_documents_are_drawn_once() -> None:
    runs = plan().list_runs({"last": 1e-3, "mix": 3.2e-3})
    for value, rate in (("last", 1e-3), ("mix", 3.2e-3)):
        for size, draws in ((10, (6, 7)), (25, (6, 7)), (40, (6,))):
            found = [cell for cell in runs if (cell.value, cell.documents) == (value, size)]
            assert {(cell.draw, cell.seed) for cell in found} == {(draw, seed) for draw in draws for seed in (6, 7)}
            assert len(found) == 2 * len(draws) and {cell.rate for cell in found} == {rate}


def test_the_best_rate_on_dev_is_chosen_and_of_equals_the_one_nearest_the_middle() -> None:
    made = plan()
    low, centre, high = made.rates["last"]
    best = {("last", high): 0.5, ("last", low): 0.4}
    trials = [Record(cell, best.get((cell.value, cell.rate), 0.1)) for cell in made.list_trials()]
    chosen = made.choose(trials)
    assert chosen == {"last": high, "mix": centre}
    doubts = list(made.find_doubts(trials, chosen))
    assert len(doubts) == 2 and "mix scored alike" in doubts[0] and "best rate of last is the outermost" in doubts[1]


def test_a_single_rate_is_taken_untried() -> None:
    made = plan(trials=1)
    assert not made.list_trials()
    assert made.choose([]) == {"last": 1e-3, "mix": 1e-3} and not list(made.find_doubts([], made.choose([])))


def test_rates_are_half_a_power_of_ten_apart() -> None:
    assert list_rates(5e-5, 5) == (5e-6, 1.6e-5, 5e-5, 1.6e-4, 5e-4)
    assert list_rates(5e-5, 2) == (5e-5, 1.6e-4)
    models = make_plan(Recipe(), CurveConfig("model=builtin:untrained,some/model", "all", trials=1), documents=9)
    assert models.rates == {"builtin:untrained": (1e-3,), "some/model": (5e-5,)}
    tunings = make_plan(Recipe(), CurveConfig("tuning=full,lora,frozen", "all", trials=1), documents=9)
    assert tunings.rates == {"full": (2e-3,), "lora": (8e-3,), "frozen": (2e-3,)}


def test_names_of_cells_stay_apart_where_a_file_cannot_hold_the_value() -> None:
    made = plan(vary="model=a/b,a:b", trials=1, shots="all", seeds=1)
    names = [cell.name for cell in made.list_cells()]
    assert len(set(names)) == 2 and all("/" not in name and ":" not in name for name in names)


@pytest.mark.parametrize(("notation", "sizes"), [("10, 5 ,all", (5, 10, 40)), ("40", (40,)), ("all", (40,))])
def test_sizes_are_read(notation: str, sizes: tuple[int, ...]) -> None:
    assert read_sizes(notation, 40) == sizes


@pytest.mark.parametrize(
    ("notation", "message"),
    [
        ("10,41", "asks for 41 documents, and there are 40"),
        ("10,ten", "'ten' is no number of documents"),
        ("0", "'0' is no number"),
        ("", "'' is no number"),
        ("10,10", "names 10 documents twice"),
        ("40,all", "names 40 documents twice"),
    ],
)
def test_sizes_that_cannot_be_had_are_refused(notation: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        read_sizes(notation, 40)


@pytest.mark.parametrize("name", ["seeds", "trials", "processes"])
def test_none_of_something_is_refused(name: str) -> None:
    with pytest.raises(RecipeError, match=f"{name} is 0"):
        plan(**{name: 0})
