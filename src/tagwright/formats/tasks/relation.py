"""Relation classification: spans given, and for each two of them one relation or none predicted."""

from collections.abc import Iterable
from itertools import combinations

from tagwright.errors import RecipeError
from tagwright.formats.inventory import Inventory
from tagwright.formats.mention import Passage
from tagwright.formats.question import Question, Relate, Verdict
from tagwright.formats.strings.names import Names
from tagwright.formats.strings.relationship import NONE
from tagwright.formats.tasks.task import Draft, Note, Part, Score, Task, Words, tell_unknown
from tagwright.text.document import Document


class Relations(Task[Verdict | None]):
    """Two spans are asked about in the order of the text, so that the question doesn't tell which one is the head."""

    name = "relation"
    given = ("spans",)
    predicts = frozenset(("relations",))

    def learn(self, documents: Iterable[Document], *, words: Words | None = None) -> Inventory:
        names = Names({edge.label for document in documents for edge in document.relations if edge.label}, words)
        if (label := names.read(NONE)) is not None:
            raise RecipeError(
                f"The relation {label!r} would be written {' '.join(NONE)!r}, which says that there is none. "
                "Leave such relations out of the documents, or name it otherwise in the recipe: "
                f'[writer.words] "{label}" = "..."'
            )
        return Inventory(relations=names)

    def find_parts(self, document: Document, inventory: Inventory, *, number: int) -> list[Part]:
        places = sorted(range(len(document.spans)), key=lambda at: document.spans[at].bounds)
        pairs = combinations(places, 2)
        return [Part(focus=pair) for pair in pairs if len({document.spans[at].bounds for at in pair}) == 2]

    def ask(self, document: Document, inventory: Inventory, *, part: Part) -> Question:
        first, second = (document.spans[at].bounds for at in part.focus)
        return Relate(Passage(document.words, links=inventory.relations, anchors=(first, second)), first, second)

    def solve(self, document: Document, inventory: Inventory, *, part: Part, note: Note) -> Verdict:
        edges = [edge for edge in document.relations if {edge.head, edge.tail} == set(part.focus)]
        known = [edge for edge in edges if edge.label in inventory.relations]
        for edge in edges:
            if edge.label not in inventory.relations:
                note(tell_unknown("relation", edge.label))
        for edge in {edge: None for edge in known[1:] if edge != known[0]}:
            note("further relation of two spans: one is written", edge.label)
        if not known:
            first, second = (document.spans[at].bounds for at in part.focus)
            return Verdict(first, second, None)
        head, tail = (document.spans[at].bounds for at in (known[0].head, known[0].tail))
        return Verdict(head, tail, known[0].label)

    def take(self, draft: Draft, part: Part, *, content: Verdict | None, score: Score) -> None:
        if content is not None and content.label is not None:
            first = draft.document.spans[part.focus[0]].bounds
            head, tail = part.focus if content.head == first else part.focus[::-1]
            draft.add_relation(head, tail, label=content.label, score=score(content.chars))

    def check(self, document: Document, inventory: Inventory, *, note: Note) -> None:
        for edge in document.relations:
            head, tail = document.spans[edge.head], document.spans[edge.tail]
            if head.bounds == tail.bounds:
                note("relation between two spans on the same words", head)
