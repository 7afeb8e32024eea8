"""Joined labellings: everything once, and relations lead where they led."""

from tagwright.text.document import Document
from tagwright.text.joined import join_labels
from tagwright.text.relation import Field, Relation
from tagwright.text.span import Span

WORDS = Document.from_words(["Ann", "met", "Bob"], id="d")


def label(*spans: Span, edges: tuple[Relation, ...] = (), fields: tuple[Field, ...] = ()) -> Document:
    return Document.from_words(["Ann", "met", "Bob"], spans=spans, relations=edges, fields=fields)


def test_what_both_say_is_there_once_with_the_first_score() -> None:
    one, other = label(Span(0, 1, "PER", 0.9)), label(Span(2, 3, "PER"), Span(0, 1, "PER", 0.1))
    found = join_labels(WORDS, [one, other])
    assert [(span.bounds, span.score) for span in found.spans] == [((0, 1), 0.9), ((2, 3), None)]
    assert found.id == "d"


def test_relations_lead_to_the_same_words() -> None:
    one = label(Span(1, 2, "meet"))
    other = label(Span(2, 3, "PER"), Span(0, 1, "PER"), Span(1, 2, "meet"), edges=(Relation(2, 1, "A0"),))
    found = join_labels(WORDS, [one, other, other])
    assert [found.cut(span) for span in found.spans] == ["met", "Bob", "Ann"]
    assert found.relations == (Relation(0, 2, "A0"),)


def test_spans_that_differ_in_label_or_gaps_are_several() -> None:
    gap = Span(0, 3, "PER", fragments=((0, 3), (8, 11)))
    found = join_labels(WORDS, [label(Span(0, 3, "PER"), gap), label(Span(0, 3, "ORG"))])
    assert len(found.spans) == 3


def test_fields_are_joined_and_without_labellings_nothing_is_left() -> None:
    to = Field("taxi-to", ("Rome",), 0)
    assert join_labels(WORDS, [label(fields=(to,)), label(fields=(to,))]).fields == (to,)
    assert join_labels(label(Span(0, 1, "PER")), []).spans == ()
