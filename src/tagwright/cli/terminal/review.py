"""Review: which documents a person should look at, in which order, and the file they are written to."""

from collections.abc import Collection, Iterable, Iterator
from math import fsum
from pathlib import Path

from tagwright.errors import RecipeError
from tagwright.io.files import write
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Field, Relation
from tagwright.text.span import Span

KINDS = {".json": "labelstudio", ".jsonl": "doccano"}
BELOW = 0.8


def choose_kind(path: Path, kind: str | None) -> str:
    """Label Studio or doccano, as it is named or by the file's ending."""
    found = kind or KINDS.get(path.suffix.lower(), "")
    if found not in KINDS.values():
        asked = f"the kind {kind!r}" if kind else f"the name {path.name!r}"
        raise RecipeError(
            f"--review: {asked} says no tool for people. End the name in .json for Label Studio or in .jsonl for "
            "doccano, or give --review-to labelstudio or doccano."
        )
    return found


def list_predicted(document: Document, *, given: Collection[str]) -> list[Span | Relation | Field]:
    """What a labeler found: labelled spans behind those it was given (see Document.only), relations and fields."""
    spans = document.spans[len(document.only(given).spans) :]
    return [*(span for span in spans if span.label), *document.relations, *document.fields]


class Review:
    """Takes documents out of a stream, to be looked at by a person: those in which something has a score `below`.

    given: the parts of a document that the labeler was shown (see Document.only); their scores say nothing.
    """

    def __init__(self, below: float, *, given: Collection[str] = ()) -> None:
        self.below, self.given = below, given
        self.taken: list[Document] = []

    def _list_scores(self, document: Document) -> list[float]:
        return [one.score for one in list_predicted(document, given=self.given) if one.score is not None]

    def expect_mistakes(self, document: Document) -> float:
        """How many of its predictions are wrong, as far as their scores are probabilities."""
        return fsum(1 - score for score in self._list_scores(document))

    def divert(self, documents: Iterable[tuple[Document, bool]]) -> Iterator[Document]:
        """The documents that need no review; taken are those that must be, and those with a score below the limit."""
        for document, must in documents:
            if must or any(score < self.below for score in self._list_scores(document)):
                self.taken.append(document)
            else:
                yield document

    def write(self, path: Path, ledger: Ledger, *, kind: str) -> int:
        """Write them, those with the most mistakes to be expected first, and say how many."""
        order = sorted(self.taken, key=lambda document: -self.expect_mistakes(document))
        return write(order, path, kind=kind, ledger=ledger)
