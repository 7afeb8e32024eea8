"""Task: which questions make up a document, and what their answers say of it. Knows no string.

A task names what is given and what is predicted. Where an answer is needed before the next question can be asked,
it has several passes; a part says which question of a pass one is.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Generic, TypeVar

from tagwright.formats.inventory import Inventory
from tagwright.formats.mention import Bounds
from tagwright.formats.question import Question
from tagwright.formats.strings.names import Names
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Field, Relation
from tagwright.text.span import BY_WORDS, Chars, Span

Score = Callable[[Chars], float | None]
Words = Mapping[str, str]
Content = TypeVar("Content")


@dataclass(frozen=True)
class Part:
    """What of a document a question is about: `number` is its pass, `focus` the given spans (by place), or a turn."""

    number: int = 0
    focus: tuple[int, ...] = ()
    turn: int | None = None


class Note:
    """What a document holds and a format doesn't, noted with its place."""

    def __init__(self, ledger: Ledger, document: Document) -> None:
        self.ledger, self.document = ledger, document

    def __call__(self, reason: str, where: str | Span = "") -> None:
        place = f"{self.document.cut(where)!r} {where.label}" if isinstance(where, Span) else where
        self.ledger.note(reason, f"{self.document.id} {place}".strip())


class Draft:
    """A document whose spans, relations and fields are being filled in."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.spans = list(document.spans)
        self.relations = list(document.relations)
        self.fields = list(document.fields)
        self._places: dict[tuple[int, int, str], int] = {}
        for at, span in enumerate(self.spans):
            self._places.setdefault((*span.bounds, span.label), at)

    def add_span(self, bounds: Bounds, label: str, *, score: float | None = None) -> int:
        """The place of a span; one with these bounds and this label is there only once."""
        key = (*bounds, label)
        if key not in self._places:
            self._places[key] = len(self.spans)
            self.spans.append(Span(*bounds, label, score))
        return self._places[key]

    def add_relation(self, head: int, tail: int, *, label: str, score: float | None = None) -> None:
        self.relations.append(Relation(head, tail, label, score))

    def add_field(self, field: Field) -> None:
        self.fields.append(field)

    def finish(self) -> Document:
        spans, relations, fields = tuple(self.spans), tuple(self.relations), tuple(self.fields)
        return replace(self.document, spans=spans, relations=relations, fields=fields)


class Task(ABC, Generic[Content]):
    """One kind of labelling. `predicts`: spans, relations or fields; `given`: what `Document.only` leaves for it.

    can_be_cut: the windows of a long document may be asked about as documents of their own; there is one question.
    """

    name: ClassVar[str]
    given: ClassVar[tuple[str, ...]] = ()
    predicts: ClassVar[frozenset[str]]
    passes: ClassVar[int] = 1
    can_be_cut: ClassVar[bool] = False

    @abstractmethod
    def learn(self, documents: Iterable[Document], *, words: Words | None = None) -> Inventory:
        """What the training documents teach. `words` names labels otherwise than `names.name_label` does."""

    @abstractmethod
    def find_parts(self, document: Document, inventory: Inventory, *, number: int) -> list[Part]:
        """The questions of a pass, in order. They depend on what is given and on earlier passes alone."""

    @abstractmethod
    def ask(self, document: Document, inventory: Inventory, *, part: Part) -> Question:
        """The question of a part. It depends on what is given and on earlier passes alone."""

    @abstractmethod
    def solve(self, document: Document, inventory: Inventory, *, part: Part, note: Note) -> Content:
        """The answer of a gold document; what of it can't be said is noted."""

    @abstractmethod
    def take(self, draft: Draft, part: Part, *, content: Content, score: Score) -> None:
        """Put an answer into the draft; `score` is the probability of some characters of the output, if it is known."""

    def check(self, document: Document, inventory: Inventory, *, note: Note) -> None:
        """Note what a gold document holds and no question asks for."""


def hold_spans(spans: Sequence[Span], names: Names, *, note: Note, untyped: bool) -> dict[int, Span]:
    """Spans with a known label, by place; the others are noted. `untyped`: a span without a label is held too."""
    held: dict[int, Span] = {}
    seen: set[tuple[int, int, str]] = set()
    for at, span in enumerate(spans):
        if not (span.label in names or (untyped and not span.label)):
            note(tell_unknown("span", span.label), span)
            continue
        if span.fragments:
            note(BY_WORDS, span)
        if (*span.bounds, span.label) in seen:
            note("repeated span: taught once", span)
        seen.add((*span.bounds, span.label))
        held[at] = span
    return held


def tell_unknown(what: str, label: str) -> str:
    """The reason why a label can't be written."""
    return f"{what} with the label {label!r}, which training never saw" if label else f"{what} without a label"
