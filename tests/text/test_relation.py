"""Relation, Field and Turn: plain values; a score takes no part in equality."""

from tagwright.text.relation import Field, Relation, Turn


def test_scores_take_no_part_in_equality() -> None:
    assert Relation(0, 1, "r", 0.2) == Relation(0, 1, "r", 0.9)
    assert Field("city", ("Ely",), 1, 0.2) == Field("city", ("Ely",), 1)


def test_relations_have_a_direction_and_values_hash() -> None:
    assert Relation(0, 1, "r") != Relation(1, 0, "r")
    assert len({Relation(0, 1, "r"), Relation(0, 1, "r", 0.5), Turn("user", 0, 3), Field("city", ("Ely",))}) == 3
