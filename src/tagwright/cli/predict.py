"""tagwright predict: a saved labeler over files of any size, standard input, or a text."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tagwright.backbone.builtin import LABELER_FORMS
from tagwright.cli.terminal.files import (
    Beams,
    Encoding,
    From,
    TagColumn,
    TextColumn,
    To,
    Unconstrained,
    Watch,
    WordColumn,
    Written,
)
from tagwright.cli.terminal.targets import Overwrite

if TYPE_CHECKING:
    from tagwright.inference.predictor import Predictor
    from tagwright.inference.runner import Input
    from tagwright.io.kind import FileOptions
    from tagwright.text.document import Document

STDIN = "-"
Review = Annotated[
    Path | None,
    typer.Option(help="Uncertain documents go here, most informative first: .json Label Studio, .jsonl doccano."),
]
ReviewBelow = Annotated[
    float | None, typer.Option(help="Uncertain is a document in which something has a lower score; 0.8.")
]


class Long(StrEnum):
    """What to do with a document that is longer than the model's window."""

    window = "window"
    error = "error"
    truncate = "truncate"


class Precision(StrEnum):
    """The precision to run in."""

    float32 = "float32"
    bfloat16 = "bfloat16"


def predict(
    model: Annotated[str, typer.Argument(help=f"Saved labeler: {LABELER_FORMS}.")],
    source: Annotated[str | None, typer.Argument(metavar="IN", help="File to label; - for a text a line.")] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="File to write; without it, JSONL goes to standard output.")
    ] = None,
    task: Annotated[
        str | None, typer.Option(help="Of a writer of several tasks: the one; else all that need no spans.")
    ] = None,
    text: Annotated[list[str] | None, typer.Option(help="In place of a file: label this text and show it.")] = None,
    min_score: Annotated[float | None, typer.Option(help="Leave out what has a score below this.")] = None,
    review: Review = None,
    review_below: ReviewBelow = None,
    review_to: Annotated[str | None, typer.Option(help="labelstudio or doccano, where --review doesn't say.")] = None,
    cover: Annotated[
        bool, typer.Option("--cover", help="Add spans for the coverage that the labeler was calibrated for.")
    ] = False,
    kind: From = None,
    to: To = None,
    scheme: Written = None,
    overwrite: Overwrite = False,
    word_column: WordColumn = None,
    tag_column: TagColumn = None,
    text_column: TextColumn = None,
    encoding: Encoding = "utf-8",
    on_long: Annotated[Long, typer.Option(help="What becomes of documents longer than a window.")] = Long.window,
    dtype: Annotated[Precision | None, typer.Option(help="Precision, if not the one it was saved in.")] = None,
    tokens_per_batch: Annotated[int, typer.Option(min=16, help="Padded tokens in a batch.")] = 2048,
    beams: Beams = 1,
    unconstrained: Unconstrained = False,
) -> None:
    """Label documents with a saved labeler, in their order; labels that they have already are replaced.

    \b
    tagwright predict runs/first new.txt -o labelled.jsonl
    tagwright predict runs/first new.txt -o labelled.jsonl --min-score 0.2 --review doubtful.json
    tagwright predict runs/first --text "Marie Curie worked at the University of Paris."
    """
    from tagwright.cli.terminal.files import make_options
    from tagwright.cli.terminal.labelers import load_labeler, warn_if_learned
    from tagwright.cli.terminal.show import make_console, show_documents

    sorting, target = _Sorting(min_score, review, review_below, review_to, cover), _Target(out, to, scheme, overwrite)
    options = make_options(word_column=word_column, tag_column=tag_column, text_column=text_column, encoding=encoding)
    _check_source(source, text=text, kind=kind, options=options)
    sorting.check()
    target.check(source, review, is_shown=bool(text))
    running: dict[str, Any] = {"tokens_per_batch": tokens_per_batch, "on_long": on_long.value, "beams": beams}
    labeler = load_labeler(model, task=task, dtype=dtype and dtype.value, unconstrained=unconstrained, **running)
    labeler = labeler if task is None else labeler.choose(task)
    sorting.check_labeler(labeler)
    if text:
        found = (document for document, _ in sorting.label(labeler, text))
        show_documents(make_console(), found, given=labeler.model.given)
        _show_notes(labeler)
        return
    warn_if_learned(labeler, str(source))
    inputs = _scan_lines() if source == STDIN else _scan(str(source), kind, options=options, labeler=labeler)
    _label_file(labeler, inputs, str(source), sorting=sorting, target=target)


def _check_source(source: str | None, *, text: list[str] | None, kind: str | None, options: "FileOptions") -> None:
    """There is one input, and a file is there and of a kind that can be read."""
    from tagwright.errors import RecipeError
    from tagwright.io.files import find_reader
    from tagwright.io.kind import FileOptions

    if (source is None) == (not text):
        raise RecipeError("Give either a file to label (- for standard input) or --text.")
    if source is not None and source != STDIN:
        find_reader(Path(source), kind=kind, options=options)
    elif kind is not None or options != FileOptions():
        given = "Standard input is read as a text a line" if source == STDIN else "--text is text as it is"
        raise RecipeError(f"{given}: leave out --from, --encoding and columns, or name a file.")


@dataclass(frozen=True)
class _Sorting:
    """What is left out, and what a person gets to see."""

    min_score: float | None
    review: Path | None
    review_below: float | None
    review_to: str | None
    cover: bool

    def check(self) -> None:
        """The options go together."""
        from tagwright.cli.terminal.review import choose_kind
        from tagwright.errors import RecipeError

        for name, score in (("--min-score", self.min_score), ("--review-below", self.review_below)):
            if score is not None and not 0 <= score <= 1:
                raise RecipeError(f"{name} is {score:g}, and scores lie between 0 and 1.")
        if self.review is not None:
            choose_kind(self.review, self.review_to)
        elif self.cover:
            raise RecipeError("--cover hands documents to a person: say with --review FILE where they go.")
        elif self.review_below is not None or self.review_to is not None:
            raise RecipeError("--review-below and --review-to say what goes to --review FILE, which is missing.")
        if self.cover and self.min_score is not None:
            raise RecipeError("--min-score drops spans that --cover promises. Leave out one of them.")

    def check_labeler(self, labeler: "Predictor") -> None:
        """What the labeler finds can be shown to a person."""
        from tagwright.errors import RecipeError

        if self.review is not None and "fields" in labeler.model.predicts:
            raise RecipeError(
                "--review writes for Label Studio and doccano, which hold no dialogue states, and this labeler finds "
                "some. Leave it out; --min-score drops the fields that are least sure."
            )

    def label(self, labeler: "Predictor", inputs: "Iterable[Input]") -> "Iterator[tuple[Document, bool]]":
        """Labelled documents without what is left out, and whether a person must see them."""
        from tagwright.cli.terminal.review import list_predicted
        from tagwright.evaluation.calibration.calibration import drop_below
        from tagwright.evaluation.calibration.outcomes import PAIRINGS

        options = {"--min-score": self.min_score, "--review": self.review}
        asked = [option for option, wanted in options.items() if wanted is not None]
        pairs = labeler.cover(inputs) if self.cover else ((found, False) for found in labeler.stream(inputs))
        for found, must in pairs:
            if self.min_score is not None:
                least = dict.fromkeys(PAIRINGS, self.min_score)
                given = len(found.only(labeler.model.given).spans)
                what = f"--min-score {self.min_score:g}"
                found = drop_below(found, least, ledger=labeler.ledger, what=what, given=given)
            scores = [one.score for one in list_predicted(found, given=labeler.model.given)] if asked else []
            if lacking := scores.count(None):
                reason = f"prediction without a score: {' and '.join(asked)} can't judge it, so it stays"
                labeler.ledger.note(reason, found.id, count=lacking)
            yield found, must


@dataclass(frozen=True)
class _Target:
    """The file that labelled documents go to."""

    out: Path | None
    kind: str | None
    scheme: str | None
    overwrite: bool

    def check(self, source: str | None, review: Path | None, *, is_shown: bool) -> None:
        """Nothing that is there is replaced, and what is asked for can be written."""
        from tagwright.cli.terminal.targets import check_targets
        from tagwright.errors import RecipeError
        from tagwright.io.files import find_writer
        from tagwright.text.schemes import find_scheme

        files = {"--out": self.out, "--review": review}
        if is_shown and (given := [option for option, path in files.items() if path is not None]):
            raise RecipeError(f"{given[0]} is for documents of a file; a --text is shown. Leave it out.")
        for option, path in files.items():
            if path is not None and path.resolve() == Path(source or "").resolve():
                raise RecipeError(f"{path} is the file to label; it would be overwritten. Choose another {option}.")
        check_targets(files, overwrite=self.overwrite)
        if self.out is None and (self.kind or self.scheme):
            raise RecipeError("--to and --scheme say how --out FILE is written, which is missing.")
        if self.out is not None:
            find_writer(self.out, kind=self.kind)
        if self.scheme is not None:
            find_scheme(self.scheme)


def _label_file(
    labeler: "Predictor", inputs: "Iterator[Document]", source: str, *, sorting: _Sorting, target: _Target
) -> None:
    """Label a stream of documents into files, and say what became of them."""
    from rich.console import Console

    from tagwright.cli.terminal.files import count_along
    from tagwright.cli.terminal.review import BELOW, Review, choose_kind
    from tagwright.evaluation.page.elements import show_count

    below = sorting.review_below if sorting.review_below is not None else 0.0 if sorting.cover else BELOW
    review = Review(below if sorting.review is not None else 0.0, given=labeler.model.given)
    watch, notes = Watch(), Console(stderr=True, highlight=False)
    pairs = _locate(sorting.label(labeler, count_along(watch.follow(inputs), "labelling")), source)
    _write(review.divert(pairs), target, labeler=labeler)
    told = "" if target.out is None else f" Written to {target.out}."
    if sorting.review is not None:
        kind = choose_kind(sorting.review, sorting.review_to)
        count = review.write(sorting.review, labeler.ledger, kind=kind)
        told += f" {show_count(count, 'document')} to review, written to {sorting.review}."
    notes.print(f"Labelled {watch}.{told}", soft_wrap=True)
    _show_notes(labeler)


def _show_notes(labeler: "Predictor") -> None:
    from rich.console import Console

    from tagwright.cli.terminal.show import show_ledger

    show_ledger(Console(stderr=True, highlight=False), labeler.ledger, title="Left out, not held, or not judged:")


def _locate(pairs: "Iterator[tuple[Document, bool]]", source: str) -> "Iterator[tuple[Document, bool]]":
    """What can't be labelled is the fault of the file read, not of the one that is written meanwhile."""
    from tagwright.io.kind import located

    with located(Path("standard input" if source == STDIN else source)):
        yield from pairs


def _scan(path: str, kind: str | None, *, options: "FileOptions", labeler: "Predictor") -> "Iterator[Document]":
    from tagwright.io.files import scan

    return scan(path, kind=kind, options=options, ledger=labeler.ledger)


def _scan_lines() -> "Iterator[Document]":
    import sys

    from tagwright.text.words import make_document

    for number, line in enumerate(sys.stdin, start=1):
        yield make_document(line.rstrip("\r\n"), id=f"line:{number}")


def _write(documents: "Iterable[Document]", target: _Target, *, labeler: "Predictor") -> None:
    from tagwright.cli.terminal.files import make_options
    from tagwright.io.files import write

    if target.out is not None:
        options = make_options(scheme=target.scheme)
        write(documents, target.out, kind=target.kind, options=options, ledger=labeler.ledger)
        return
    from tagwright.io.jsonl import dump
    from tagwright.io.kind import FileOptions
    from tagwright.io.shapes import SHAPES

    rows = SHAPES["spans"](FileOptions(), labeler.ledger)
    for document in documents:
        typer.echo(dump({"id": document.id, **rows.write(document)}))
