"""Lint: each fault is found where it is, and clean data has none."""

from collections.abc import Sequence

import pytest

from tagwright.recipe.inspection.lint import lint
from tagwright.text.document import Document
from tagwright.text.span import Span
from tagwright.text.words import make_document


def make(words: str, *spans: Span, name: str = "") -> Document:
    return Document.from_words(words.split(), spans=spans, id=name)


def make_part(prefix: str) -> list[Document]:
    return [make(f"{prefix}{n} lives in Rome", Span(3, 4, "LOC"), name=f"{prefix}{n}") for n in range(6)]


def find(topic: str, **parts: Sequence[Document]) -> dict[str, list[str]]:
    return lint(parts)[topic].places


def find_one(topic: str, **parts: Sequence[Document]) -> tuple[str, str]:
    """The one reason found, and its first place."""
    found = find(topic, **parts)
    assert len(found) == 1, found
    reason, places = found.popitem()
    return reason, places[0]


def test_clean_data_has_nothing_to_look_at() -> None:
    findings = lint({"train": make_part("a"), "dev": make_part("b"), "test": make_part("c")})
    assert not any(findings.values())


def test_duplicates_are_named_and_worse_with_other_spans() -> None:
    train = [*make_part("a"), make("a1 lives in Rome", Span(3, 4, "LOC"), name="twin"), make("a2 lives in Rome")]
    found = find("documents", train=train)
    assert found["train document that repeats another word for word"] == ["twin and a1: 'a1 lives in Rome'"]
    assert len(found["train document that repeats another word for word, with other spans"]) == 1


def test_leakage_between_parts_is_found() -> None:
    reason, place = find_one("documents", train=make_part("a"), test=[make("a3 lives in Rome", name="t")])
    assert reason.startswith("test document that stands in train too")
    assert place.startswith("t = a3")


def test_an_id_may_stand_once() -> None:
    reason, place = find_one("documents", train=[*make_part("a"), make("other words", name="a0")])
    assert (reason, place) == ("id that several documents have", "a0 (2 times)")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "without words"),
        ("lost \ufffd letters", "U+FFFD"),
        ("cafÃ© au lait", "decoded wrongly"),
        ("a" * 101, "more than 100 characters"),
    ],
)
def test_suspicious_text_is_found(text: str, reason: str) -> None:
    assert reason in find_one("documents", train=[*make_part("a"), make_document(text, id="odd")])[0]


def test_a_long_address_is_no_suspicious_word() -> None:
    assert not find("documents", train=[*make_part("a"), make("https://x.org/" + "a" * 200)])


@pytest.mark.parametrize(
    ("spans", "reason"),
    [
        ((Span(0, 3, "A"), Span(1, 2, "B")), "span that lies within another"),
        ((Span(0, 2, "A"), Span(1, 3, "B")), "span that crosses another"),
        ((Span(0, 2, "A"), Span(0, 2, "B")), "span with a second label"),
        ((Span(0, 2, "A"), Span(0, 2, "A")), "span twice with one label"),
        ((Span(0, 2, "A", fragments=((0, 1), (4, 5))),), "span with gaps"),
        ((Span(0, 2, "A", fragments=((0, 2),)),), "begins or ends inside a word"),
        ((Span(0, 1, "A", fragments=((0, 4),)),), "begins or ends with white space"),
        ((Span(0, 4, "A"),), "begins or ends with punctuation"),
        ((Span(0, 2, "A"), Span(3, 4, "A"), Span(2, 3, "A")), "nothing but punctuation"),
    ],
)
def test_spans_that_a_tagger_cannot_hold_or_that_look_wrong(spans: tuple[Span, ...], reason: str) -> None:
    document = make("one two three ,", *spans, name="odd")
    found, place = find_one("spans", train=[*make_part("a"), document])
    assert reason in found
    assert place.startswith("odd '")


def test_a_label_made_for_punctuation_is_not_suspicious() -> None:
    train = [make(f"w{n} ,", Span(0, 1, "NOUN"), Span(1, 2, "PUNCT")) for n in range(6)]
    assert not lint({"train": train})["spans"]


def test_labels_of_dev_that_train_lacks() -> None:
    dev = [*make_part("b"), make("on a ship", Span(2, 3, "SHIP"))]
    assert find_one("labels", train=make_part("a"), dev=dev) == (
        "label in dev that train lacks: none of its spans can be found",
        "SHIP (1)",
    )


def test_a_part_in_which_nothing_is_labelled_was_probably_misread() -> None:
    bare = [make(f"{n} is left") for n in range(3)]
    reason, place = find_one("labels", train=make_part("a"), dev=bare)
    assert reason.startswith("dev in which nothing is labelled") and place == "3 documents"


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("B-LOC", "looks like a tag"),
        ("O", "looks like a tag"),
        ("U-LOC", "looks like a tag"),
        (" LOC2", "white space"),
        ("Loc", "differ only in case"),
    ],
)
def test_odd_labels(label: str, reason: str) -> None:
    odd = [make(f"to place{n}", Span(1, 2, label)) for n in range(5)]
    assert any(reason in found for found in find("labels", train=[*make_part("a"), *odd]))


def test_a_rare_label_is_named_with_its_count() -> None:
    reason, place = find_one("labels", train=[*make_part("a"), make("one ship", Span(1, 2, "SHIP"))])
    assert "fewer than 5 training spans" in reason
    assert place == "SHIP (1)"


@pytest.mark.parametrize("slip", ["PERSN", "PERSOON", "PRESON", "PERZON"])
def test_a_slip_for_a_frequent_label_is_named_with_its_places(slip: str) -> None:
    train = [make(f"Ada{n}", Span(0, 1, "PERSON"), name=f"t{n}") for n in range(20)]
    places = find("labels", train=[*train, make("Bob", Span(0, 1, slip), name="odd")])
    assert places["label that is probably a slip for a frequent one"] == [f"{slip} (1) for PERSON (20): odd 'Bob'"]


@pytest.mark.parametrize("label", ["PLACE", "PERSON2", "PERSONAL", "person", "SONPER"])
def test_other_labels_are_no_slips(label: str) -> None:
    train = [make(f"Ada{n}", Span(0, 1, "PERSON"), name=f"t{n}") for n in range(20)]
    found = find("labels", train=[*train, make("Bob", Span(0, 1, label), name="odd")])
    assert not any("slip" in reason for reason in found)
