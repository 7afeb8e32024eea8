"""Joined: what several labellings of one text say, in one document. Knows nothing of who labelled."""

from collections.abc import Iterable
from dataclasses import replace

from tagwright.text.document import Document
from tagwright.text.relation import Field, Relation
from tagwright.text.span import Span

Key = tuple[int, int, str, object]


def join_labels(document: Document, labellings: Iterable[Document]) -> Document:
    """The document with the spans, relations and fields of all labellings, each once, as they come, with their scores.

    Spans of the same words with the same label are one.
    """
    spans: dict[Key, Span] = {}
    relations: dict[Relation, None] = {}
    fields: dict[Field, None] = {}
    for each in labellings:
        keys = [(*span.bounds, span.label, span.fragments) for span in each.spans]
        for key, span in zip(keys, each.spans, strict=True):
            spans.setdefault(key, span)
        place = {key: at for at, key in enumerate(spans)}
        for edge in each.relations:
            relations.setdefault(replace(edge, head=place[keys[edge.head]], tail=place[keys[edge.tail]]))
        fields |= dict.fromkeys(each.fields)
    return replace(document, spans=tuple(spans.values()), relations=tuple(relations), fields=tuple(fields))
