"""Names of labels: natural words, both ways; collisions refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagwright.errors import RecipeError
from tagwright.formats.strings.names import KNOWN, Names, name_label


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("PER", "person"),
        ("Peop", "person"),
        ("ARG0", "first argument"),
        ("R-ARG1", "reference to second argument"),
        ("C-ARGM-TMP", "continued time"),
        ("OrgBased_In", "org based in"),
        ("Cause-Effect", "cause effect"),
        ("creative-work", "creative work"),
        ("train-leaveAt", "train leave at"),
        ("Restaurants_2:party_size", "restaurants 2 party size"),
        ("PRP$", "prp$"),
        (":", ":"),
        ("😀", "😀"),
    ],
)
def test_labels_in_words(label: str, words: str) -> None:
    assert name_label(label) == words


def test_the_known_labels_of_a_kind_can_stand_together() -> None:
    roles = [label for label in KNOWN if label.startswith("ARG")]
    Names([*roles, *(f"{mark}-{role}" for mark in "RC" for role in roles)])
    Names(["ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN", "PUNCT", "X"])


@settings(max_examples=50, deadline=None)
@given(st.sets(st.text(min_size=1, max_size=6).filter(str.strip)))
def test_names_go_both_ways_or_are_refused(labels: set[str]) -> None:
    try:
        names = Names(labels)
    except RecipeError as error:
        assert "told" in str(error) or "no words" in str(error)
        return
    assert all(names.read(names.write(label)) == label for label in labels)
    assert all(names.read([word.upper() for word in names.write("x")]) == "x" for _ in labels & {"x"})


def test_labels_that_read_alike_are_refused_and_can_be_renamed() -> None:
    with pytest.raises(RecipeError, match=r"'Live_In' and 'live-in' would both be .*\[writer.words\] .live-in. ="):
        Names(["Live_In", "live-in"])
    names = Names(["Live_In", "live-in"], {"live-in": "dwells in"})
    assert names.read(["Dwells", "IN"]) == "live-in"


def test_an_unknown_label_is_answered_with_the_nearest() -> None:
    with pytest.raises(RecipeError, match="Did you mean 'PERSON'"):
        Names(["PERSON", "PLACE"]).write("PERSN")


def test_a_label_without_words_is_refused() -> None:
    with pytest.raises(RecipeError, match="no words"):
        Names(["a"], {"a": " "})


def test_the_longest_label_at_the_beginning() -> None:
    names = Names(["city", "city state"])
    assert [names.find_prefix(text.split()) for text in ("city state of", "City of", "of city")] == [2, 1, 0]


def test_names_can_be_kept() -> None:
    names = Names(["A", "B"], {"A": "first one"})
    kept = names.to_dict()
    assert kept == {"A": "first one", "B": "b"}
    assert Names(kept, kept) == names
