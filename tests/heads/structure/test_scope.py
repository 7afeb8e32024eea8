"""What a head of spans and relations is given, is taught and can't hold: each span and relation is one of these."""

from typing import Any

import pytest

from nested_documents import ROLES, make_documents
from tagwright.heads.config import HeadConfig
from tagwright.heads.pairs import PairsHead
from tagwright.heads.structure.scope import Scope
from tagwright.heads.structure.targets import EDGE, GIVEN, SPAN, cut_rows, make_rows, stack_rows
from tagwright.text.document import Document
from tagwright.text.labels import Labels
from tagwright.text.ledger import Ledger
from tagwright.text.relation import Relation
from tagwright.text.span import Span

LABELS = Labels(("PER", ""), ("in",))


def make_scope(labels: Labels = LABELS, **settings: Any) -> Scope:
    return Scope(labels, HeadConfig(name="pairs", **settings))


def make_document(*spans: Span, edges: tuple[Relation, ...] = ()) -> Document:
    return Document.from_words([f"w{at}" for at in range(20)], id="d", spans=spans, relations=edges)


def test_faults_are_noted_with_their_places() -> None:
    spans = (Span(0, 17, "PER"), Span(0, 1, "new"), Span(2, 3), Span(4, 5, "PER"), Span(4, 5), Span(6, 7, "PER"))
    edges = ((3, 5, "on"), (4, 3, "in"), (3, 4, "in"), (0, 3, "in"), (5, 3, "in"))
    document = make_document(*spans, edges=tuple(Relation(*edge) for edge in edges))
    ledger = Ledger()
    PairsHead(4, LABELS, config=HeadConfig(name="pairs")).note_unheld([document], ledger)
    long = " ".join(document.words[:17])
    assert list(ledger.lines()) == [
        f"1 x span of more than 16 words (head.longest): d {long!r} PER",
        "1 x span with the label 'new', which training never saw: d 'w0' new",
        "1 x span without a label that no relation leads to: d 'w2'",
        "1 x relation with the label 'on', which training never saw: d 'w4' on",
        "1 x relation from a span without a label: d 'w4' in",
        "1 x relation between two spans of the same words: d 'w4' in",
        f"1 x relation of a span that is left out: d {long!r} in",
    ]
    assert make_scope().list_rows(document).tolist() == [
        [SPAN, 4, 5, 4, 5, 0],
        [SPAN, 4, 5, 4, 5, 1],
        [SPAN, 6, 7, 6, 7, 0],
        [EDGE, 6, 7, 4, 5, 0],
    ]


def test_a_span_within_words_is_noted_and_taught_by_its_words() -> None:
    document = make_document(Span(1, 2, "PER", fragments=((4, 5),)))
    scope = make_scope()
    assert [reason for reason, _, _ in scope.list_faults(document)] == [
        "span with gaps or an edge within a word: taught as whole words"
    ]
    assert scope.list_rows(document).tolist() == [[SPAN, 1, 2, 1, 2, 0]]


def test_a_longer_limit_holds_longer_spans() -> None:
    document = make_document(Span(0, 17, "PER"))
    assert len(list(make_scope().list_faults(document))) == 1
    assert not list(make_scope(longest=17).list_faults(document))


@pytest.mark.parametrize(
    ("given", "kinds"),
    [("nothing", [SPAN] * 6), ("predicates", [GIVEN] * 2 + [SPAN] * 4), ("spans", [GIVEN] * 6)],
)
def test_given_spans_are_not_taught(given: Any, kinds: list[int]) -> None:
    document = make_documents(ROLES)[2]
    scope = Scope.find(make_documents(ROLES), HeadConfig(name="pairs", given=given))
    rows = scope.list_rows(document).tolist()
    assert [row[0] for row in rows] == kinds + [EDGE] * 4
    assert not list(scope.list_faults(document))


def test_given_spans_may_be_as_long_as_they_like() -> None:
    document = make_document(Span(0, 20, "PER"), Span(3, 4), edges=(Relation(0, 1, "in"),))
    assert not list(make_scope(Labels((), ("in",)), given="spans", longest=2).list_faults(document))
    assert not list(make_scope(Labels(("",), ("in",)), given="predicates", longest=2).list_faults(document))


def test_rows_are_cut_and_stacked() -> None:
    rows = make_rows([(SPAN, 2, 4, 2, 4, 1), (EDGE, 2, 4, 6, 8, 0)])
    assert cut_rows(rows, first=2, last=4).tolist() == [[SPAN, 0, 2, 0, 2, 1]]
    assert cut_rows(rows, first=1, last=8).tolist() == [[SPAN, 1, 3, 1, 3, 1], [EDGE, 1, 3, 5, 7, 0]]
    assert cut_rows(rows, first=3, last=9).tolist() == []
    assert rows[0, 1] == 2  # the whole target is as it was
    assert stack_rows([rows, make_rows([])]).shape == (2, 2, 6)
    assert (stack_rows([rows, make_rows([])])[1] == -1).all() and stack_rows([make_rows([])]).shape == (1, 1, 6)
