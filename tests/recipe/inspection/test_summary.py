"""Summaries: counts, labels and lengths of documents."""

from tagwright.recipe.inspection.summary import Lengths, summarise
from tagwright.text.document import Document
from tagwright.text.relation import Relation
from tagwright.text.span import Span


def test_lengths_say_what_most_documents_stay_below() -> None:
    lengths = Lengths.of([5, 1, 3, 2, 4])
    assert lengths.to_dict() == {"shortest": 1, "median": 3, "p95": 5, "p99": 5, "longest": 5, "total": 15}
    assert Lengths.of([]).to_dict()["longest"] == 0


def test_bins_double_and_hold_every_length_once() -> None:
    lengths = Lengths.of([0, 1, 2, 3, 4, 100, 9000, 20000])
    bins = dict(lengths.count_bins())
    assert bins["0"] == bins["1"] == bins["2"] == 1
    assert (bins["3-4"], bins["65-128"], bins["over 8192"]) == (2, 1, 2)
    assert sum(bins.values()) == 8
    assert Lengths.of([3, 4]).count_bins() == [("3-4", 2)]
    assert Lengths.of([]).count_bins() == []


def test_a_summary_counts_spans_labels_and_relations() -> None:
    spans = (Span(0, 2, "PER"), Span(2, 3, ""), Span(3, 4, "LOC"))
    first = Document.from_words(["Ada", "L.", "in", "Rome"], spans=spans, relations=(Relation(0, 2, "in"),))
    second = Document.from_words(["Bob"], spans=(Span(0, 1, "PER"),))
    summary = summarise([first, second, Document.from_words(["no"])])
    assert (summary.documents, summary.words, summary.spans, summary.untyped, summary.unlabelled) == (3, 6, 3, 1, 1)
    assert list(summary.labels) == ["PER", "LOC"]
    facts = summary.labels["PER"]
    assert (facts.spans, facts.documents, facts.longest, facts.texts) == (2, 2, 2, ("Ada L.", "Bob"))
    assert summary.relations == {"in": 1} and summary.overlapping == 0
    assert summary.to_dict()["labels"]["LOC"] == {"spans": 1, "documents": 1, "longest": 1}
