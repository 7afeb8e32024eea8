"""tagwright curve: how good is each value of a dial, with few documents and with many? Draws and trainings crossed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagwright.cli.studies.options import Engine, Processes, Set, read_recipe
from tagwright.cli.terminal.targets import Again

if TYPE_CHECKING:
    from tagwright.search.curves.run import Outcome


def curve(
    recipe: Annotated[
        Path,
        typer.Argument(help="A recipe (TOML); how many documents it draws and its value of the dial are left aside."),
    ],
    vary: Annotated[
        str, typer.Option(help="The dial and its values: fusion=last,dwatt; sight=none,all,0011; tuning=full,frozen.")
    ],
    shots: Annotated[str, typer.Option(help="Numbers of training documents, with commas; all takes every one.")],
    seeds: Annotated[int, typer.Option(min=1, help="Cross so many draws with so many trainings: N x N runs.")] = 3,
    trials: Annotated[
        int, typer.Option(min=1, help="Learning rates tried for every value, on dev; 1 takes the recipe's own.")
    ] = 5,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the curve; default: curve- and the dial's name, in the recipe's.")
    ] = None,
    processes: Processes = 1,
    engine: Engine = "processes",
    set_: Set = None,
    overwrite: Again = False,
) -> None:
    """Draw learning curves: one dial of a recipe varied over few-shot sizes.

    Every value gets its learning rate by the same number of trials. All values share their draws and seeds. It says
    what it will train and about how long that takes; a curve that was stopped goes on by the same command.
    """
    from tagwright.cli.terminal.show import make_console, show_ledger, show_loading
    from tagwright.recipe.corpus import load_corpus
    from tagwright.text.ledger import Ledger

    plain = read_recipe(recipe, set_)
    with show_loading():
        from tagwright.search.cells.place import take_folder
        from tagwright.search.curves.api import choose_folder
        from tagwright.search.curves.outputs.files import FILES, write_outputs
        from tagwright.search.curves.plan import CurveConfig
        from tagwright.search.curves.run import curve as run

    config = CurveConfig(vary, shots, seeds, trials, processes, engine)
    folder = choose_folder(plain, config, out=out)
    console, ledger = make_console(), Ledger()
    corpus = load_corpus(plain.data, ledger)
    show_ledger(console, ledger, title="What the files hold and Tagwright can't:")
    _quiet_draws()
    take_folder(folder, what="curve", files=FILES, overwrite=overwrite)
    outcome = run(plain, corpus, folder=folder, config=config)
    missing = write_outputs(outcome, folder)
    _show(console, outcome, folder)
    for line in missing:
        console.print(line, highlight=False, soft_wrap=True, markup=False)


def _quiet_draws() -> None:
    """Every cell draws; what is drawn was told once."""
    import logging

    logging.getLogger("tagwright.recipe.corpus").setLevel(logging.WARNING)


def _show(console: Any, outcome: "Outcome", folder: Path) -> None:
    from rich.table import Table

    from tagwright.search.curves.outputs.files import PAGE
    from tagwright.search.curves.outputs.page import show_interval, show_part
    from tagwright.search.curves.summary import list_points

    first = outcome.plan.dial.values[0]
    table = Table(title=f"Exact F1 on {outcome.part}, with 95 % intervals of the mean", title_justify="left")
    columns = (
        "documents",
        outcome.plan.dial.name,
        "F1",
        "interval",
        "sd draws",
        "sd trainings",
        f"less {first}",
        "interval",
    )
    for column in columns:
        table.add_column(column, justify="left" if column == outcome.plan.dial.name else "right")
    for point in list_points(outcome):
        apart = ("", "") if point.difference is None else (
            f"{100 * point.difference.mean:+.2f}", show_interval(point.difference)
        )  # fmt: skip
        spreads = map(show_part, (point.f1.draws, point.f1.seeds))
        score = f"{100 * point.f1.mean:.2f}"
        table.add_row(f"{point.documents:,}", point.value, score, show_interval(point.f1), *spreads, *apart)
    console.print(table)
    if outcome.part == "dev":
        console.print("There is no test part: dev chose rates and epochs, so these scores flatter.", highlight=False)
    console.print(f"Saved to {folder}. Report: {folder / PAGE}.", highlight=False, soft_wrap=True)
