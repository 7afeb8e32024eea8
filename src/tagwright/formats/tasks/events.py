"""Events: first the triggers, then the arguments of each trigger that was found."""

from collections import defaultdict
from collections.abc import Iterable

from tagwright.formats.inventory import Inventory
from tagwright.formats.mention import Link, Mention, Passage
from tagwright.formats.question import Annotate, Question
from tagwright.formats.strings.names import Names
from tagwright.formats.tasks.task import Draft, Note, Part, Score, Task, Words, hold_spans, tell_unknown
from tagwright.text.document import Document
from tagwright.text.span import BY_WORDS, Span

Key = tuple[int, int, str]


class Events(Task[tuple[Mention, ...]]):
    """Triggers are labelled spans; arguments are spans without a label, or with one that no trigger has.

    In the second pass a mention is an argument, its label the argument's, and its links are roles in the event.
    """

    name = "events"
    predicts = frozenset(("spans", "relations"))
    passes = 2

    def learn(self, documents: Iterable[Document], *, words: Words | None = None) -> Inventory:
        """A label is an argument's if spans with it are arguments somewhere and triggers nowhere."""
        labels, heads, tails, roles = (set[str]() for _ in range(4))
        for document in documents:
            labels |= {span.label for span in document.spans if span.label}
            for edge in document.relations:
                heads.add(document.spans[edge.head].label)
                tails.add(document.spans[edge.tail].label)
                roles.add(edge.label)
        arguments = (tails & labels) - heads
        return Inventory(
            spans=Names(labels - arguments, words),
            relations=Names(roles - {""}, words),
            arguments=Names(arguments, words),
            untyped="" in tails,
        )

    def find_parts(self, document: Document, inventory: Inventory, *, number: int) -> list[Part]:
        if number == 0:
            return [Part()] if document.words else []
        return [Part(1, (at,)) for at, span in enumerate(document.spans) if span.label in inventory.spans]

    def ask(self, document: Document, inventory: Inventory, *, part: Part) -> Question:
        if part.number == 0:
            return Annotate(Passage(document.words, labels=inventory.spans))
        trigger = document.spans[part.focus[0]]
        passage = Passage(
            document.words,
            labels=inventory.arguments,
            links=inventory.relations,
            titles=inventory.spans,
            anchors=(trigger.bounds,),
            needs_label=not inventory.untyped,
            needs_link=True,
        )
        return Annotate(passage, (Mention(*trigger.bounds, trigger.label),))

    def solve(self, document: Document, inventory: Inventory, *, part: Part, note: Note) -> tuple[Mention, ...]:
        if part.number == 0:
            triggers = [span for span in document.spans if self._is_trigger(span, inventory)]
            held = hold_spans(triggers, inventory.spans, note=note, untyped=False)
            return tuple({Mention(*span.bounds, span.label): None for span in held.values()})
        trigger = document.spans[part.focus[0]]
        links: defaultdict[Key, dict[Link, None]] = defaultdict(dict)
        for edge in (edge for edge in document.relations if edge.head == part.focus[0]):
            argument = document.spans[edge.tail]
            if edge.label not in inventory.relations:
                note(tell_unknown("role", edge.label), argument)
            elif argument.label not in inventory.arguments and (argument.label or not inventory.untyped):
                note("argument that is a trigger itself, or without a known label", argument)
            else:
                links[*argument.bounds, argument.label][Link(edge.label, trigger.bounds)] = None
        return tuple(Mention(*key, links=tuple(found)) for key, found in links.items())

    def take(self, draft: Draft, part: Part, *, content: tuple[Mention, ...], score: Score) -> None:
        for mention in content:
            place = draft.add_span(mention.bounds, mention.label, score=score(mention.chars))
            for link in mention.links:
                draft.add_relation(part.focus[0], place, label=link.label, score=score(link.chars))

    def check(self, document: Document, inventory: Inventory, *, note: Note) -> None:
        tails = {edge.tail for edge in document.relations}
        for at, span in enumerate(document.spans):
            if not self._is_trigger(span, inventory) and at not in tails:
                note("argument that no trigger has", span)
            if not self._is_trigger(span, inventory) and span.fragments:
                note(BY_WORDS, span)
        for edge in document.relations:
            if document.spans[edge.head].label not in inventory.spans:
                note("role of a span that is no known trigger", edge.label)

    @staticmethod
    def _is_trigger(span: Span, inventory: Inventory) -> bool:
        return bool(span.label) and span.label not in inventory.arguments
