"""Scope: which spans and relations of a document are given, which can be learned, why not the others. No tensors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tagwright.errors import DataError
from tagwright.heads.config import HeadConfig
from tagwright.heads.structure.targets import EDGE, GIVEN, SPAN, Rows, make_rows
from tagwright.text.document import Document
from tagwright.text.labels import Labels, collect_labels, collect_relation_labels
from tagwright.text.relation import Relation
from tagwright.text.span import BY_WORDS, Span

ARGUMENT = ""  # the label of an argument without a type


@dataclass(frozen=True)
class Scope:
    """`labels` are those to be predicted: of spans, of which one may be ARGUMENT, and of relations."""

    labels: Labels
    config: HeadConfig

    @classmethod
    def find(cls, documents: Sequence[Document], config: HeadConfig) -> "Scope":
        """What there is to learn in training documents."""
        relations = tuple(sorted(collect_relation_labels(documents)))
        if config.given != "nothing" and not relations:
            raise DataError(
                f"None of the {len(documents)} training documents has a relation, and where {config.given} are given "
                "(head.given) there is nothing else to learn. Check the relations of the file, or set "
                'head.given = "nothing".'
            )
        tails = (document.spans[edge.tail] for document in documents for edge in document.relations)
        arguments = (ARGUMENT,) if config.given != "spans" and any(not tail.label for tail in tails) else ()
        types = tuple(sorted(collect_labels(documents))) if config.given == "nothing" else ()
        return cls(Labels(types + arguments, relations), config)

    def is_given(self, span: Span) -> bool:
        return self.config.given == "spans" or (self.config.given == "predicates" and bool(span.label))

    def _find_faults(self, document: Document) -> list[str | None]:
        """Why a span can't be learned, for those that can't; given ones needn't."""
        tails = {edge.tail for edge in document.relations}
        return [self._find_fault(span, is_tail=at in tails) for at, span in enumerate(document.spans)]

    def _find_fault(self, span: Span, *, is_tail: bool) -> str | None:
        if self.is_given(span):
            return None
        if span.label == ARGUMENT and not is_tail:
            return "span without a label that no relation leads to"
        if span.label not in self.labels:
            return f"span with the label {span.label!r}, which training never saw"
        if len(span) > self.config.longest:
            return f"span of more than {self.config.longest} words (head.longest)"
        return None

    def _find_edge_fault(self, edge: Relation, document: Document, *, faults: Sequence[str | None]) -> str | None:
        """Why a relation can't be learned; `faults` are those of the spans."""
        head, tail = document.spans[edge.head], document.spans[edge.tail]
        if edge.label not in self.labels.relations:
            return f"relation with the label {edge.label!r}, which training never saw"
        if head.label == ARGUMENT and not self.is_given(head):
            return "relation from a span without a label"
        if head.bounds == tail.bounds:
            return "relation between two spans of the same words"
        if faults[edge.head] or faults[edge.tail]:
            return "relation of a span that is left out"
        return None

    def list_faults(self, document: Document) -> Iterator[tuple[str, Span, str]]:
        """What can't be learned as it is: the reason, the span or the head of the relation, and the label."""
        faults = self._find_faults(document)
        for span, fault in zip(document.spans, faults, strict=True):
            if reason := fault or (BY_WORDS if span.fragments else None):
                yield reason, span, span.label
        for edge in document.relations:
            if reason := self._find_edge_fault(edge, document, faults=faults):
                yield reason, document.spans[edge.head], edge.label

    def list_rows(self, document: Document) -> Rows:
        """The target of a gold document."""
        rows, faults = [], self._find_faults(document)
        for span, fault in zip(document.spans, faults, strict=True):
            if self.is_given(span):
                rows.append((GIVEN, *span.bounds, *span.bounds, 0))
            elif not fault:
                rows.append((SPAN, *span.bounds, *span.bounds, self.labels.index(span.label)))
        for edge in document.relations:
            if not self._find_edge_fault(edge, document, faults=faults):
                ends = document.spans[edge.head].bounds, document.spans[edge.tail].bounds
                rows.append((EDGE, *ends[0], *ends[1], self.labels.relations.index(edge.label)))
        return make_rows(rows)
