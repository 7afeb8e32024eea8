"""Figures of a curve: crossed seeds on made-up records, differences on the same seeds, the best so far by step."""

import random
from dataclasses import replace

import pytest

from made_curves import make_outcome
from tagwright.search.curves.summary import list_points, list_steps


def test_draws_and_trainings_have_their_own_spreads() -> None:
    last, mix, *_ = list_points(make_outcome())
    assert (last.value, last.documents, mix.value) == ("last", 10, "mix")
    assert last.f1.mean == pytest.approx(0.1 * 2.5 + 0.01 * 2.5 - 0.05)
    assert last.f1.draws == pytest.approx(0.1 / 2**0.5) and last.f1.seeds == pytest.approx(0.01 / 2**0.5)
    assert last.f1.rest == pytest.approx(0) and last.f1.runs == 4
    assert (last.moved, mix.moved) == (100, 105) and (last.tokens, last.seconds) == (120, 8.0)


def test_values_are_compared_on_the_same_draws_and_trainings() -> None:
    outcome = make_outcome()
    last, mix, *_ = list_points(outcome)
    assert last.difference is None
    assert mix.difference is not None and mix.difference.mean == pytest.approx(0.2)
    assert mix.difference.draws == pytest.approx(0) and mix.difference.seeds == pytest.approx(0)
    shuffled = random.Random(0).sample(list(outcome.runs), len(outcome.runs))
    assert list_points(replace(outcome, runs=shuffled)) == list_points(outcome)


def test_all_documents_have_one_draw() -> None:
    whole = list_points(make_outcome())[2]
    assert (whole.documents, whole.f1.runs, whole.f1.draws) == (40, 2, None)


def test_without_test_documents_dev_is_told() -> None:
    outcome = make_outcome(has_test=False)
    assert outcome.part == "dev" and list_points(outcome)[0].f1.mean == pytest.approx(0.275)


def test_the_best_so_far_never_falls_and_waits_for_the_slowest() -> None:
    outcome = make_outcome(seeds=1)
    runs = [replace(record, steps=((2, 0.1), (4, 0.5), (6, 0.3))) for record in outcome.runs]
    first = list_steps(replace(outcome, runs=runs))[0]
    assert [(step, spread.mean) for step, spread in first.points] == [(2, 0.1), (4, 0.5), (6, 0.5)]
    crossed = make_outcome()
    early = [
        replace(record, steps=((1, 0.2), *record.steps)) if record.cell.seed == 2 else record for record in crossed.runs
    ]
    first = list_steps(replace(crossed, runs=early))[0]
    assert [step for step, _ in first.points] == [4, 8]
    assert not list_steps(replace(crossed, runs=[replace(record, steps=()) for record in crossed.runs]))
