"""Documents from scored spans and edges: where edges lead, and which arguments stay."""

from tagwright.heads.structure.reading import Edge, assemble
from tagwright.text.document import Document
from tagwright.text.relation import Relation
from tagwright.text.span import Span

PLAIN = Document.from_words(["w"] * 9, id="d")


def test_spans_come_in_order_and_edges_lead_between_them() -> None:
    found = [Span(4, 5, "B", 0.9), Span(0, 3, "A", 0.8), Span(0, 1, "A", 0.7)]
    document = assemble(
        PLAIN, found, edges=[Edge((4, 5), (0, 3), "r", 0.6, False), Edge((0, 1), (4, 5), "s", 0.7, False)]
    )
    assert document.spans == (found[2], found[1], found[0]) and document.id == "d"
    assert [span.score for span in document.spans] == [0.7, 0.8, 0.9]
    assert document.relations == (Relation(0, 2, "s"), Relation(2, 1, "r"))
    assert [edge.score for edge in document.relations] == [0.7, 0.6]


def test_of_several_spans_over_the_same_words_an_edge_takes_the_likeliest() -> None:
    found = [Span(0, 1, "A", 0.6), Span(0, 1, "B", 0.9), Span(2, 3, "A", 0.9)]
    assert assemble(PLAIN, found, edges=[Edge((0, 1), (2, 3), "r", 0.6, False)]).relations == (Relation(1, 2, "r"),)


def test_an_edge_to_no_span_makes_an_argument() -> None:
    edges = [
        Edge((0, 1), (4, 5), "b", 0.7, True),
        Edge((0, 1), (2, 4), "a", 0.6, False),
        Edge((8, 9), (4, 5), "a", 0.9, True),
    ]
    found = [Span(0, 1, "P", 0.9), Span(8, 9, "P", 0.9)]
    document = assemble(PLAIN, found, edges=edges)
    assert document.spans == (*found, Span(2, 4), Span(4, 5))
    assert [span.score for span in document.spans[2:]] == [0.6, 0.9]  # that of its likeliest relation
    assert document.relations == (Relation(0, 2, "a"), Relation(0, 3, "b"), Relation(1, 3, "a"))


def test_a_span_that_is_sooner_an_argument_is_both() -> None:
    found = [Span(0, 1, "P", 0.9), Span(2, 3, "P", 0.9)]
    document = assemble(PLAIN, found, edges=[Edge((0, 1), (2, 3), "a", 0.6, True)])
    assert document.spans == (*found, Span(2, 3)) and document.relations == (Relation(0, 2, "a"),)


def test_arguments_of_one_head_share_no_word_and_the_likeliest_stay() -> None:
    edges = [
        Edge((0, 1), (2, 5), "a", 0.6, True),
        Edge((0, 1), (4, 6), "b", 0.9, True),
        Edge((0, 1), (4, 6), "c", 0.8, True),
        Edge((8, 9), (2, 5), "a", 0.6, True),
    ]
    document = assemble(PLAIN, [Span(0, 1, "P", 0.9), Span(8, 9, "P", 0.9)], edges=edges)
    assert document.relations == (Relation(0, 3, "b"), Relation(1, 2, "a"))


def test_given_spans_keep_their_places_and_come_first() -> None:
    given = PLAIN.with_spans([Span(5, 6, "P"), Span(0, 1, "Q"), Span(5, 6, "R")])
    document = assemble(given, [Span(0, 1, "X", 0.9)], edges=[Edge((5, 6), (0, 1), "r", 0.8, False)])
    assert document.spans == (*given.spans, Span(0, 1, "X"))
    assert document.relations == (Relation(0, 1, "r"),)
