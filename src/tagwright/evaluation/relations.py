"""Relation and role scores. Knows relations as edges between spans: no text, no model.

`strict`: label, bounds and labels of head and tail agree. `boundary`: label and the bounds of both agree.
`roles`: the edges to an argument without a type (a span labelled ""), by bounds of the predicate, role and bounds of
the argument: whatever sense the predicate has. Direction counts, an edge counts once.
"""

from collections.abc import Hashable, Iterable, Iterator

from tagwright.evaluation.counts import Counts
from tagwright.text.document import Document

Edge = tuple[str, Hashable, Hashable]
GROUPS = {"strict": "relations", "boundary": "relations_boundary", "roles": "roles"}


def count_relations(gold: Document, predicted: Document) -> Iterator[tuple[str, list[tuple[str | None, Counts]]]]:
    """For each group that either side has an edge of: counts over all (label None) and of each label."""
    for variant, group in GROUPS.items():
        right, said = _find_edges(gold, variant), _find_edges(predicted, variant)
        if right or said:
            yield group, [(None, _count(right, said)), *_count_labels(right, said)]


def _find_edges(document: Document, variant: str) -> set[Edge]:
    edges: set[Edge] = set()
    for edge in document.relations:
        head, tail = document.spans[edge.head], document.spans[edge.tail]
        if variant == "strict":
            edges.add((edge.label, (head.bounds, head.label), (tail.bounds, tail.label)))
        elif variant == "boundary" or not tail.label:
            edges.add((edge.label, head.bounds, tail.bounds))
    return edges


def _count_labels(gold: set[Edge], predicted: set[Edge]) -> Iterator[tuple[str, Counts]]:
    for label in sorted({edge[0] for edge in gold | predicted}):
        yield label, _count(_only(gold, label), _only(predicted, label))


def _only(edges: Iterable[Edge], label: str) -> set[Edge]:
    return {edge for edge in edges if edge[0] == label}


def _count(gold: set[Edge], predicted: set[Edge]) -> Counts:
    return Counts(len(gold & predicted), 0, len(predicted), len(gold))
