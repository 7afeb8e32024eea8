"""tagwright inspect: what is in labelled files, what looks wrong, what training takes; or what is in a labeler."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagwright.backbone.builtin import LABELER_FILE, LABELERS, PREFIX, find_labeler
from tagwright.cli.terminal.files import Encoding, From, LabelNames, Scheme, TagColumn, TextColumn, ToJson, WordColumn
from tagwright.cli.terminal.targets import Overwrite, check_targets

if TYPE_CHECKING:
    from rich.console import Console

    from tagwright.recipe.estimate.estimate import Estimate
    from tagwright.recipe.recipe import Recipe
    from tagwright.text.document import Document

    Shown = tuple[dict[str, Sequence[Document]], dict[str, Any]]  # documents by part, what was said as plain values


def inspect(
    target: Annotated[
        Path,
        typer.Argument(help=f"Labelled file, recipe (.toml), or saved labeler: its folder or {', '.join(LABELERS)}."),
    ],
    dev: Annotated[Path | None, typer.Option(help="Labelled dev file, held against the first.")] = None,
    test: Annotated[Path | None, typer.Option(help="Labelled test file, held against both.")] = None,
    model: Annotated[str | None, typer.Option(help="Backbone: say what training it on the file would take.")] = None,
    shots: Annotated[int | None, typer.Option(help="With --model or a recipe: train on so many documents.")] = None,
    epochs: Annotated[float | None, typer.Option(help="With --model or a recipe: how many epochs.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="Any setting of the recipe, as in training.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Of a labeler: load it and try its stored documents.")] = False,
    json_file: ToJson = None,
    overwrite: Overwrite = False,
    kind: From = None,
    word_column: WordColumn = None,
    tag_column: TagColumn = None,
    text_column: TextColumn = None,
    scheme: Scheme = None,
    label_names: LabelNames = None,
    encoding: Encoding = "utf-8",
) -> None:
    """Look at labelled data before training, at a recipe, or at a labeler.

    Counts, labels, lengths, and everything that looks wrong: in the tags, the spans, between train, dev and test.

    \b
    tagwright inspect train.conll --dev dev.conll --test test.conll
    tagwright inspect train.conll --model org/name       memory and time; loads no weights
    tagwright inspect recipe.toml                        both, for what this recipe says
    tagwright inspect runs/first --check                 a saved labeler
    """
    from tagwright.cli.terminal.files import make_options, tell_options, write_json
    from tagwright.cli.terminal.show import make_console

    check_targets({"--json": json_file}, overwrite=overwrite)
    console = make_console()
    folder = find_labeler(str(target)) if str(target).startswith(PREFIX) else target
    if (folder / LABELER_FILE).is_file():
        from tagwright.cli.terminal.about import show_labeler

        write_json(json_file, show_labeler(console, folder, name=str(target), check=check))
        return
    columns = {"word_column": word_column, "tag_column": tag_column, "text_column": text_column}
    options = make_options(**columns, scheme=scheme, encoding=encoding, label_names=label_names)
    named = {
        "data.dev": None if dev is None else str(dev),
        "data.test": None if test is None else str(test),
        "data.kind": kind,
        "backbone.model": model,
        "draw.shots": shots,
        "training.num_train_epochs": epochs,
    }
    settings = {name: value for name, value in named.items() if value is not None}
    plan, trains = read_plan(target, settings | tell_options(options), changes=set_ or [])
    write_json(json_file, show_plan(console, plan, trains=trains))


def read_plan(target: Path, settings: dict[str, Any], *, changes: Sequence[str]) -> "tuple[Recipe, bool]":
    """The recipe that is to be looked at, made for a plain file, and whether it says what to train."""
    from tagwright.errors import RecipeError
    from tagwright.recipe.recipe import Recipe
    from tagwright.settings.settings import parse_setting

    settings |= dict(map(parse_setting, changes))
    if target.suffix == ".toml":
        plan = Recipe.from_toml(target, settings=settings)
        if plan.data.train is None:
            raise RecipeError(f"{target} names no training data. Give it with --set data.train=FILE.")
        return plan, True
    trains = "backbone.model" in settings
    idle = [name for name in settings if not name.startswith("data.")]
    if idle and not trains:
        raise RecipeError(f"{', '.join(idle)} only counts where training is estimated. Say with --model what to train.")
    return Recipe().change({"data.train": str(target)} | settings), trains


def show_plan(console: "Console", plan: "Recipe", *, trains: bool) -> dict[str, Any]:
    """Show the data of a recipe and what training on it would take; gives all that was said as plain values."""
    if plan.has_tasks:
        return show_tasks(console, plan)
    parts, content = show_files(console, plan, task=plan.writer.task)
    if not trains:
        return content
    need = estimate_training(plan, parts)
    show_estimate(console, need)
    return content | {"estimate": need.to_dict()}


def show_tasks(console: "Console", plan: "Recipe") -> dict[str, Any]:
    """Read and show the data of each task of several."""
    found = {}
    for task in plan.writer.tasks:
        console.rule(task, align="left")
        _, found[task] = show_files(console, plan, task=task)
    typer.echo(
        "Memory and time aren't told for several tasks. Of one: inspect FILE --model MODEL --set view=writer "
        "--set writer.task=TASK",
        err=True,
    )
    return {"tasks": found}


def show_files(console: "Console", plan: "Recipe", *, task: str) -> "Shown":
    """Read and show the data of a recipe, which may name files by task."""
    from tagwright.cli.terminal.documents import show_data, show_documents
    from tagwright.recipe.corpora import pick_files
    from tagwright.recipe.corpus import load_corpus
    from tagwright.text.ledger import Ledger

    data = pick_files(plan.data, task)
    if data.is_synthetic:
        console.print(f"[bold]{data.train}[/]: the built-in corpus")
        corpus = load_corpus(data, Ledger())
        parts = {"train": corpus.train, "dev": corpus.dev, "test": corpus.test}
        return parts, show_documents(console, parts, reading=Ledger(), files=())
    files = {name: Path(path) for name in ("train", "dev", "test") if (path := getattr(data, name)) is not None}
    return show_data(console, files, kind=data.kind, options=data.options)


def estimate_training(plan: "Recipe", parts: "Mapping[str, Sequence[Document]]") -> "Estimate":
    """What training would need, on the documents it would see; loads the model's config and tokenizer only."""
    from tagwright.cli.terminal.show import show_loading
    from tagwright.recipe.corpus import Corpus, draw_corpus, set_dev_aside
    from tagwright.text.ledger import Ledger

    with show_loading():
        from tagwright.recipe.estimate.estimate import estimate
    corpus = set_dev_aside(Corpus(parts["train"], parts.get("dev", ())), plan.data.dev_share, policy=plan.draw.policy)
    corpus = draw_corpus(corpus, plan.draw, seed=plan.training.seed, ledger=Ledger())
    for note in corpus.notes:
        typer.echo(note, err=True)
    typer.echo(f"Reading the config and the tokenizer of {plan.backbone.model} ...", err=True)
    return estimate(plan, corpus.train, dev=corpus.dev, test=parts.get("test", ()))


def show_estimate(console: "Console", need: "Estimate") -> None:
    """Lengths in tokens, memory and time."""
    from rich.markup import escape

    from tagwright.cli.terminal.documents import show_lengths
    from tagwright.recipe.inspection.summary import Lengths

    what = "tokens in a window" if need.has_head else "tokens of a source with its target"
    show_lengths(console, Lengths.of(need.lengths), what=what)
    if need.windowed:
        console.print(f"  {need.windowed:,} documents are longer than a window and become several that overlap")
    for line in need.notes.lines():
        console.print(f"  {escape(line)}", soft_wrap=True)
    console.print("[bold]What training would take[/] (an estimate, right to a factor of about two)")
    for line in need.lines():
        console.print(f"  {escape(line)}", soft_wrap=True)
