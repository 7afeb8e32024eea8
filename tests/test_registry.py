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


METRICS = [f"{group}.{ending}" for group in ("exact", "boundary", "type") for ending in ("f1", "micro.f1", "recall")]


@pytest.mark.parametrize(
    ("name", "known", "nearest"),
    [
        ("f1", METRICS, "exact.f1"),
        ("F1", METRICS, "exact.f1"),
        ("micro", METRICS, "exact.micro.f1"),
        ("bio", ["IO", "IOB1", "BIO", "BIOES"], "BIO"),
        ("lerning_rate", {"warmup_steps", "learning_rate", "seed"}, "learning_rate"),
        ("rate", ["weight_decay", "learning_rate"], "learning_rate"),
    ],
)
def test_case_and_parts_of_names_are_seen(name: str, known: list[str], nearest: str) -> None:
    assert suggest(name, known).startswith(f" Did you mean {nearest!r}?")


def test_a_long_list_is_cut_to_the_nearest() -> None:
    many = [f"setting_{place:02}" for place in range(20)]
    assert suggest("sed", many).count(",") == 19
    shown = suggest("sed", [*many, "seed"])
    assert shown.startswith(" Did you mean 'seed'? Known: seed, ")
    assert shown.endswith(", ... (21 in all).")
    assert shown.count(",") == 8


def test_an_empty_list_is_no_error() -> None:
    assert suggest("sed", []) == " Known: ."
