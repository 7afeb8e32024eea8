"""tagwright evaluate: the scores of predicted documents, or of a labeler, against labelled ones."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagwright.cli.terminal.files import (
    Beams,
    Encoding,
    From,
    LabelNames,
    Scheme,
    TagColumn,
    TextColumn,
    ToJson,
    Unconstrained,
    WordColumn,
)
from tagwright.cli.terminal.targets import Overwrite, check_targets

if TYPE_CHECKING:
    from tagwright.evaluation.report import Report
    from tagwright.inference.predictor import Predictor
    from tagwright.text.document import Document
    from tagwright.text.ledger import Ledger

PredictedFrom = Annotated[
    str | None, typer.Option("--predicted-from", help="Kind of the predicted file, where it differs.")
]
PredictedTags = Annotated[
    str | None,
    typer.Option("--predicted-tag-column", help="Its column of tags, where it differs: both may be in one file."),
]


def evaluate(
    gold: Annotated[Path, typer.Argument(help="Labelled file.")],
    predicted: Annotated[Path | None, typer.Argument(help="The same documents with predicted labels.")] = None,
    model: Annotated[str | None, typer.Option(help="In place of a file: a saved labeler that predicts them.")] = None,
    task: Annotated[str | None, typer.Option(help="With --model, of a writer of several tasks: the one.")] = None,
    json_file: ToJson = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with scores, confusions and mistakes.")] = None,
    overwrite: Overwrite = False,
    kind: From = None,
    word_column: WordColumn = None,
    tag_column: TagColumn = None,
    text_column: TextColumn = None,
    scheme: Scheme = None,
    label_names: LabelNames = None,
    encoding: Encoding = "utf-8",
    predicted_kind: PredictedFrom = None,
    predicted_tag_column: PredictedTags = None,
    tokens_per_batch: Annotated[int, typer.Option(min=16, help="With --model: padded tokens in a batch.")] = 4096,
    beams: Beams = 1,
    unconstrained: Unconstrained = False,
) -> None:
    """Score predictions against labels: spans (in four modes), words, and relations, roles and fields if there are any.

    \b
    tagwright evaluate test.conll predicted.jsonl
    tagwright evaluate --model runs/first test.conll
    """
    from tagwright.cli.terminal.files import count_along, make_options, scan_predicted, write_json
    from tagwright.cli.terminal.labelers import load_labeler, warn_if_learned
    from tagwright.cli.terminal.show import make_console, show_ledger, show_legend, show_report
    from tagwright.evaluation.report import evaluate as score
    from tagwright.io.files import find_reader, scan
    from tagwright.text.ledger import Ledger

    of_file = {"--predicted-from": predicted_kind, "--predicted-tag-column": predicted_tag_column}
    of_labeler = {"--task": task, "--beams": beams if beams > 1 else None, "--unconstrained": unconstrained or None}
    _check_sides(predicted, model, of_file if predicted is None else of_labeler)
    check_targets({"--json": json_file, "--html": html}, overwrite=overwrite)
    columns = {"word_column": word_column, "tag_column": tag_column, "text_column": text_column}
    options = make_options(**columns, scheme=scheme, encoding=encoding, label_names=label_names)
    find_reader(gold, kind=kind, options=options)
    unheld, console = Ledger(), make_console()
    rights = scan(gold, kind=kind, options=options, ledger=unheld)
    given: frozenset[str] = frozenset()
    if predicted is not None:
        found, column = predicted_kind or kind, predicted_tag_column
        said = scan_predicted(predicted, gold, kind=found, options=options, tag_column=column, ledger=unheld)
        report = score(rights, count_along(said, "scoring"))
    else:
        running: dict[str, Any] = {"tokens_per_batch": tokens_per_batch, "beams": beams, "unconstrained": unconstrained}
        labeler = _turn_to(load_labeler(str(model), task=task, ledger=unheld, **running), task, model=str(model))
        warn_if_learned(labeler, gold)
        report, given = _score_labeler(labeler, rights, ledger=unheld), labeler.model.given
    show_report(console, report, title=gold.name, given=given)
    show_legend(console, [report], given=given)
    show_ledger(console, unheld, title="What could not be held:")
    write_json(json_file, report.to_dict())
    if html is not None:
        against = str(predicted) if model is None else f"labeler {model}"
        _write_page(html, report, facts={"Gold": str(gold), "Predicted": against}, unheld=unheld)


def _check_sides(predicted: Path | None, model: str | None, idle: Mapping[str, Any]) -> None:
    """There is one side to score, and no option of the other one."""
    from tagwright.errors import RecipeError

    if (predicted is None) == (model is None):
        raise RecipeError("Give either a file of predictions or --model FOLDER: `tagwright evaluate GOLD PREDICTED`.")
    if given := [option for option, value in idle.items() if value is not None]:
        other = "--model" if predicted is not None else "a file of predictions"
        raise RecipeError(f"{' and '.join(given)} only counts with {other}. Leave it out.")


def _turn_to(labeler: "Predictor", task: str | None, *, model: str) -> "Predictor":
    """The labeler of the task that is scored; of several tasks one must be named."""
    from tagwright.errors import RecipeError

    if len(tasks := labeler.model.tasks) > 1 and task is None:
        raise RecipeError(f"{model} is for the tasks {', '.join(tasks)}. Say which one is scored: --task {tasks[0]}.")
    return labeler if task is None else labeler.choose(task)


def _score_labeler(labeler: "Predictor", gold: "Iterator[Document]", *, ledger: "Ledger") -> "Report":
    """Label while scoring: neither side is held in memory."""
    from itertools import tee

    from tagwright.cli.terminal.files import count_along
    from tagwright.evaluation.page.elements import show_count
    from tagwright.evaluation.report import evaluate as score

    rights, inputs = tee(gold)
    report = score(rights, labeler.stream(count_along(inputs, "labelling")))
    labels, predicts = labeler.model.labels, labeler.model.predicts
    if set(labeler.model.given) & {"spans", "predicates"}:  # their labels aren't its to know
        predicts -= {"spans"}
    for group, part, known in (("exact", "spans", labels.names), ("relations", "relations", labels.relations)):
        found = report.groups[group].labels if part in predicts and group in report.groups else {}
        for label, counts in found.items():
            if label not in known:
                size = show_count(counts.gold, part[:-1])
                ledger.note("label in gold that the labeler doesn't know", f"{label} ({size})")
    return report


def _write_page(path: Path, report: "Report", *, facts: dict[str, str], unheld: "Ledger") -> None:
    from tagwright.evaluation.page.page import Page, render_page
    from tagwright.io.source import write_text

    page = Page(path.stem, facts, {facts["Gold"]: report}, [], list(unheld.lines()), "")
    with write_text(path) as text:
        text.write(render_page(page))
