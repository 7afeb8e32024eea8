"""Relations and roles: direction, bounds, labels, repeats."""

from score_references import make_document
from tagwright.evaluation.counts import Counts
from tagwright.evaluation.relations import count_relations
from tagwright.text.document import Document
from tagwright.text.relation import Relation
from tagwright.text.span import Span


def join(spans: list[Span], *edges: Relation) -> Document:
    return make_document(spans, length=9, relations=edges)


def count(gold: Document, predicted: Document) -> dict[str, dict[str | None, Counts]]:
    return {group: dict(parts) for group, parts in count_relations(gold, predicted)}


ANNA, ACME, PLACE = Span(0, 1, "PER"), Span(3, 5, "ORG"), Span(6, 7, "LOC")
GOLD = join([ANNA, ACME, PLACE], Relation(0, 1, "works_for"), Relation(1, 2, "based_in"))


def test_order_of_spans_and_repeated_edges_do_not_matter() -> None:
    edges = Relation(2, 1, "works_for"), Relation(1, 0, "based_in"), Relation(1, 0, "based_in")
    found = count(GOLD, join([PLACE, ACME, ANNA], *edges))
    assert found["relations"][None] == Counts(2, 0, 2, 2)
    assert "roles" not in found


def test_direction_and_label_count() -> None:
    found = count(GOLD, join([ANNA, ACME, PLACE], Relation(1, 0, "works_for"), Relation(1, 2, "works_for")))
    assert found["relations"] == {
        None: Counts(0, 0, 2, 2),
        "based_in": Counts(0, 0, 0, 1),
        "works_for": Counts(0, 0, 2, 1),
    }


def test_a_wrong_entity_label_is_wrong_in_strict_only() -> None:
    found = count(GOLD, join([ANNA, Span(3, 5, "LOC"), PLACE], Relation(0, 1, "works_for")))
    assert found["relations"][None] == Counts(0, 0, 1, 2)
    assert found["relations_boundary"][None] == Counts(1, 0, 1, 2)


def test_roles_ignore_the_sense_and_compare_arguments_by_bounds() -> None:
    gold = join([Span(1, 2, "give.01"), Span(0, 1), Span(2, 4)], Relation(0, 1, "ARG0"), Relation(0, 2, "ARG1"))
    said = join([Span(1, 2, "give.02"), Span(0, 1), Span(2, 5)], Relation(0, 1, "ARG0"), Relation(0, 2, "ARG1"))
    found = count(gold, said)
    assert found["roles"][None] == Counts(1, 0, 2, 2)
    assert found["roles"]["ARG0"] == Counts(1, 0, 1, 1)
    assert found["relations"][None] == Counts(0, 0, 2, 2)


def test_documents_without_relations_have_no_score() -> None:
    assert count(join([ANNA]), join([ACME])) == {}
