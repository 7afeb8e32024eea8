"""tagwright calibrate: a labeler's scores become probabilities, with thresholds or a coverage, saved with it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tagwright.backbone.builtin import LABELER_FORMS
from tagwright.cli.terminal.files import Encoding, From, LabelNames, Scheme, TagColumn, TextColumn, ToJson, WordColumn
from tagwright.cli.terminal.targets import Overwrite, check_targets

if TYPE_CHECKING:
    from rich.console import Console

    from tagwright.evaluation.calibration.fit import FitConfig, Fitted
    from tagwright.inference.predictor import Predictor
    from tagwright.text.document import Document

METHODS = "auto, none, temperature, platt or isotonic"
Method = Annotated[str, typer.Option(help=f"{METHODS}; auto takes the best by cross-validation.")]
Precision = Annotated[
    float | None, typer.Option(help="Store the threshold above which so large a share is right: 0.9.")
]
Recall = Annotated[
    float | None, typer.Option(help="Store the threshold that still finds so large a share of gold: 0.8.")
]
Wanted = Annotated[
    float | None, typer.Option(help="Let spans be added until so large a share of gold spans is covered: 0.9.")
]
MostAdded = Annotated[
    int, typer.Option(min=0, help="With --coverage: hand over a document rather than add more spans to it.")
]
Out = Annotated[
    Path | None, typer.Option(help="Save the calibrated labeler here; without it, the labeler's folder gets it.")
]
Html = Annotated[Path | None, typer.Option(help="Write a page with reliability pictures.")]


def calibrate(
    model: Annotated[str, typer.Argument(help=f"Saved labeler: {LABELER_FORMS}.")],
    dev: Annotated[Path, typer.Argument(help="Labelled file that it was not trained on.")],
    method: Method = "auto",
    precision: Precision = None,
    recall: Recall = None,
    coverage: Wanted = None,
    most_added: MostAdded = 10,
    out: Out = None,
    json_file: ToJson = None,
    html: Html = None,
    overwrite: Overwrite = False,
    kind: From = None,
    word_column: WordColumn = None,
    tag_column: TagColumn = None,
    text_column: TextColumn = None,
    scheme: Scheme = None,
    label_names: LabelNames = None,
    encoding: Encoding = "utf-8",
    tokens_per_batch: Annotated[int, typer.Option(min=16, help="Padded tokens in a batch.")] = 4096,
) -> None:
    """Make a labeler's scores probabilities, and save that with it.

    The error told is the expected calibration error: predictions are cut by score into bins of equally many; it is the
    mean distance between the mean score of a bin and the share of it that is right.

    \b
    tagwright calibrate runs/first dev.conll --html calibration.html
    tagwright calibrate runs/first dev.conll --precision 0.9 --coverage 0.95
    """
    from tagwright.cli.terminal.files import make_options, read_labelled, write_json
    from tagwright.cli.terminal.labelers import load_labeler, refuse_if_learned
    from tagwright.cli.terminal.show import make_console, show_ledger
    from tagwright.evaluation.calibration.fit import FitConfig
    from tagwright.text.ledger import Ledger

    config, unheld, console = FitConfig(method, precision, recall, coverage, most_added), Ledger(), make_console()
    _check_place(model, out)
    check_targets({"--json": json_file, "--html": html}, overwrite=overwrite)
    columns = {"word_column": word_column, "tag_column": tag_column, "text_column": text_column}
    options = make_options(**columns, scheme=scheme, encoding=encoding, label_names=label_names)
    documents = read_labelled(dev, kind=kind, options=options, ledger=unheld)
    labeler = load_labeler(model, ledger=unheld, tokens_per_batch=tokens_per_batch)
    refuse_if_learned(labeler, dev)
    fitted = _fit(labeler, documents, config=config, folder=out or Path(model), is_new=out is not None)
    show_fitted(console, fitted, title=dev.name)
    show_ledger(console, unheld, title="What could not be held:")
    write_json(json_file, fitted.to_dict())
    if html is not None:
        _write_page(html, fitted, facts={"Labeler": model, "Documents": str(dev)})
    console.print(f"{out or model}: saved with its calibration", highlight=False, soft_wrap=True)


def _check_place(model: str, out: Path | None) -> None:
    """There is a place to save to."""
    from tagwright.errors import RecipeError
    from tagwright.io.source import check_free

    if out is not None:
        check_free(out)
    elif not Path(model).is_dir():
        raise RecipeError(f"{model} is not a folder of yours to write into. Say with --out where to save the labeler.")


def _fit(
    labeler: "Predictor", documents: "Sequence[Document]", *, config: "FitConfig", folder: Path, is_new: bool
) -> "Fitted":
    """Calibrate a labeler and save it: whole into a new folder, else only its calibration."""
    from tagwright.inference.calibrated import calibrate as fit
    from tagwright.inference.calibrated import write_calibration

    fitted = fit(labeler, documents, config=config)
    if is_new:
        labeler.calibration = fitted.calibration
        labeler.save_pretrained(folder)
    else:
        write_calibration(fitted.calibration, folder)
    return fitted


def show_fitted(console: "Console", fitted: "Fitted", *, title: str) -> None:
    """The errors before and after by part, then thresholds, coverage, and what to bear in mind."""
    from rich.markup import escape
    from rich.table import Table

    from tagwright.evaluation.calibration.page import show_interval, tell_coverage
    from tagwright.evaluation.page.elements import show_count, show_rate

    table = Table(title=f"{title}: {show_count(fitted.documents, 'document')}", title_justify="left")
    table.add_column("expected calibration error")
    for column in ("predicted", "right", "before", "after", "95 % interval", "if perfect", "method"):
        table.add_column(column, justify="right")
    for name, part in fitted.parts.items():
        sizes = show_count(part.predicted), show_count(part.right)
        errors = (part.before.error, part.after.error, part.after.perfect)
        before, after, perfect = map(show_rate, errors)
        table.add_row(name, *sizes, before, after, show_interval(part.after), perfect, part.choice.method)
    console.print(table)
    for name, part in fitted.parts.items():
        if (found := part.threshold) is not None:
            low, high = found.interval
            console.print(
                f"Threshold of {name}: {found.value:.4f} keeps {found.kept:,} of {part.predicted:,}; "
                f"precision {show_rate(found.precision)} ({show_rate(low)} to {show_rate(high)}), "
                f"recall {show_rate(found.recall)}",
                soft_wrap=True,
            )
    for what, told in tell_coverage(fitted):
        console.print(f"{what}: {told}", soft_wrap=True)
    for note in fitted.notes:
        console.print(f"[bold yellow]Note:[/] {escape(note)}", soft_wrap=True)


def _write_page(path: Path, fitted: "Fitted", *, facts: dict[str, str]) -> None:
    from tagwright.evaluation.calibration.page import render_calibration
    from tagwright.io.source import write_text

    with write_text(path) as text:
        text.write(render_calibration(fitted, title=Path(facts["Labeler"]).name, facts=facts))
