"""tagwright search: which layers should look right, for this task? Found on dev, trained again, then scored."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagwright.cli.studies.options import Engine, Processes, Set, read_recipe
from tagwright.cli.terminal.targets import Again

if TYPE_CHECKING:
    from tagwright.search.run import Outcome


def search(
    recipe: Annotated[Path, typer.Argument(help="A recipe (TOML); its sight is left aside.")],
    strategy: Annotated[
        str, typer.Option(help="oneshot, learned, halving, exhaustive, or a control: random:K, top, all.")
    ] = "oneshot",
    groups: Annotated[int, typer.Option(min=1, max=10, help="Groups of layers, of like size; 2^m plans.")] = 4,
    seeds: Annotated[int, typer.Option(min=1, help="Train the chosen plan so many times on fresh seeds.")] = 3,
    out: Annotated[Path | None, typer.Option(help="Folder of the search; default: search, in the recipe's.")] = None,
    processes: Processes = 1,
    engine: Engine = "processes",
    set_: Set = None,
    overwrite: Again = False,
) -> None:
    """Find the layers of a model that should look right.

    Plans are chosen on dev. The chosen one is trained again from scratch on fresh seeds, and only those scores are
    quoted. A search that was stopped goes on by the same command. In the end it says by which commands to learn whether
    the plan helped.
    """
    from tagwright.search.config import SearchConfig, check_search

    plain, config = read_recipe(recipe, set_), SearchConfig(strategy, groups, seeds, processes, engine)
    check_search(plain, config)

    from tagwright.cli.terminal.show import make_console, show_ledger, show_loading
    from tagwright.recipe.corpus import load_corpus
    from tagwright.text.ledger import Ledger

    with show_loading():
        from tagwright.search.cells.place import take_folder
        from tagwright.search.outputs import FILES, choose_folder, write_outputs
        from tagwright.search.run import search as run
        from tagwright.training.arguments import check_names

    folder = choose_folder(plain, out)
    check_names(plain.training)
    console, ledger = make_console(), Ledger()
    corpus = load_corpus(plain.data, ledger)
    show_ledger(console, ledger, title="What the files hold and Tagwright can't:")
    take_folder(folder, what="search", files=FILES, overwrite=overwrite)
    outcome = run(plain, corpus, folder=folder, config=config)
    write_outputs(outcome, folder)
    _show(console, outcome, folder)


def _show(console: Any, outcome: "Outcome", folder: Path) -> None:
    from shlex import quote as quote_path

    from rich.table import Table

    from tagwright.backbone.sight.sight import SHADES
    from tagwright.search.outputs import PAGE, RECIPE, describe, quote, tell_check

    table = Table(title=f"{outcome.config.strategy}: {outcome.about}", title_justify="left")
    for column in ("place", "plan", "input to output", "dev F1", "terms"):
        table.add_column(column, justify="right" if column in ("place", "dev F1") else "left")
    for place, one in enumerate(outcome.found.ranking, start=1):
        drawn = "".join(SHADES[bit == "1"] for bit in one.plan)
        table.add_row(str(place), one.plan, drawn, "–" if one.f1 is None else f"{100 * one.f1:.2f}", one.terms)
    console.print(table)
    facts = describe(outcome)
    if outcome.doubt:
        console.print(outcome.doubt, highlight=False, soft_wrap=True, markup=False)
    for name in ("Cost of the search", "Cost of the last trainings"):
        console.print(f"{name}: {facts[name]}", highlight=False, soft_wrap=True)
    console.print("The dev F1 above chose the plan and flatters it. Trained again from scratch on fresh seeds:")
    for part, spread in quote(outcome).items():
        console.print(f"  {outcome.chosen}: {part} F1 {spread}", highlight=False, soft_wrap=True)
    told = (
        f"Saved to {folder}. Report: {folder / PAGE}. Train with it: tagwright train {quote_path(str(folder / RECIPE))}"
    )
    console.print(told, highlight=False, soft_wrap=True)
    for line in tell_check(outcome):
        console.print(line, highlight=False, soft_wrap=True, markup=False)
