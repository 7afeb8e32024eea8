"""Summary: how much there is in a set of documents: labels, lengths, other parts. Judges nothing."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tagwright.text.document import Document
from tagwright.text.labels import collect_relation_labels
from tagwright.text.span import find_flat

BINS = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)


@dataclass(frozen=True)
class Lengths:
    """How long things are: a sorted list of lengths, and what can be said of it."""

    ordered: tuple[int, ...]

    @classmethod
    def of(cls, lengths: Iterable[int]) -> "Lengths":
        return cls(tuple(sorted(lengths)))

    def find_quantile(self, share: float) -> int:
        """The length that this share of the things don't exceed; 0 where there is nothing."""
        return self.ordered[min(int(share * len(self.ordered)), len(self.ordered) - 1)] if self.ordered else 0

    def count_bins(self) -> list[tuple[str, int]]:
        """Counts in bins that double: ("5-8", 12); from the first to the last that is not empty."""
        edges = (*BINS, max(self.ordered, default=0) + BINS[-1])
        bins = []
        for low, high in [(-1, 0), *pairwise(edges)]:
            name = str(high) if high - low == 1 else f"{low + 1}-{high}" if high in BINS else f"over {low}"
            bins.append((name, sum(low < length <= high for length in self.ordered)))
        filled = [at for at, (_, count) in enumerate(bins) if count]
        return bins[filled[0] : filled[-1] + 1] if filled else []

    def to_dict(self) -> dict[str, int]:
        shares = {"shortest": 0.0, "median": 0.5, "p95": 0.95, "p99": 0.99, "longest": 1.0}
        return {name: self.find_quantile(share) for name, share in shares.items()} | {"total": sum(self.ordered)}


@dataclass(frozen=True)
class LabelFacts:
    """One label: spans and documents that have it, the longest span in words, a few of their texts."""

    spans: int
    documents: int
    longest: int
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Summary:
    """What a set of documents holds. Spans without a type (label "") are counted apart.

    overlapping: the spans that are left out where every word has one tag.
    """

    documents: int
    words: int
    unlabelled: int
    untyped: int
    lengths: Lengths
    labels: dict[str, LabelFacts]
    relations: dict[str, int]
    fields: int
    overlapping: int

    @property
    def spans(self) -> int:
        return sum(facts.spans for facts in self.labels.values())

    def to_dict(self) -> dict[str, Any]:
        return {
            "documents": self.documents,
            "words": self.words,
            "documents_without_spans": self.unlabelled,
            "spans": self.spans,
            "untyped_spans": self.untyped,
            "overlapping_spans": self.overlapping,
            "fields": self.fields,
            "words_per_document": self.lengths.to_dict(),
            "labels": {
                label: {"spans": facts.spans, "documents": facts.documents, "longest": facts.longest}
                for label, facts in self.labels.items()
            },
            "relations": self.relations,
        }


def summarise(documents: Sequence[Document]) -> Summary:
    """Count what is in the documents; labels come with the most frequent one first."""
    lengths = Lengths.of(len(document) for document in documents)
    return Summary(
        documents=len(documents),
        words=sum(lengths.ordered),
        unlabelled=sum(not document.spans for document in documents),
        untyped=sum(not span.label for document in documents for span in document.spans),
        lengths=lengths,
        labels=_describe_labels(documents),
        relations=dict(collect_relation_labels(documents).most_common()),
        fields=sum(len(document.fields) for document in documents),
        overlapping=sum(len(find_flat(document.spans)[1]) for document in documents),
    )


def _describe_labels(documents: Sequence[Document]) -> dict[str, LabelFacts]:
    spans: Counter[str] = Counter()
    homes: Counter[str] = Counter()
    longest: Counter[str] = Counter()
    texts: dict[str, dict[str, None]] = {}
    for document in documents:
        homes.update({span.label for span in document.spans if span.label})
        for span in document.spans:
            if not span.label:
                continue
            spans[span.label] += 1
            longest[span.label] = max(longest[span.label], len(span))
            shown = texts.setdefault(span.label, {})
            if len(shown) < 3:
                shown[document.cut(span)] = None
    return {
        label: LabelFacts(count, homes[label], longest[label], tuple(texts[label]))
        for label, count in sorted(spans.items(), key=lambda item: (-item[1], item[0]))
    }
