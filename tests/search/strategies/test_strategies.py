"""Every strategy against a stand-in for training, which knows how good each plan is."""

from collections.abc import Sequence

import pytest

from tagwright.errors import RecipeError
from tagwright.search import SEARCHES
from tagwright.search.cell import Cell, Record
from tagwright.search.config import make_search
from tagwright.search.space import Space
from tagwright.search.strategies.oneshot import KEPT, SHARE
from tagwright.search.strategies.search import rank

SPACE = Space(3, 7)
NOTATIONS = [f"{name}:3" if SEARCHES[name].takes_count else name for name in SEARCHES]  # type: ignore[attr-defined]


class Bench:
    """Trains nothing: a plan is as good as `truth` says, its own number otherwise."""

    def __init__(self, truth: dict[str, float] | None = None) -> None:
        self.truth = truth or {}
        self.cells: list[Cell] = []

    def __call__(self, cells: Sequence[Cell]) -> list[Record]:
        self.cells += cells
        return [Record(cell, {plan: self.score(plan, cell) for plan in self.list_plans(cell)}) for cell in cells]

    def list_plans(self, cell: Cell) -> Sequence[str]:
        return SPACE.plans if cell.plan is None else [cell.plan]

    def score(self, plan: str, cell: Cell) -> float:
        return self.truth.get(f"{cell.stage} {plan}", self.truth.get(plan, int(plan, 2) / 10))


@pytest.mark.parametrize("notation", NOTATIONS)
def test_every_strategy_ranks_each_plan_once_and_says_on_what_terms(notation: str) -> None:
    bench, search = Bench(), make_search(notation)
    found = search.find(SPACE, bench)
    plans = [one.plan for one in found.ranking]
    assert plans and len(set(plans)) == len(plans) and set(plans) <= set(SPACE.plans)
    assert all(one.terms for one in found.ranking) and search.describe(SPACE)
    names = [cell.name for cell in bench.cells]
    assert len(set(names)) == len(names)
    assert {cell.seed for cell in bench.cells} <= {SPACE.seed}
    assert set(found.field) <= set(SPACE.plans)
    assert found.ranking[0].f1 is not None or not bench.cells


def test_exhaustive_trains_all_and_takes_the_best() -> None:
    bench = Bench({"010": 0.99})
    found = make_search("exhaustive").find(SPACE, bench)
    assert found.ranking[0].plan == "010" and len(bench.cells) == 8
    assert {cell.share for cell in bench.cells} == {1.0}


def test_of_equals_the_one_that_opens_less_is_first() -> None:
    assert [one.plan for one in rank({"111": 0.5, "010": 0.5, "001": 0.5, "100": 0.6}, terms="x")] == [
        "100",
        "001",
        "010",
        "111",
    ]


def test_halving_spends_one_training_on_every_rung() -> None:
    bench = Bench()
    found = make_search("halving").find(SPACE, bench)
    rungs = [[cell for cell in bench.cells if cell.stage == f"rung{rung}"] for rung in (1, 2, 3)]
    assert [len(rung) for rung in rungs] == [8, 4, 2]
    assert [sum(cell.share for cell in rung) for rung in rungs] == [1.0, 1.0, 1.0]
    assert [one.plan for one in found.ranking] == ["111", "110", "101", "100", "011", "010", "001", "000"]
    assert set(found.field) == set(SPACE.plans)


def test_halving_goes_by_the_last_rung_of_a_plan() -> None:
    found = make_search("halving").find(SPACE, Bench({"rung3 111": 0.0, "rung1 011": 0.95}))
    assert found.ranking[0].plan == "110"
    assert found.field["011"] == 0.95


def test_halving_one_group_compares_its_two_plans() -> None:
    bench = Bench({"0": 0.2, "1": 0.1})
    assert make_search("halving").find(Space(1, 1), bench).ranking[0].plan == "0"
    assert [cell.share for cell in bench.cells] == [0.5, 0.5]


def test_oneshot_tunes_the_best_few_on_from_the_shared_weights() -> None:
    bench = Bench({"tuned 101": 0.9, "tuned 111": 0.8, "tuned 110": 0.7})
    found = make_search("oneshot").find(SPACE, bench)
    shared, *tuned = bench.cells
    assert shared.plan is None and shared.share == 1.0
    assert {cell.plan for cell in tuned} == {"111", "110", "101"} and len(tuned) == KEPT
    assert all(cell.start == shared.name and cell.share == SHARE for cell in tuned)
    assert [one.plan for one in found.ranking][:4] == ["101", "111", "110", "100"]


def test_random_plans_follow_from_the_seed_and_are_cells_of_exhaustive() -> None:
    first, again = Bench(), Bench()
    make_search("random:3").find(SPACE, first)
    make_search("random:3").find(SPACE, again)
    assert first.cells == again.cells and len({cell.plan for cell in first.cells}) == 3
    whole = Bench()
    make_search("exhaustive").find(SPACE, whole)
    assert set(first.cells) <= set(whole.cells)
    with pytest.raises(RecipeError, match="more plans than there are: 8"):
        make_search("random:9").describe(SPACE)


@pytest.mark.parametrize(
    ("notation", "told"),
    [
        ("halving", "2 plans at 1/2 of the training: 1 whole training in all"),
        ("random:1", "1 plan drawn at random, the whole training each"),
        ("learned", "one whole training with learned gates, one each for 1 group of layers"),
    ],
)
def test_one_is_told_as_one(notation: str, told: str) -> None:
    assert make_search(notation).describe(Space(1, 1)) == told


def test_learned_gates_give_one_plan() -> None:
    bench = Bench()
    bench.list_plans = lambda cell: ["110"]  # type: ignore[method-assign]
    found = make_search("learned").find(SPACE, bench)
    assert [one.plan for one in found.ranking] == ["110"] and not found.field
    assert [(cell.plan, cell.share) for cell in bench.cells] == [(None, 1.0)]


@pytest.mark.parametrize(("notation", "plan"), [("top", "011"), ("all", "111")])
def test_controls_train_nothing(notation: str, plan: str) -> None:
    bench = Bench()
    found = make_search(notation).find(SPACE, bench)
    assert [one.plan for one in found.ranking] == [plan] and not bench.cells


@pytest.mark.parametrize(
    ("notation", "message"),
    [
        ("randm", "Did you mean 'random:K'"),
        ("clever", "Known: all, exhaustive, halving, learned, oneshot, random:K, top"),
        ("random", "Write random:K for K plans, such as random:4"),
        ("random:", "Write random:K"),
        ("random:0", "Write random:K"),
        ("random:x", "not a number of plans"),
        ("top:4", "Write top"),
    ],
)
def test_a_strategy_that_is_none(notation: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        make_search(notation)
