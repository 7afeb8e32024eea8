"""Semantic roles: predicates given, their arguments predicted, one question for each predicate."""

from collections.abc import Iterable

from tagwright.formats.inventory import Inventory
from tagwright.formats.mention import Mention, Passage
from tagwright.formats.question import Annotate, Question
from tagwright.formats.strings.names import Names
from tagwright.formats.tasks.task import Draft, Note, Part, Score, Task, Words, tell_unknown
from tagwright.text.document import Document
from tagwright.text.span import BY_WORDS


class Roles(Task[tuple[Mention, ...]]):
    """A predicate is a span with a label (its sense, which is not shown), an argument a span without one.

    A mention is an argument of the predicate in focus, and its label is the role.
    """

    name = "srl"
    given = ("predicates",)
    predicts = frozenset(("spans", "relations"))

    def learn(self, documents: Iterable[Document], *, words: Words | None = None) -> Inventory:
        roles = {edge.label for document in documents for edge in document.relations if edge.label}
        return Inventory(relations=Names(roles, words))

    def find_parts(self, document: Document, inventory: Inventory, *, number: int) -> list[Part]:
        return [Part(focus=(at,)) for at, span in enumerate(document.spans) if span.label]

    def ask(self, document: Document, inventory: Inventory, *, part: Part) -> Question:
        predicate = document.spans[part.focus[0]]
        return Annotate(Passage(document.words, labels=inventory.relations), (Mention(*predicate.bounds),))

    def solve(self, document: Document, inventory: Inventory, *, part: Part, note: Note) -> tuple[Mention, ...]:
        mentions: dict[Mention, None] = {}
        for edge in (edge for edge in document.relations if edge.head == part.focus[0]):
            argument = document.spans[edge.tail]
            if edge.label not in inventory.relations:
                note(tell_unknown("role", edge.label), argument)
                continue
            mentions[Mention(*argument.bounds, edge.label)] = None
        return tuple(mentions)

    def take(self, draft: Draft, part: Part, *, content: tuple[Mention, ...], score: Score) -> None:
        for mention in content:
            chance = score(mention.chars)
            tail = draft.add_span(mention.bounds, "", score=chance)
            draft.add_relation(part.focus[0], tail, label=mention.label, score=chance)

    def check(self, document: Document, inventory: Inventory, *, note: Note) -> None:
        tails = {edge.tail for edge in document.relations}
        for at, span in enumerate(document.spans):
            if span.fragments:
                note(BY_WORDS, span)
            if at in tails and span.label:
                note("label of an argument", span)
            if at not in tails and not span.label:
                note("argument that no predicate has", span)
        for edge in document.relations:
            if not document.spans[edge.head].label:
                note("role of a span that is no predicate", edge.label)
