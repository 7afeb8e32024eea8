"""What a finished search leaves in its folder. Knows nothing of how it was run.

search.json   everything     search.html   for people     recipe.toml   with the chosen plan     cells/   its parts
"""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tagwright.backbone.sight.sight import Sight
from tagwright.models.versions import find_versions
from tagwright.search.cells.record import Cost, add_costs
from tagwright.search.page import render_search
from tagwright.search.run import Outcome
from tagwright.search.space import compare_groups
from tagwright.settings.toml import write_toml

RESULT, PAGE, RECIPE = "search.json", "search.html", "recipe.toml"


def write_outputs(outcome: Outcome, folder: Path) -> None:
    """Write all three."""
    toml = write_recipe(outcome)
    (folder / RECIPE).write_text(toml, encoding="utf-8")
    plain = json.dumps(to_dict(outcome), ensure_ascii=False, indent=1)
    (folder / RESULT).write_text(plain + "\n", encoding="utf-8")
    page = render_search(outcome, facts=describe(outcome), recipe=toml)
    (folder / PAGE).write_text(page, encoding="utf-8")


def write_recipe(outcome: Outcome) -> str:
    """The recipe with the chosen plan, as TOML."""
    note = f"found by `tagwright search`, {outcome.config.strategy}, {outcome.config.groups} groups of layers"
    return write_toml(outcome.recipe, notes={"backbone.sight": note})


def to_dict(outcome: Outcome) -> dict[str, Any]:
    """Everything, as plain values. Scores are shares of 1; `finals` alone are for quoting."""
    groups = compare_groups(dict(outcome.found.field))
    return {
        **asdict(outcome.config),
        "about": outcome.about,
        "layers": outcome.layers,
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
    seeds = ", ".join(str(record.cell.seed) for record in outcome.finals)
    return {
        "Model": f"{recipe.backbone.model}, {outcome.layers} layers in {outcome.config.groups} groups",
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
