"""What a finished run leaves in its folder. Knows nothing of how it was trained.

the labeler itself (see models.folder)    recipe.toml   resolved       history.json   the training log
report.json, report.html                  test.predicted.jsonl         where there is a test part (srl.test....)
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tagwright.backbone.sight.sight import describe_gates, is_learned
from tagwright.evaluation.page.page import Page, render_page
from tagwright.evaluation.report import Report
from tagwright.io.files import write
from tagwright.models.config import FROZEN
from tagwright.models.folder import read_about
from tagwright.models.tagger import Tagger
from tagwright.recipe.recipe import Recipe
from tagwright.recipe.running.place import CHECKPOINTS, HISTORY, PAGE, RECIPE, REPORT
from tagwright.recipe.running.run import Outcome
from tagwright.settings.toml import write_toml
from tagwright.text.ledger import Ledger
from tagwright.tuning.weights import count_weights, tell_share

PREDICTED = "test.predicted.jsonl"


def write_outputs(outcome: Outcome, folder: Path) -> None:
    """Save the labeler and everything a person or a program may ask of the run; checkpoints go."""
    fixture = {task: each.stored for task, each in outcome.scored.items()}
    outcome.labeler.save_pretrained(folder, fixture=fixture)
    toml = write_toml(outcome.recipe)
    (folder / RECIPE).write_text(toml, encoding="utf-8")
    (folder / HISTORY).write_text(json.dumps(list(outcome.history), indent=1) + "\n", encoding="utf-8")
    reports = find_reports(outcome)
    plain = {part: report.to_dict() for part, report in reports.items()}
    (folder / REPORT).write_text(json.dumps(plain, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    facts, sight = describe(outcome), find_flags(read_about(folder).get("sight", {}))
    origin = outcome.labeler.origin
    page = Page(
        folder.name,
        facts,
        reports,
        outcome.history,
        list(outcome.unheld.lines()),
        toml,
        sight,
        layers=origin.layers,
        choices=origin.choices,
        gates=describe_gates(origin.gates),
    )
    (folder / PAGE).write_text(render_page(page), encoding="utf-8")
    for task, each in outcome.scored.items():
        if each.predicted:
            write(each.predicted, folder / (f"{task}.{PREDICTED}" if task else PREDICTED), ledger=Ledger())
    shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)


def find_reports(outcome: Outcome) -> dict[str, Report]:
    """The reports of a run by part, of several tasks by task and part."""
    return {
        f"{task} {part}".strip(): report
        for part in ("test", "dev")
        for task, each in outcome.scored.items()
        if (report := getattr(each, part)) is not None
    }


def find_flags(sight: Mapping[str, Any]) -> tuple[bool, ...]:
    """Of every layer: does it look right? Nothing where the model's layers can't be told apart."""
    return tuple(layer in sight["open"] for layer in range(sight.get("layers", 0)))


def describe(outcome: Outcome) -> Mapping[str, str]:
    """The facts of a run, for people."""
    recipe, model = outcome.recipe, outcome.labeler.model
    weights = count_weights(model)
    data = "; ".join(
        f"{part}: {facts.get('file', '')} ({facts.get('documents', '?')} documents)"
        for part, facts in outcome.labeler.origin.data.items()
    )
    own = _describe_tagger(recipe, model) if isinstance(model, Tagger) else _describe_writer(outcome)
    cv = outcome.labeler.origin.scores.get("cross-validated F1")
    return {
        "Model": f"{recipe.backbone.model} ({weights / 1e6:.1f} million weights)",
        **own,
        "Tuning": f"{recipe.tuning.name}; {tell_share(model.tuning.count(model), weights)}",
        "Data": data,
        **({} if cv is None else {"Cross-validated F1": f"{cv:.2f}"}),
        "Seed": str(recipe.training.seed),
        "Time": f"{outcome.seconds:.0f} s",
        "Versions": ", ".join(f"{name} {number}" for name, number in outcome.labeler.origin.versions.items()),
    }


def _describe_tagger(recipe: Recipe, tagger: Tagger) -> dict[str, str]:
    learned = {"Sight": f"learned: {tagger.backbone.sight}"} if is_learned(recipe.backbone.sight) else {}
    head = f"{tagger.head.describe(tagger.head.config)}, words read at {recipe.backbone.read_at}"
    return {**learned, "Head": head, "Fusion": tagger.fusion.describe()}


def _describe_writer(outcome: Outcome) -> dict[str, str]:
    config, faults = outcome.recipe.writer, outcome.labeler.faults
    written = "; ".join(faults.lines()) or f"none in {faults.outputs}"
    model, shown = outcome.labeler.model, {}
    if outcome.recipe.tuning.name == FROZEN:
        shown = {"Shown": f"{model.sources.demonstrations} of {len(model.sources.shown.pairs)} training pairs"}
    return {"Task": config.task, "Format": config.format, **shown, "Faults of outputs": written}
