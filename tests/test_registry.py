"""Table: a mapping that answers a misspelt name with the nearest known one."""

import pytest

from tagwright.errors import RecipeError
from tagwright.registry import Table, suggest

TABLE = Table("head", {"softmax": 1, "crf": 2})


def test_a_table_is_a_mapping() -> None:
    assert dict(TABLE) == {"softmax": 1, "crf": 2}
    assert list(TABLE) == ["softmax", "crf"]
    assert len(TABLE) == 2
    assert "crf" in TABLE
    assert TABLE.get("crf") == 2


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sofmax", "No head is called 'sofmax'. Did you mean 'softmax'? Known: crf, softmax."),
        ("zzz", "No head is called 'zzz'. Known: crf, softmax."),
    ],
)
def test_an_unknown_name_is_answered(name: str, message: str) -> None:
    assert name not in TABLE
    with pytest.raises(RecipeError) as caught:
        TABLE[name]
    assert str(caught.value) == message


def test_suggestions_are_sorted() -> None:
    assert suggest("LOCC", ["PER", "LOC"]) == " Did you mean 'LOC'? Known: LOC, PER."
