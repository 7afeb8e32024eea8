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

    from tagwright.io.kind import FileOptions
    from tagwright.recipe.estimate.estimate import Estimate
    from tagwright.recipe.inspection.layout import Layout
    from tagwright.recipe.inspection.summary import Lengths, Summary
    from tagwright.recipe.recipe import Recipe
    from tagwright.text.document import Document
    from tagwright.text.ledger import Ledger

VIEWS = {"writers": "writer of several tasks"}
READ_BY_WRITERS = ("writer", "backbone")
BAR, MOST = 40, 60  # columns of the longest bar, labels shown


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
    parts, content = show_plan(console, plan)
    if trains:
        need = estimate_training(plan, parts)
        show_estimate(console, need)
        content["estimate"] = need.to_dict()
    write_json(json_file, content)


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


def show_plan(console: "Console", plan: "Recipe") -> "tuple[dict[str, Sequence[Document]], dict[str, Any]]":
    """Read and show the data of a recipe."""
    from tagwright.errors import RecipeError
    from tagwright.recipe.corpora import pick_files
    from tagwright.recipe.corpus import load_corpus
    from tagwright.text.ledger import Ledger

    if plan.has_tasks:
        raise RecipeError(
            f"This recipe is for the tasks {', '.join(plan.writer.tasks)}, each with files of its own. "
            "Look at them one by one: tagwright inspect FILE"
        )
    data = pick_files(plan.data, plan.writer.task)
    if data.is_synthetic:
        console.print(f"[bold]{data.train}[/]: the built-in corpus")
        corpus = load_corpus(data, Ledger())
        parts = {"train": corpus.train, "dev": corpus.dev, "test": corpus.test}
        return parts, show_documents(console, parts, reading=Ledger(), file=None)
    files = {name: Path(path) for name in ("train", "dev", "test") if (path := getattr(data, name)) is not None}
    return show_data(console, files, kind=data.kind, options=data.options)


def show_data(
    console: "Console", files: Mapping[str, Path], *, kind: str | None, options: "FileOptions"
) -> "tuple[dict[str, Sequence[Document]], dict[str, Any]]":
    """Read and show the parts; gives them, and all that was said as plain values."""
    from tagwright.cli.terminal.files import read_labelled
    from tagwright.recipe.inspection.layout import find_layout
    from tagwright.text.ledger import Ledger

    reading = Ledger()
    parts = {name: read_labelled(path, kind=kind, options=options, ledger=reading) for name, path in files.items()}
    layout = find_layout(files["train"], parts["train"], kind=kind, options=options)
    show_layout(console, files["train"], layout=layout)
    named = {"files": {name: str(path) for name, path in files.items()}, "layout": list(layout.lines())}
    return parts, named | show_documents(console, parts, reading=reading, file=files["train"])


def show_documents(
    console: "Console", parts: "Mapping[str, Sequence[Document]]", *, reading: "Ledger", file: Path | None
) -> dict[str, Any]:
    """Counts, labels, lengths and findings, as tables and as plain values."""
    from tagwright.recipe.inspection.lint import lint
    from tagwright.recipe.inspection.summary import summarise

    summaries = {name: summarise(part) for name, part in parts.items()}
    show_parts(console, summaries)
    show_labels(console, summaries)
    show_lengths(console, summaries["train"].lengths, what="words in a training document")
    findings = {"reading": reading} | lint(parts)
    show_findings(console, findings, file=file)
    return {
        "parts": {name: summary.to_dict() for name, summary in summaries.items()},
        "findings": {
            topic: [{"what": what, "count": n, "first": ledger.places[what]} for what, n in ledger.counts.items()]
            for topic, ledger in findings.items()
        },
    }


def show_layout(console: "Console", path: Path, *, layout: "Layout") -> None:
    """How the file was read."""
    from rich.markup import escape

    console.print(f"[bold]{escape(str(path))}[/]", soft_wrap=True)
    for line in layout.lines():
        console.print(f"  {escape(line)}", soft_wrap=True)


def show_parts(console: "Console", summaries: "Mapping[str, Summary]") -> None:
    """A line for each part."""
    from rich.table import Table

    table = Table("part", title_justify="left")
    for column in ("documents", "without spans", "words", "spans", "relations", "fields", "longest"):
        table.add_column(column, justify="right")
    for name, part in summaries.items():
        edges, longest = sum(part.relations.values()), part.lengths.find_quantile(1.0)
        counts = (part.documents, part.unlabelled, part.words, part.spans + part.untyped, edges, part.fields, longest)
        table.add_row(name, *(f"{count:,}" for count in counts))
    console.print(table)


def show_labels(console: "Console", summaries: "Mapping[str, Summary]") -> None:
    """A line for each label, with a few of its spans, and one for each label of relations."""
    from rich.markup import escape
    from rich.table import Table

    table = Table("label", *(f"{name} spans" for name in summaries), "longest", "such as")
    labels = list(dict.fromkeys(label for part in summaries.values() for label in part.labels))
    for label in labels[:MOST]:
        found = [part.labels.get(label) for part in summaries.values()]
        counts = [f"{facts.spans:,}" if facts else "-" for facts in found]
        known = [facts for facts in found if facts]
        texts = ", ".join(text if len(text) < 30 else f"{text[:27]}..." for text in known[0].texts)
        table.add_row(escape(label), *counts, str(max(facts.longest for facts in known)), escape(texts))
    if labels:
        console.print(table)
    if len(labels) > MOST:
        console.print(f"... and {len(labels) - MOST:,} more labels; --json has them all")
    for label in dict.fromkeys(label for part in summaries.values() for label in part.relations):
        counts = [f"{name} {part.relations.get(label, 0):,}" for name, part in summaries.items()]
        console.print(f"relation {escape(label)}: {', '.join(counts)}")


def show_lengths(console: "Console", lengths: "Lengths", *, what: str) -> None:
    """A histogram of lengths in doubling bins."""
    facts = lengths.to_dict()
    console.print(
        f"{what}: median {facts['median']}, 95 % up to {facts['p95']}, 99 % up to {facts['p99']}, "
        f"longest {facts['longest']}"
    )
    bins = lengths.count_bins()
    most = max((count for _, count in bins), default=1)
    for name, count in bins:
        console.print(f"  {name:>9} {'█' * max(round(BAR * count / most), count > 0)} {count:,}")


def show_findings(console: "Console", findings: "Mapping[str, Ledger]", *, file: Path | None) -> None:
    """Everything that looks wrong, by topic; `file` is one that may hold documents without an id."""
    from rich.markup import escape

    from tagwright.io.kind import find_stem

    if not any(findings.values()):
        console.print("[green]Nothing looks wrong.[/]")
    elif file is not None:
        seventh = escape(f"{find_stem(file)}:7 is the seventh of {file.name} (of plain text its line 7).")
        console.print(f"[dim]Documents without an id are numbered: {seventh}[/]", soft_wrap=True)
    for topic, ledger in findings.items():
        if ledger:
            console.print(f"[bold yellow]To look at: {topic}[/]")
        for what, count in ledger.counts.items():
            console.print(f"  {count:,} x {escape(what)}", soft_wrap=True)
            for place in ledger.places[what]:
                console.print(f"      {escape(place)}", soft_wrap=True)


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

    from tagwright.recipe.inspection.summary import Lengths

    what = "tokens in a window" if need.has_head else "tokens of a source with its target"
    show_lengths(console, Lengths.of(need.lengths), what=what)
    if need.windowed:
        console.print(f"  {need.windowed:,} documents are longer than a window and become several that overlap")
    for note, count in need.notes.items():
        console.print(f"  {count:,} x {escape(note)}")
    console.print("[bold]What training would take[/] (an estimate, right to a factor of about two)")
    for line in need.lines():
        console.print(f"  {escape(line)}", soft_wrap=True)


def show_labeler(console: "Console", folder: Path, *, name: str, check: bool) -> dict[str, Any]:
    """What a saved labeler is, and whether it still predicts what it did."""
    from rich.markup import escape

    from tagwright.cli.terminal.pictures import draw_choices, draw_layers, draw_sight
    from tagwright.cli.terminal.show import show_loading
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
    """Which weights moved, and what they lie on."""
    from tagwright.tuning.weights import tell_share

    if "moved" not in about:
        return []
    lines = [f"tuning: {about['tuning']['name']}; {tell_share(about['moved']['weights'], about['moved']['of'])}"]
    if base := about["base"]:
        lines.append(f"base: {base['model']}, which must be at hand; checksum {base['digest']}")
    return lines


def _spell(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
