"""Dialogue state: which turns count, when a slot is right."""

from score_references import make_document
from tagwright.evaluation.counts import Counts
from tagwright.evaluation.fields import count_fields
from tagwright.text.document import Document
from tagwright.text.relation import Field, Turn

TURNS = tuple(Turn(speaker, at, at + 1) for at, speaker in enumerate(["user", "system", "user", "system", "user"]))


def hold(*fields: Field) -> Document:
    return make_document([], length=5, turns=TURNS, fields=fields)


def count(gold: Document, predicted: Document) -> dict[str, dict[str | None, Counts]]:
    return {group: dict(parts) for group, parts in count_fields(gold, predicted)}


GOLD = hold(Field("area", ("Centre", "middle"), 2), Field("area", ("Centre", "middle"), 4), Field("stars", ("4",), 4))


def test_any_variant_is_right_whatever_its_case_and_blanks() -> None:
    said = hold(Field("area", ("  MIDDLE ",), 2), Field("area", ("centre",), 4), Field("stars", ("4",), 4))
    found = count(GOLD, said)
    assert found["joint"][None] == Counts(3, 0, 3, 3)  # the first user turn holds nothing and is right
    assert found["slots"][None] == Counts(3, 0, 3, 3)


def test_one_wrong_missing_or_surplus_slot_spoils_its_turn() -> None:
    said = hold(Field("area", ("north",), 2), Field("area", ("centre",), 4), Field("food", ("thai",), 0))
    found = count(GOLD, said)
    assert found["joint"][None] == Counts(0, 0, 3, 3)
    assert found["slot_accuracy"][None] == Counts(1, 0, 4, 4)
    assert found["slots"] == {
        None: Counts(1, 0, 3, 3),
        "area": Counts(1, 0, 2, 2),
        "food": Counts(0, 0, 1, 0),
        "stars": Counts(0, 0, 0, 1),
    }


def test_only_the_first_predicted_value_counts() -> None:
    assert count(hold(Field("area", ("north",))), hold(Field("area", ("south", "north"))))["slots"][None].correct == 0


def test_a_field_without_turns_or_values_is_scored_where_it_is() -> None:
    bare = make_document([], length=1, fields=(Field("seen", (), 3),))
    assert count(bare, bare)["joint"][None] == Counts(1, 0, 1, 1)
    assert count(hold(), hold()) == {}
