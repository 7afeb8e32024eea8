"""What a finished search leaves in its folder. Knows nothing of how it was run.

search.json   everything     search.html      for people                 cells/   its parts
recipe.toml   chosen plan    untouched.toml   the same, sight left alone
"""

import json
import shlex
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tagwright.backbone.sight.sight import Sight
from tagwright.errors import RecipeError
from tagwright.evaluation.page.elements import show_count
from tagwright.models.versions import find_versions
from tagwright.recipe.recipe import Recipe
from tagwright.search.cells.record import Cost, add_costs
from tagwright.search.page import render_search
from tagwright.search.run import Outcome
from tagwright.search.space import compare_groups
from tagwright.settings.toml import write_toml

RESULT, PAGE, RECIPE, UNTOUCHED = FILES = ("search.json", "search.html", "recipe.toml", "untouched.toml")
UNPROVEN = (
    "Whether the plan helped isn't known yet: the model with its sight left alone was not trained on these seeds. The "
    "first command does that, and its scores stand beside those above; the others test the difference."
)
STANDS_FOR = "TEST stands for a labelled file that was neither trained nor chosen on."


def choose_folder(recipe: Recipe, out: str | Path | None) -> Path:
    """The folder that was asked for, or one in the recipe's."""
    if out is None and recipe.out is None:
        raise RecipeError("Nowhere to keep the search. Give --out FOLDER (out=FOLDER), or set `out` in the recipe.")
    return Path(out) if out is not None else Path(recipe.out or "") / "search"


def write_outputs(outcome: Outcome, folder: Path) -> None:
    """Write all four."""
    toml = write_recipe(outcome)
    (folder / RECIPE).write_text(toml, encoding="utf-8")
    (folder / UNTOUCHED).write_text(write_toml(leave_alone(outcome.recipe)), encoding="utf-8")
    plain = json.dumps(to_dict(outcome), ensure_ascii=False, indent=1)
    (folder / RESULT).write_text(plain + "\n", encoding="utf-8")
    page = render_search(outcome, facts=describe(outcome), recipe=toml, check=tell_check(outcome))
    (folder / PAGE).write_text(page, encoding="utf-8")


def write_recipe(outcome: Outcome) -> str:
    """The recipe with the chosen plan, as TOML."""
    found = f"found by `tagwright search`, {outcome.config.strategy}"
    note = f"{found}, {show_count(outcome.config.groups, 'group')} of layers"
    return write_toml(outcome.recipe, notes={"backbone.sight": note})


def leave_alone(recipe: Recipe) -> Recipe:
    """The same recipe with the sight that its model has by nature, and a folder beside the other's."""
    return recipe.change({"backbone.sight": None, "out": str(Path(recipe.out or "").with_name("untouched"))})


def tell_check(outcome: Outcome) -> list[str]:
    """How to learn whether the plan helped: a line about it, then the commands."""
    numbers, test = [record.cell.seed for record in outcome.finals], outcome.recipe.data.test
    seeds = f"--set training.seed={numbers[0]}" + (f" --seeds {len(numbers)}" if len(numbers) > 1 else "")
    gold, about = (shlex.quote(test), "") if isinstance(test, str) else ("TEST", f" {STANDS_FOR}")
    trained, labelled, predicted = [], [], []
    for name, recipe in ((UNTOUCHED, leave_alone(outcome.recipe)), (RECIPE, outcome.recipe)):
        out = Path(recipe.out or "")
        runs = [out / f"seed-{number}" for number in numbers] if len(numbers) > 1 else [out]
        files = [shlex.quote(str(run / "test.jsonl")) for run in runs]
        trained.append(f"tagwright train {shlex.quote(str(out.with_name(name)))} {seeds}")
        labelled += [
            f"tagwright predict {shlex.quote(str(run))} {gold} -o {file}" for run, file in zip(runs, files, strict=True)
        ]
        predicted.append(" ".join(files))
    untouched, chosen = predicted
    compared = f"tagwright compare {gold} {chosen} --against {untouched} --names {outcome.chosen},untouched"
    return [UNPROVEN + about, *trained, *labelled, compared]


def to_dict(outcome: Outcome) -> dict[str, Any]:
    """Everything, as plain values. Scores are shares of 1; `finals` alone are for quoting."""
    groups = compare_groups(dict(outcome.found.field))
    return {
        **asdict(outcome.config),
        "about": outcome.about,
        "layers": outcome.layers,
        "dev_documents": outcome.dev_documents,
        "chosen": outcome.chosen,
        "open_layers": list(Sight.parse(outcome.chosen, layers=outcome.layers).open),
        "ranking": [asdict(one) for one in outcome.found.ranking],
        "equal_terms": dict(outcome.found.field),
        "groups_closed_open": [None if means is None else list(means) for means in groups],
        "finals": [asdict(record) for record in outcome.finals],
        "cost": _spell(outcome.cost),
        "final_cost": _spell(add_costs(outcome.finals)),
        "seconds": sum(record.seconds for record in outcome.searched),
        "recipe": outcome.recipe.to_dict(),
        "versions": find_versions(),
    }


def _spell(cost: Cost) -> dict[str, int]:
    return asdict(cost) | {"tokens": cost.tokens}


def describe(outcome: Outcome) -> Mapping[str, str]:
    """The facts of a search, for people."""
    recipe, finals = outcome.recipe, add_costs(outcome.finals)
    layers = show_count(outcome.layers, "layer")
    seeds = ", ".join(str(record.cell.seed) for record in outcome.finals)
    return {
        "Model": f"{recipe.backbone.model}, {layers} in {show_count(outcome.config.groups, 'group')}",
        "Strategy": f"{outcome.config.strategy}: {outcome.about}",
        "Chosen": f"{outcome.chosen}; looks right: {Sight.parse(outcome.chosen, layers=outcome.layers)}",
        **{f"{part} F1": spread for part, spread in quote(outcome).items()},
        "Seeds": f"{recipe.training.seed} for the search, {seeds} for the last trainings",
        "Cost of the search": _tell(outcome.cost, sum(record.seconds for record in outcome.searched)),
        "Cost of the last trainings": _tell(finals, sum(record.seconds for record in outcome.finals)),
        "Data": str(recipe.data.train or ""),
    }


def _tell(cost: Cost, seconds: float) -> str:
    parts = f"{cost.forward:,} forward, {cost.backward:,} backward"
    return f"{cost.tokens:,} tokens ({parts}), {seconds:.0f} s of training and scoring"


def quote(outcome: Outcome) -> dict[str, str]:
    """The scores that may be quoted, by part: those of the last trainings."""
    dev = [record.dev[outcome.chosen] for record in outcome.finals]
    test = [record.test for record in outcome.finals if record.test is not None]
    return {part: _spread(scores) for part, scores in (("test", test), ("dev", dev)) if scores}


def _spread(scores: Sequence[float]) -> str:
    mean = f"{100 * statistics.mean(scores):.2f}"
    if len(scores) == 1:
        return f"{mean} (one seed)"
    return f"{mean} ± {100 * statistics.stdev(scores):.2f} (mean and standard deviation of {len(scores)} seeds)"
