"""tagwright train: from labelled files to a labeler, its scores and its report."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagwright.backbone.builtin import BACKBONE_FORMS, LABELER_FILE
from tagwright.cli.terminal.targets import Again

if TYPE_CHECKING:
    from tagwright.recipe.recipe import Recipe
    from tagwright.recipe.running.run import Outcome

SHOWN = 6

Tasks = Annotated[
    str | None, typer.Option(help="Of a writer: ner, joint-er, relation, srl, events, dst ...; several: ner,srl.")
]
Shown = Annotated[
    int | None, typer.Option(min=1, help="Of a writer: learn nothing, show so many training documents instead.")
]
Epochs = Annotated[float | None, typer.Option(help="How many, at most; 10 if neither this nor a recipe says.")]


def train(
    recipe: Annotated[Path | None, typer.Argument(help="A recipe (TOML). `tagwright init FILE` writes one.")] = None,
    train: Annotated[
        list[str] | None,
        typer.Option(help="Labelled training file, or synthetic:ner; for several tasks one each: srl=FILE."),
    ] = None,
    dev: Annotated[
        list[str] | None, typer.Option(help="Labelled dev file; without it part of train is set aside.")
    ] = None,
    test: Annotated[list[str] | None, typer.Option(help="Labelled test file, scored once at the end.")] = None,
    model: Annotated[str | None, typer.Option(help=f"Backbone: {BACKBONE_FORMS}.")] = None,
    view: Annotated[str | None, typer.Option(help="tagger (default), or writer: labels by writing.")] = None,
    task: Tasks = None,
    demonstrations: Shown = None,
    out: Annotated[str | None, typer.Option(help="Folder for the labeler and its report.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="Any setting: training.learning_rate=3e-5.")] = None,
    epochs: Epochs = None,
    shots: Annotated[int | None, typer.Option(help="Train on so many documents, drawn uniformly.")] = None,
    shots_per_label: Annotated[int | None, typer.Option(help="Train on at least so many spans per label.")] = None,
    percent: Annotated[float | None, typer.Option(help="Train on so many percent of the documents.")] = None,
    sample_seed: Annotated[int | None, typer.Option(help="Fix the draw; otherwise it follows the seed.")] = None,
    dev_policy: Annotated[str | None, typer.Option(help="full, matched (default when drawing) or cv.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Train so many times, with seeds counted up.")] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint in --out.")] = False,
    overwrite: Again = False,
) -> None:
    """Train a labeler and save it with its scores and report.

    Either a recipe, or --train and --model; options win over the recipe. One writer learns several tasks, from a file
    for each.

    \b
    tagwright train --train train.conll --dev dev.conll --out runs/first
    tagwright train --view writer --train ner=a.conll --train srl=b.jsonl --model builtin:tiny-t5 --out runs/both
    """
    from tagwright.cli.terminal.files import read_sources

    given = {"train": train, "dev": dev, "test": test}
    files = {f"data.{part}": read_sources(part, sources) for part, sources in given.items()}
    if task is None and isinstance(by_task := files["data.train"], dict):
        task = ", ".join(by_task)
    named: dict[str, Any] = files | {
        "backbone.model": model,
        "view": view,
        "writer.task": task,
        "out": out,
        "training.num_train_epochs": epochs,
        "draw.shots": shots,
        "draw.shots_per_label": shots_per_label,
        "draw.percent": percent,
        "draw.seed": sample_seed,
        "draw.dev_policy": dev_policy,
    }
    settings = {name: value for name, value in named.items() if value is not None}
    if demonstrations is not None:
        settings |= {"view": "writer", "tuning.name": "frozen", "writer.demonstrations": demonstrations}
    plan = _read_recipe(recipe, settings, set_ or [])
    run_all(plan, seeds=seeds, resume=resume, overwrite=overwrite)


def _read_recipe(path: Path | None, settings: dict[str, Any], changes: Sequence[str]) -> "Recipe":
    from tagwright.errors import RecipeError
    from tagwright.recipe.recipe import Recipe
    from tagwright.settings.settings import parse_setting

    settings |= dict(parse_setting(change) for change in changes)
    if path is not None and path.suffix != ".toml":
        raise RecipeError(
            f"{path} is no recipe (a .toml file). To train on it: tagwright train --train {path} --out FOLDER; "
            f"to write a recipe for it: tagwright init {path}"
        )
    plan = Recipe().change(settings) if path is None else Recipe.from_toml(path, settings=settings)
    if plan.data.train is None:
        raise RecipeError(
            "Nothing to train on. Give a recipe, or --train FILE (synthetic:ner for the built-in corpus)."
        )
    if plan.out is None:
        raise RecipeError("Nowhere to save. Give --out FOLDER.")
    return plan


def run_all(plan: "Recipe", *, seeds: int, resume: bool, overwrite: bool) -> None:
    """Read once, train for every seed, show every result and, for several, their spread."""
    from tagwright.cli.terminal.show import make_console, show_ledger, show_loading
    from tagwright.recipe.corpora import load_corpora
    from tagwright.recipe.recipe import vary_seed
    from tagwright.text.ledger import Ledger

    console, ledger, folder = make_console(), Ledger(), Path(plan.out or "")
    _hush_other_processes(console)
    plans = [vary_seed(plan, number) for number in range(seeds)]
    folders = [folder / f"seed-{one.training.seed}" for one in plans] if seeds > 1 else [folder]
    _check_places(plan, folders, may_be_used=resume or overwrite)
    with show_loading():
        from tagwright.models.folder import read_about
        from tagwright.recipe.running.place import check_folder, is_finished
        from tagwright.recipe.running.run import train_labeler
        from tagwright.training.arguments import check_names

    check_names(plan.training)
    for one, place in zip(plans, folders, strict=True):
        check_folder(place, one, resume=resume, overwrite=overwrite)
    corpora = load_corpora(plan, ledger)
    show_ledger(console, ledger, title="What the files hold and Tagwright can't:")
    scores = []
    for one, place in zip(plans, folders, strict=True):
        if resume and is_finished(place):
            console.print(f"{place} is finished; nothing to resume.", highlight=False, soft_wrap=True)
            scores.append(read_about(place)["scores"])
            continue
        _prepare(place, overwrite=overwrite)
        outcome = train_labeler(one, corpora, folder=place, resume=resume, progress=True, ledger=Ledger())
        if is_main_process():
            _finish(console, outcome, place)
        scores.append(outcome.labeler.origin.scores)
    _show_spread(console, scores)


def _check_places(plan: "Recipe", folders: Sequence[Path], *, may_be_used: bool) -> None:
    """What can be seen before the libraries load: files that are missing, folders that hold a labeler."""
    from tagwright.errors import RecipeError
    from tagwright.io.files import find_reader
    from tagwright.recipe.corpora import pick_files
    from tagwright.recipe.recipe import USED

    for folder in folders:
        if not may_be_used and (folder / LABELER_FILE).is_file():
            raise RecipeError(USED.format(folder=folder))
    for task in plan.writer.tasks if plan.has_tasks else (plan.writer.task,):
        data = pick_files(plan.data, task)
        sources = (data.train, data.dev, data.test) if not data.is_synthetic else ()
        for source in filter(None, sources):
            find_reader(Path(str(source)), kind=data.kind, options=data.options)


def is_main_process() -> bool:
    """Of the processes that `accelerate launch` or torchrun started, the first one prints and writes."""
    return os.environ.get("RANK", "0") == "0"


def _hush_other_processes(console: Any) -> None:
    if not is_main_process():
        console.quiet = True
        logging.getLogger("tagwright").setLevel(logging.ERROR)


def _prepare(place: Path, *, overwrite: bool) -> None:
    import shutil

    from tagwright.recipe.running.place import CHECKPOINTS

    if overwrite and is_main_process():
        shutil.rmtree(place / CHECKPOINTS, ignore_errors=True)
    place.mkdir(parents=True, exist_ok=True)


def _finish(console: Any, outcome: "Outcome", place: Path) -> None:
    from tagwright.cli.terminal.pictures import draw_sight
    from tagwright.cli.terminal.show import pick_labelled, show_documents, show_ledger, show_legend, show_report
    from tagwright.models.folder import read_about
    from tagwright.recipe.running.fitting import turn_to
    from tagwright.recipe.running.outputs import find_reports, write_outputs
    from tagwright.recipe.running.place import PAGE

    write_outputs(outcome, place)
    for part, report in find_reports(outcome).items():
        show_report(console, report, title=part, given=turn_to(outcome.labeler, part.rpartition(" ")[0]).model.given)
    show_legend(console, find_reports(outcome).values(), given=outcome.labeler.model.given)
    if outcome.labeler.origin.gates:
        for line in draw_sight(read_about(place)):
            console.print(line, highlight=False, soft_wrap=True)
    if (score := outcome.labeler.origin.scores.get("cross-validated F1")) is not None:
        alone = " (without a --test file there are no mistakes to show)" * (not find_reports(outcome))
        console.print(f"cross-validated F1: {score:.2f}{alone}", highlight=False)
    elif not find_reports(outcome):
        console.print("[bold yellow]Nothing was scored: there are neither dev nor test documents.[/]")
    show_ledger(console, outcome.unheld, title="What this labeler can't hold:")
    show_ledger(console, outcome.labeler.ledger, title="What could not be read or was wrong with its outputs:")
    for task, each in outcome.scored.items():
        picked = pick_labelled(each.predicted, max(1, SHOWN // len(outcome.scored)))
        show_documents(console, picked, given=turn_to(outcome.labeler, task).model.given)
    console.print(
        f"Saved to {place} in {outcome.seconds:.0f} s. Report: {place / PAGE}", highlight=False, soft_wrap=True
    )
    console.print(f"Label with it: tagwright predict {place} FILE -o labelled.jsonl", highlight=False, soft_wrap=True)


def _show_spread(console: Any, scores: Sequence[Any]) -> None:
    import statistics

    if len(scores) > 1:
        for name in scores[0]:
            values = [score[name] for score in scores]
            mean, spread = statistics.mean(values), statistics.stdev(values)
            told = f"{name}: mean {mean:.2f}, standard deviation {spread:.2f} over {len(values)} seeds"
            console.print(told, highlight=False)
