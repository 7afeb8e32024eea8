"""tagwright curve: one tiny curve for real, gone on with, and what is refused."""

from pathlib import Path

import pytest

from cli_run import Run
from tagwright.errors import RecipeError
from tagwright.recipe.estimate.machine import Machine
from tagwright.search.curves import expectation

RECIPE = """
out = "run"
[data]
train = "synthetic:ner"
documents = 40
[backbone]
model = "builtin:untrained"
max_tokens = 64
[training]
max_steps = 1
save_strategy = "no"
"""
CURVE = ("--vary", "tuning=full,frozen", "--shots", "6,all", "--seeds", 1, "--trials", 1)


@pytest.fixture
def recipe(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(expectation, "measure_machine", lambda bf16: Machine("one", 1 << 34, 1e10, 1e10))
    path = here / "recipe.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


def test_a_curve_ends_in_a_table_and_goes_on_from_its_cells(run: Run, recipe: Path) -> None:
    shown = run("curve", recipe, *CURVE)
    assert "2 values x 2 sizes, 1 draws x 1 trainings" in shown.stderr and "4 cells in all" in shown.stderr
    assert "Expected: about" in shown.stderr and "[4/4] run-frozen-" in shown.stderr
    assert "Exact F1 on test" in shown.stdout and "less full" in shown.stdout
    folder = recipe.parent / "run" / "curve-tuning"
    assert {"cells", "curve.html", "curve.csv", "curve.json", "steps.csv"} <= {path.name for path in folder.iterdir()}
    before = {path: path.stat().st_mtime_ns for path in (folder / "cells").glob("run-*.json")}
    assert len(before) == 4
    assert run("curve", recipe, *CURVE).stdout == shown.stdout
    assert {path: path.stat().st_mtime_ns for path in before} == before
    with pytest.raises(RecipeError, match="--overwrite"):
        run("curve", recipe, *CURVE, "--set", "training.max_steps=2")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--vary", "tuninng=full"), "Did you mean 'tuning'"),
        (("--vary", "tuning=fulll"), "Did you mean 'full'"),
        (("--shots", "6,500"), "Take at most"),
        (("--engine", "rey"), "Did you mean 'ray'"),
    ],
)
def test_a_wrong_wish_is_refused_before_anything_is_trained(
    run: Run, recipe: Path, arguments: tuple[object, ...], message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        run("curve", recipe, *CURVE, *arguments)
    assert not (recipe.parent / "run").exists()


def test_a_curve_needs_a_place(run: Run, recipe: Path) -> None:
    recipe.write_text(RECIPE.replace('out = "run"', ""), encoding="utf-8")
    with pytest.raises(RecipeError, match="--out FOLDER"):
        run("curve", recipe, *CURVE)
