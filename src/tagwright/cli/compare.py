"""tagwright compare: is one system better than another, are they equal, or can the data not tell?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from tagwright.cli.terminal.files import Encoding, From, LabelNames, Scheme, TagColumn, TextColumn, ToJson, WordColumn
from tagwright.cli.terminal.targets import Overwrite, check_targets

if TYPE_CHECKING:
    from rich.console import Console

    from tagwright.evaluation.compare import Comparison, Contrast
    from tagwright.io.kind import FileOptions

AGAINST = "--against"
SEPARATOR = "\0"  # what no path can hold


class ManyAgainst(TyperCommand):
    """Lets --against take every file up to the next option: `--against b-*.jsonl`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        gathered: list[str] = []
        is_open = is_fresh = False
        for arg in args:
            if arg.startswith("-"):
                is_open, is_fresh = arg.partition("=")[0] == AGAINST, arg == AGAINST
                gathered.append(arg)
            elif is_open and not is_fresh:
                gathered[-1] += SEPARATOR + arg
            else:
                gathered.append(arg)
                is_fresh = False
        return super().parse_args(ctx, gathered)


def compare(
    gold: Annotated[Path, typer.Argument(help="Labelled file.")],
    runs: Annotated[list[Path], typer.Argument(metavar="A", help="Predictions of A: a file for each run (seed).")],
    against: Annotated[
        list[str],
        typer.Option(AGAINST, metavar="B...", help="Predictions of B. Give it again for each further system."),
    ],
    names: Annotated[str | None, typer.Option(help="Names of the systems, with commas: ours,theirs.")] = None,
    metric: Annotated[str, typer.Option(help="The score compared, as in the JSON: label.PER.recall.")] = "exact.f1",
    margin: Annotated[float, typer.Option(help="The difference, in points, that would not matter.")] = 1.0,
    draws: Annotated[int, typer.Option(help="Draws of the bootstrap and of the permutation test.")] = 2000,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 0,
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
    """Compare systems by their predictions.

    All for the same documents; several runs of a system are its seeds.

    \b
    tagwright compare test.conll a-1.jsonl a-2.jsonl --against b-1.jsonl b-2.jsonl
    tagwright compare test.conll a.jsonl --against b.jsonl --against c.jsonl

    Bootstrap over documents and seeds together, permutation test, equivalence within --margin. Several --against are
    several contrasts with A: their p-values are corrected (Holm).
    """
    from tagwright.cli.terminal.files import make_options, write_json
    from tagwright.cli.terminal.show import make_console

    check_targets({"--json": json_file}, overwrite=overwrite)
    sides = [runs, *([Path(path) for path in side.split(SEPARATOR)] for side in against)]
    called = _name_sides(sides, names)
    options = make_options(
        word_column=word_column,
        tag_column=tag_column,
        text_column=text_column,
        scheme=scheme,
        encoding=encoding,
        label_names=label_names,
    )
    console, files = make_console(), dict(zip(called, sides, strict=True))
    contrasts = _read_contrasts(console, gold, files=files, kind=kind, options=options)
    results = _compare(contrasts, {"metric": metric, "margin": margin, "draws": draws, "seed": seed})
    _show_results(console, results)
    said = {name: [str(path) for path in side] for name, side in files.items()}
    write_json(json_file, {"gold": str(gold), "files": said, "contrasts": [each.to_dict() for each in results]})


def _name_sides(sides: list[list[Path]], names: str | None) -> list[str]:
    from tagwright.errors import RecipeError

    if names is None:
        return [chr(ord("A") + at) for at in range(len(sides))]
    called = [name.strip() for name in names.split(",")]
    if len(called) != len(sides) or len(set(called)) < len(called):
        raise RecipeError(f"--names {names!r} has {len(set(called))} names, and there are {len(sides)} systems.")
    return called


def _read_contrasts(
    console: "Console", gold: Path, *, files: dict[str, list[Path]], kind: str | None, options: "FileOptions"
) -> "list[Contrast]":
    """The first system against each of the others."""
    from tagwright.cli.terminal.files import read_labelled, scan_predicted
    from tagwright.cli.terminal.show import show_ledger
    from tagwright.evaluation.compare import Contrast
    from tagwright.text.ledger import Ledger

    unheld = Ledger()
    right = read_labelled(gold, kind=kind, options=options, ledger=unheld)
    sides = {
        name: [list(scan_predicted(path, gold, kind=kind, options=options, ledger=unheld)) for path in side]
        for name, side in files.items()
    }
    show_ledger(console, unheld, title="What could not be held:")
    first, *others = sides
    return [Contrast(right, sides[first], sides[name], (first, name)) for name in others]


def _compare(contrasts: "list[Contrast]", how: dict[str, Any]) -> "list[Comparison]":
    """Every contrast; p-values are corrected where there are several."""
    from tagwright.evaluation.compare import compare as compare_one
    from tagwright.evaluation.compare import compare_many

    if len(contrasts) > 1:
        return compare_many(contrasts, **how)
    only = contrasts[0]
    return [compare_one(only.gold, only.a, against=only.b, names=only.names, **how)]


def _show_results(console: "Console", results: "list[Comparison]") -> None:
    from rich.markup import escape
    from rich.table import Table

    from tagwright.evaluation.page.elements import show_count

    first = results[0]
    table = Table(title=f"{first.settings.metric} over {show_count(first.documents, 'document')}", title_justify="left")
    for column in ("system", "runs", "mean", "sd", "scores"):
        table.add_column(column, justify="left" if column in ("system", "scores") else "right")
    for each, side in [(first, 0), *((each, 1) for each in results)]:
        deviation = each.deviations[side]
        scores = each.scores[side]
        spread = "" if deviation is None else f"{deviation:.2f}"
        shown = " ".join(f"{score:.2f}" for score in scores)
        table.add_row(escape(each.names[side]), str(len(scores)), f"{each.means[side]:.2f}", spread, shown)
    console.print(table)
    for each in results:
        if each.unpredicted is None and any(map(any, each.scores)):
            console.print(f"[bold]{escape(' - '.join(each.names))}[/]: {_describe(each)}", soft_wrap=True)
        console.print(f"  {escape(each.verdict)}", soft_wrap=True)


def _describe(each: "Comparison") -> str:
    from tagwright.evaluation.compare import LEVEL

    low, high = each.interval
    p = f"p = {each.p:.4f}" + ("" if each.p_holm is None else f", {each.p_holm:.4f} after Holm's correction")
    power = f"smallest difference that such data would show 4 times in 5: {each.detectable:.2f}"
    if each.least_p >= LEVEL:
        power = f"the test can show no difference on such data, its smallest p is {each.least_p:.2g}"
    return f"{each.difference:+.2f} points, 95 % interval {low:+.2f} to {high:+.2f}, {p}; {power}"
