"""What a saved labeler is, for people: what it knows, how it was trained, and how well. Knows no verb."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from tagwright.cli.terminal.pictures import draw_choices, draw_layers, draw_sight
from tagwright.cli.terminal.show import show_loading

VIEWS = {"writers": "writer of several tasks"}
READ_BY_WRITERS = ("writer", "backbone")


def show_labeler(console: Console, folder: Path, *, name: str, check: bool) -> dict[str, Any]:
    """What a saved labeler is, and whether it still predicts what it did."""
    from tagwright.evaluation.page.elements import show_count

    with show_loading():
        from tagwright.inference.calibrated import read_calibration
        from tagwright.models.folder import read_about

    about = read_about(folder)
    known = {part: about[part] for part in ("labels", "relations") if about.get(part)}
    sizes = " and ".join(show_count(len(names), part[:-1]) for part, names in known.items())
    view = VIEWS.get(about["view"], about["view"])
    console.print(f"[bold]{escape(name)}[/]: a {view} with {sizes or 'no labels'}")
    for part, names in known.items():
        console.print(f"  {part}: {escape(', '.join(names))}", soft_wrap=True)
    for line in [*_tell_room(about), *_tell_tuning(about), *draw_sight(about)]:
        console.print(f"  {escape(line)}", soft_wrap=True)
    parts = _pick_read(about)
    for part in ("head", "fusion", "writer", "backbone", "versions", "scores"):
        if part not in parts:
            continue
        facts = ", ".join(f"{name} {_spell(value)}" for name, value in parts[part].items() if value is not None)
        console.print(f"  {part}: {escape(facts)}", soft_wrap=True)
    if (calibration := read_calibration(folder)) is not None:
        console.print(f"  calibration: {'; '.join(calibration.tell())}", soft_wrap=True)
    for part, facts in about.get("data", {}).items():
        shown = ", ".join(f"{name} {value}" for name, value in facts.items())
        console.print(f"  data, {part}: {escape(shown)}", soft_wrap=True)
    for line in [*draw_layers(about.get("layers")), *draw_choices(about.get("choices"))]:
        console.print(f"  {escape(line)}", soft_wrap=True)
    if check:
        from tagwright.inference.predictor import load

        load(folder, check=True)
        console.print("  [green]It predicts what it did when it was saved.[/]")
    return about | ({"checked": True} if check else {})


def _pick_read(about: Mapping[str, Any]) -> dict[str, Any]:
    """What there is to tell, without the settings that such a labeler doesn't read."""
    from tagwright.backbone.fusion import FusionConfig
    from tagwright.heads.config import HeadConfig
    from tagwright.recipe.recipe import UNREAD_BACKBONE

    if "head" in about:  # a writer has none
        head = HeadConfig.model_validate(about["head"]).list_read()
        return {**about, "head": head, "fusion": FusionConfig.model_validate(about.get("fusion", {})).list_read()}
    unread = {*UNREAD_BACKBONE, *(("mix",) if about["view"] == "writer" else ())}  # one task, nothing to mix
    own = {part: {name: value for name, value in about[part].items() if name not in unread} for part in READ_BY_WRITERS}
    return {**about, **own}


def _tell_room(about: Mapping[str, Any]) -> list[str]:
    """How many tokens a writer may write, of each task."""
    from tagwright.models.config import WriterConfig

    plans = {"": about} if "longest" in about else about.get("tasks", {})
    rooms = (
        f"{task} {WriterConfig.model_validate(plan['writer']).find_room(plan['longest'])}".strip()
        for task, plan in plans.items()
    )
    return [f"tokens of an answer, at most: {', '.join(rooms)} (writer.max_target_tokens)"] if plans else []


def _tell_tuning(about: Mapping[str, Any]) -> list[str]:
    """Which weights moved, by which settings, and what they lie on."""
    from tagwright.tuning.config import TuningConfig
    from tagwright.tuning.weights import tell_share

    if "moved" not in about:
        return []
    config = TuningConfig.model_validate(about["tuning"])
    read = {**config.list_read(), **config.list_sparse_read(), "name": None}
    facts = [f"{name} {_spell(value)}" for name, value in read.items() if value]
    told = [config.name, tell_share(about["moved"]["weights"], about["moved"]["of"]), ", ".join(facts)]
    lines = [f"tuning: {'; '.join(filter(None, told))}"]
    if base := about["base"]:
        lines.append(f"base: {base['model']}, which must be at hand; checksum {base['digest']}")
    return lines


def _spell(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(map(_spell, value))
    return f"{value:.2f}" if isinstance(value, float) else str(value)
