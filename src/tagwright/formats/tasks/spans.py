"""Span tasks: entities, chunks, parts of speech, slots, aspects, triggers; and entities with their relations."""

from collections import defaultdict
from collections.abc import Iterable
from typing import ClassVar

from tagwright.formats.inventory import Inventory
from tagwright.formats.mention import Bounds, Link, Mention, Passage
from tagwright.formats.question import Annotate, Question
from tagwright.formats.strings.names import Names
from tagwright.formats.tasks.task import Draft, Note, Part, Score, Task, Words, hold_spans, tell_unknown
from tagwright.text.document import Document
from tagwright.text.span import Span

Key = tuple[int, int, str]


class Spans(Task[tuple[Mention, ...]]):
    """Nothing given, labelled spans predicted; they may nest."""

    name = "ner"
    predicts = frozenset(("spans",))
    can_be_cut = True

    def learn(self, documents: Iterable[Document], *, words: Words | None = None) -> Inventory:
        return Inventory(spans=Names({s.label for d in documents for s in d.spans if s.label}, words))

    def find_parts(self, document: Document, inventory: Inventory, *, number: int) -> list[Part]:
        return [Part()] if document.words else []

    def ask(self, document: Document, inventory: Inventory, *, part: Part) -> Question:
        return Annotate(Passage(document.words, labels=inventory.spans))

    def solve(self, document: Document, inventory: Inventory, *, part: Part, note: Note) -> tuple[Mention, ...]:
        held = hold_spans(document.spans, inventory.spans, note=note, untyped=False)
        return tuple({Mention(*span.bounds, span.label): None for span in held.values()})

    def take(self, draft: Draft, part: Part, *, content: tuple[Mention, ...], score: Score) -> None:
        for mention in content:
            draft.add_span(mention.bounds, mention.label, score=score(mention.chars))


class Chunks(Spans):
    """Chunks of a text: noun phrases, verb phrases."""

    name = "chunks"


class PartsOfSpeech(Spans):
    """Parts of speech, as spans of one word."""

    name = "pos"


class Slots(Spans):
    """What a command to a machine asks for."""

    name = "slots"


class Aspects(Spans):
    """What an opinion is about."""

    name = "aspects"


class Joint(Spans):
    """Nothing given, spans and the relations between them predicted."""

    name = "joint-er"
    predicts: ClassVar[frozenset[str]] = frozenset(("spans", "relations"))

    def learn(self, documents: Iterable[Document], *, words: Words | None = None) -> Inventory:
        documents = list(documents)
        spans = {span.label for document in documents for span in document.spans}
        relations = {edge.label for document in documents for edge in document.relations if edge.label}
        return Inventory(Names(spans - {""}, words), Names(relations, words), untyped="" in spans)

    def ask(self, document: Document, inventory: Inventory, *, part: Part) -> Question:
        passage = Passage(
            document.words, labels=inventory.spans, links=inventory.relations, needs_label=not inventory.untyped
        )
        return Annotate(passage)

    def solve(self, document: Document, inventory: Inventory, *, part: Part, note: Note) -> tuple[Mention, ...]:
        held = hold_spans(document.spans, inventory.spans, note=note, untyped=inventory.untyped)
        links = _find_links(document, inventory, held=held, note=note)
        keys: dict[Key, None] = dict.fromkeys((*span.bounds, span.label) for span in held.values())
        return tuple(Mention(*key, links=tuple(links[key])) for key in keys)

    def take(self, draft: Draft, part: Part, *, content: tuple[Mention, ...], score: Score) -> None:
        super().take(draft, part, content=content, score=score)
        ends: dict[Bounds, int] = {}
        for mention in content:
            ends.setdefault(mention.bounds, draft.add_span(mention.bounds, mention.label))
        for mention in content:
            head = draft.add_span(mention.bounds, mention.label)
            for link in mention.links:
                draft.add_relation(head, ends[link.tail], label=link.label, score=score(link.chars))


def _find_links(
    document: Document, inventory: Inventory, *, held: dict[int, Span], note: Note
) -> defaultdict[Key, dict[Link, None]]:
    """The links of each held span. A tail is known by its words, so they must have one label only."""
    labels: defaultdict[Bounds, set[str]] = defaultdict(set)
    for span in held.values():
        labels[span.bounds].add(span.label)
    links: defaultdict[Key, dict[Link, None]] = defaultdict(dict)
    for edge in document.relations:
        head, tail = held.get(edge.head), held.get(edge.tail)
        if head is None or tail is None:
            note("relation of a span that can't be held", edge.label)
        elif edge.label not in inventory.relations:
            note(tell_unknown("relation", edge.label))
        elif len(labels[tail.bounds]) > 1:
            note("relation to words that are two spans: which one can't be said", tail)
        else:
            links[*head.bounds, head.label][Link(edge.label, tail.bounds)] = None
    return links
