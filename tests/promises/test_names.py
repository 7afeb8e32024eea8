"""The public names are pinned: adding or losing one is a decision, made here and in the changelog."""

import pytest

import tagwright

VERBS = ["compare", "convert", "curve", "evaluate", "load", "predict", "read", "search_sight", "train", "write"]
NOUNS = ["Document", "Recipe", "Relation", "Report", "Sight", "Span"]
ERRORS = ["DataError", "FormatError", "ModelError", "RecipeError", "SchemeError", "TagwrightError"]


def test_public_names_are_pinned() -> None:
    assert sorted(tagwright.__all__) == sorted(VERBS + NOUNS + ERRORS)
    assert set(tagwright.__all__) <= set(dir(tagwright))


@pytest.mark.parametrize("name", VERBS + NOUNS + ERRORS)
def test_every_public_name_is_there(name: str) -> None:
    found = getattr(tagwright, name)
    assert callable(found)
    assert isinstance(found, type) == (name in NOUNS + ERRORS)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        getattr(tagwright, "no_such" + "_name")
