"""Scores as the papers of each task define them, worked by hand; and what published scorers get wrong."""

import pytest

from tagwright.evaluation.report import Report, evaluate
from tagwright.text.document import Document
from tagwright.text.relation import Field, Relation, Turn
from tagwright.text.span import Span

WORDS = ["Ann", "works", "for", "Acme", "Corp", "in", "New", "York", "."]
ANN, ACME, PLACE = Span(0, 1, "person"), Span(3, 5, "organization"), Span(6, 8, "location")


def make(spans: tuple[Span, ...] = (), *edges: Relation) -> Document:
    return Document.from_words(WORDS, spans=spans, relations=edges)


def find(report: Report, *names: str) -> list[float]:
    return [report.score(name) for name in names]


def test_joint_extraction_counts_typed_spans_and_relations_between_them() -> None:
    gold = make((ANN, ACME, PLACE), Relation(0, 1, "works for"), Relation(1, 2, "based in"))
    firm = Span(3, 5, "location")  # right words, wrong label: its relation is wrong too
    said = make((ANN, firm, PLACE), Relation(0, 1, "works for"), Relation(0, 2, "lives in"), Relation(1, 2, "based in"))
    report = evaluate([gold], [said])
    assert find(report, "exact.precision", "exact.recall") == pytest.approx([2 / 3, 2 / 3])
    assert find(report, "relations.precision", "relations.recall", "relations.f1") == [0, 0, 0]
    right = make((ANN, ACME), Relation(0, 1, "works for"), Relation(1, 0, "based in"))  # the second one is turned round
    assert find(evaluate([gold], [right]), "relations.precision", "relations.recall") == [1 / 2, 1 / 2]


def test_documents_without_gold_count_against_precision() -> None:
    gold = make((ANN, ACME), Relation(0, 1, "works for"))
    report = evaluate([gold, make()], [gold, gold])
    assert find(report, "exact.precision", "exact.recall") == [1 / 2, 1]
    assert find(report, "relations.precision", "relations.recall") == [1 / 2, 1]


def test_nested_spans_count_each() -> None:
    outer, inner = Span(3, 8, "organization"), Span(6, 8, "location")
    report = evaluate([make((outer, inner))], [make((outer, Span(6, 8, "organization")))])
    assert find(report, "exact.precision", "exact.recall", "exact.f1") == [1 / 2, 1 / 2, 1 / 2]


def test_arguments_of_predicates_whatever_their_sense() -> None:
    works = Span(1, 2, "work.01")
    gold = make(
        (works, Span(0, 1), Span(2, 5), Span(5, 8)),
        Relation(0, 1, "ARG0"),
        Relation(0, 2, "ARG1"),
        Relation(0, 3, "ARGM-LOC"),
    )
    said = make(
        (Span(1, 2, "work.09"), Span(0, 1), Span(3, 5), Span(5, 8)),
        Relation(0, 1, "ARG0"),  # right
        Relation(0, 2, "ARG1"),  # a wrong border
        Relation(0, 3, "ARGM-TMP"),  # a wrong role
        Relation(0, 1, "C-ARG0"),  # a role like any other
    )
    report = evaluate([gold], [said])
    assert find(report, "roles.precision", "roles.recall") == [1 / 4, 1 / 3]
    assert report.score("roles.f1") == pytest.approx(2 / 7)
    assert report.score("roles.label.ARG0.f1") == 1


def test_arguments_of_a_trigger_that_was_not_found_count() -> None:
    hired, fired = Span(1, 2, "Hire"), Span(8, 9, "Fire")
    gold = make(
        (hired, Span(0, 1), Span(3, 5), fired),
        Relation(0, 1, "person"),
        Relation(0, 2, "firm"),
        Relation(3, 1, "person"),
    )
    said = make((hired, Span(0, 1)), Relation(0, 1, "person"))
    report = evaluate([gold], [said])
    assert find(report, "exact.precision", "exact.recall") == [1, 1 / 2]  # triggers: arguments have no label
    assert find(report, "roles.precision", "roles.recall") == [1, 1 / 3]
    none = evaluate([gold], [make()])
    assert find(none, "exact.recall", "roles.recall", "roles.f1") == [0, 0, 0]


def test_directed_relations_without_other_as_in_semeval_2010() -> None:
    def relate(label: str, head: int = 0) -> Document:
        return make((ANN, ACME), *([Relation(head, 1 - head, label)] if label != "Other" else []))

    gold = [relate("Cause"), relate("Cause"), relate("Whole"), relate("Other")]
    said = [relate("Cause"), relate("Cause", 1), relate("Other"), relate("Whole")]
    report = evaluate(gold, said)
    # Cause: 1 of 2 said and 1 of 2 gold (the other is turned round); Whole: 0 of 1 and 0 of 1; Other isn't scored.
    assert report.score("relations.label.Cause.f1") == 1 / 2
    assert report.score("relations.macro.f1") == 1 / 4
    assert find(report, "relations.precision", "relations.recall") == [1 / 3, 1 / 3]


def test_joint_goal_accuracy_is_the_share_of_turns_whose_whole_state_is_right() -> None:
    turns = tuple(Turn(("user", "system")[at % 2], at, at + 1) for at in range(7))

    def hold(*fields: Field) -> Document:
        return Document.from_words(WORDS, turns=turns, fields=fields)

    gold = hold(
        Field("hotel area", ("centre", "center"), 2),
        Field("hotel area", ("centre", "center"), 4),
        Field("hotel name", ("king's, queen's",), 4),
        Field("hotel area", ("centre", "center"), 6),
    )
    said = hold(
        Field("hotel area", ("Center",), 2),  # a variant, in other case
        Field("hotel area", ("centre",), 4),
        Field("hotel name", ("king's",), 4),  # a comma is part of a value
        Field("hotel area", ("centre",), 6),
        Field("hotel stars", ("4",), 6),  # one too many
    )
    report = evaluate([gold], [said])
    assert report.score("joint") == 2 / 4  # turn 0 has an empty state, which is right; 2 is; 4 and 6 are not
    assert find(report, "slots.precision", "slots.recall") == [3 / 5, 3 / 4]
