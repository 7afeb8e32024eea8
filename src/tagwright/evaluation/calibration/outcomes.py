"""Outcomes: the scores of predicted spans, relations and fields, and which of them are right. Knows no model.

A span is right if gold has one of the same words and label, a relation if its label and both its spans agree, a field
if its turn, its name and any of its values do (see evaluation/fields.py).
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagwright.errors import DataError
from tagwright.evaluation.fields import normalise
from tagwright.evaluation.pairs import pair_documents
from tagwright.text.document import Document

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
SPANS, RELATIONS, FIELDS, CANDIDATES = "spans", "relations", "fields", "candidates"
Scored = tuple[Hashable, float | None]
Paired = tuple[set[Hashable], list[Scored]]  # what gold has, and what is predicted, with scores


@dataclass(frozen=True)
class Outcomes:
    """One kind of things predicted: N scores, whether each is right, and the number of its document.

    `count` is how many documents there were, `gold` how many such things gold has.
    """

    scores: Floats
    right: NDArray[np.bool_]
    documents: Places
    count: int
    gold: int

    def __len__(self) -> int:
        return len(self.scores)


def collect(
    gold: Iterable[Document], predicted: Iterable[Document], *, given: Collection[str] = ()
) -> dict[str, Outcomes]:
    """The outcomes of labelled spans, unless these were `given`, of relations and of fields, where any is predicted."""
    pairs = list(pair_documents(gold, predicted))
    found = {}
    for part, pairing in PAIRINGS.items():
        if part == SPANS and set(given) & {"spans", "predicates"}:
            continue
        outcomes = gather([pairing(right, said) for right, said in pairs], part=part)
        if len(outcomes):
            found[part] = outcomes
    return found


def list_spans(document: Document) -> list[Scored]:
    """The labelled spans, each once, with their scores."""
    return _once(((span.start, span.end, span.label), span.score) for span in document.spans if span.label)


def list_relations(document: Document) -> list[Scored]:
    """The relations with the words and labels of their spans, each once, with their scores."""
    spans = document.spans
    ends = ((edge, spans[edge.head], spans[edge.tail]) for edge in document.relations)
    return _once(((e.label, head.bounds, head.label, tail.bounds, tail.label), e.score) for e, head, tail in ends)


def _pair_spans(gold: Document, predicted: Document) -> Paired:
    return {key for key, _ in list_spans(gold)}, list_spans(predicted)


def _pair_relations(gold: Document, predicted: Document) -> Paired:
    return {key for key, _ in list_relations(gold)}, list_relations(predicted)


def _pair_fields(gold: Document, predicted: Document) -> Paired:
    """A field that gold has with several values counts once, and is right with any of them."""
    right: defaultdict[Hashable, set[str]] = defaultdict(set)
    for field in gold.fields:
        right[field.turn, field.name] |= set(map(normalise, field.values))
    said = ((field, normalise(next(iter(field.values), ""))) for field in predicted.fields)
    keyed = (((field.turn, field.name), value, field.score) for field, value in said)
    return set(right), _once(
        (slot if value in right.get(slot, ()) else (slot, value), score) for slot, value, score in keyed
    )


PAIRINGS: dict[str, Callable[[Document, Document], Paired]] = {
    SPANS: _pair_spans,
    RELATIONS: _pair_relations,
    FIELDS: _pair_fields,
}


def _once(scored: Iterator[Scored]) -> list[Scored]:
    found: dict[Hashable, float | None] = {}
    for key, score in scored:
        found.setdefault(key, score)
    return list(found.items())


def gather(documents: Iterable[tuple[Collection[Hashable], Iterable[Scored]]], *, part: str) -> Outcomes:
    """Outcomes from what gold has and what was predicted, document by document."""
    scores, right, places, count, wanted, bare = [], [], [], 0, 0, 0
    for place, (keys, scored) in enumerate(documents):
        count, wanted = place + 1, wanted + len(keys)
        for key, score in scored:
            bare += score is None
            scores.append(score or 0.0)
            right.append(key in keys)
            places.append(place)
    if bare:
        raise DataError(
            f"{bare:,} of {len(scores):,} predicted {part} have no score, so there is nothing to calibrate. Take the "
            "predictions of a labeler, or a kind of file that holds scores (JSONL, Label Studio)."
        )
    return Outcomes(np.array(scores, float), np.array(right, bool), np.array(places, np.int64), count, wanted)
