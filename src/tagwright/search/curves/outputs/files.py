"""What a finished curve leaves in its folder. Knows nothing of how it was run.

curve.html   for people        curve.csv   one row for each value and size    curve.json   everything, run by run
curve.png    its charts        steps.csv   the best dev F1 so far by step     cells/       its parts
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tagwright.models.versions import find_versions
from tagwright.search.cells.record import add_costs
from tagwright.search.curves.outputs.page import render_curve
from tagwright.search.curves.outputs.picture import MISSING, can_draw, draw_picture
from tagwright.search.curves.run import Outcome
from tagwright.search.curves.spread import Spread
from tagwright.search.curves.summary import list_points, list_steps
from tagwright.settings.toml import write_toml

PAGE, PICTURE, TABLE, STEPS, RESULT = FILES = ("curve.html", "curve.png", "curve.csv", "steps.csv", "curve.json")


def write_outputs(outcome: Outcome, folder: Path) -> list[str]:
    """Write all of them; gives a line for each that could not be had."""
    page = render_curve(outcome, facts=describe(outcome), recipe=write_toml(outcome.recipe))
    (folder / PAGE).write_text(page, encoding="utf-8")
    plain = json.dumps(to_dict(outcome), ensure_ascii=False, indent=1)
    (folder / RESULT).write_text(plain + "\n", encoding="utf-8")
    _write_rows(folder / TABLE, list(list_rows(outcome)))
    _write_rows(folder / STEPS, list(list_step_rows(outcome)))
    if not can_draw():
        return [f"{PICTURE} {MISSING}"]
    draw_picture(outcome, folder / PICTURE)
    return []


def to_dict(outcome: Outcome) -> dict[str, Any]:
    """Everything, as plain values. Scores are shares of 1; `runs` are for quoting, `trials` chose the rates."""
    return {
        **asdict(outcome.config),
        "setting": outcome.plan.dial.setting,
        "values": list(outcome.plan.dial.values),
        "documents": list(outcome.plan.sizes),
        "part": outcome.part,
        "rates": dict(outcome.rates),
        "doubts": list(outcome.plan.find_doubts(outcome.trials, outcome.rates)),
        "points": [asdict(point) for point in list_points(outcome)],
        "trials": [asdict(record) for record in outcome.trials],
        "runs": [asdict(record) for record in outcome.runs],
        "recipe": outcome.recipe.to_dict(),
        "versions": find_versions(),
    }


def list_rows(outcome: Outcome) -> Iterator[dict[str, Any]]:
    """The table: scores in points."""
    for point in list_points(outcome):
        apart = point.difference
        yield {
            "value": point.value,
            "documents": point.documents,
            "part": outcome.part,
            **_spell("f1", point.f1),
            **{f"sd_{name}": _points(getattr(point.f1, name)) for name in ("draws", "seeds", "rest")},
            "runs": point.f1.runs,
            **(_spell("difference", apart) if apart else dict.fromkeys(_name("difference"), "")),
            "learning_rate": point.rate,
            "learned_weights": point.moved,
            "tokens": point.tokens,
            "seconds": round(point.seconds, 1),
        }


def list_step_rows(outcome: Outcome) -> Iterator[dict[str, Any]]:
    """The best dev F1 so far, in points."""
    for steps in list_steps(outcome):
        for step, spread in steps.points:
            named = {"value": steps.value, "documents": steps.documents, "step": step}
            yield named | _spell("best_dev_f1", spread) | {"runs": spread.runs}


def _name(what: str) -> tuple[str, str, str]:
    return what, f"{what}_low", f"{what}_high"


def _spell(what: str, spread: Spread) -> dict[str, Any]:
    return dict(zip(_name(what), map(_points, (spread.mean, spread.low, spread.high)), strict=True))


def _points(rate: float | None) -> str:
    return "" if rate is None else f"{100 * rate:.4f}"


def _write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else ["value", "documents", "step"])
        writer.writeheader()
        writer.writerows(rows)


def describe(outcome: Outcome) -> Mapping[str, str]:
    """The facts of a curve, for people."""
    recipe, plan, config = outcome.recipe, outcome.plan, outcome.config
    every = [*outcome.trials, *outcome.runs]
    tokens, seconds = add_costs(every).tokens, sum(record.seconds for record in every)
    return {
        "Model": recipe.backbone.model,
        "Varied": f"{plan.dial.setting}: {', '.join(plan.dial.values)}",
        "Documents": f"{', '.join(map(str, plan.sizes))} of {plan.documents}",
        "Seeds": f"{', '.join(map(str, plan.seeds))} of draws and of trainings, crossed; {plan.first} for the trials",
        "Learning rates": f"{config.trials} tried for every value, with {plan.middle} documents: "
        + ", ".join(f"{value} {rate:g}" for value, rate in outcome.rates.items()),
        "Cost": f"{tokens:,} tokens through the backbone, {seconds:.0f} s of training and scoring, {len(every)} cells",
        "Data": str(recipe.data.train or ""),
    }
