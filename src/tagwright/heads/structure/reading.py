"""From scored spans and edges to a document. Knows no tensors."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tagwright.text.document import Document
from tagwright.text.relation import Relation
from tagwright.text.span import Span

Bounds = tuple[int, int]


@dataclass(frozen=True)
class Edge:
    """A relation between stretches of words. `is_argument`: its tail is sooner an argument without a type."""

    head: Bounds
    tail: Bounds
    label: str
    score: float
    is_argument: bool


def assemble(given: Document, found: Sequence[Span], *, edges: Sequence[Edge]) -> Document:
    """The given spans, those found, and arguments without a type for the edges that lead to no other span.

    Edges lead from and to the first given span of their words, else the likeliest. Arguments of one head share no word:
    the likeliest stay.
    """
    spans = [*given.spans, *sorted(found, key=lambda span: (*span.bounds, span.label))]
    place: dict[Bounds, int] = {}
    best = sorted(range(len(given.spans), len(spans)), key=lambda at: -(spans[at].score or 0))
    for at in (*range(len(given.spans)), *best):
        place.setdefault(spans[at].bounds, at)
    arguments: dict[Bounds, Span] = {}
    taken: defaultdict[Bounds, list[Span]] = defaultdict(list)
    held = []
    for edge in sorted(edges, key=lambda edge: -edge.score):
        if edge.tail not in place or edge.is_argument:
            argument = Span(*edge.tail, score=edge.score)
            if any(argument.overlaps(other) for other in taken[edge.head]):
                continue
            taken[edge.head].append(argument)
            arguments.setdefault(edge.tail, argument)
        held.append(edge)
    places = place | {bounds: len(spans) + at for at, bounds in enumerate(sorted(arguments))}
    spans += [arguments[bounds] for bounds in sorted(arguments)]
    relations = sorted(
        (Relation(place[edge.head], places[edge.tail], edge.label, edge.score) for edge in held),
        key=lambda relation: (relation.head, relation.tail, relation.label),
    )
    return replace(given, spans=tuple(spans), relations=tuple(relations))
