"""All that states depend on has a name; whatever is changed, that name and no other tells it."""

from typing import Any

import pytest

from tagwright.models.features.upstream import describe_backbone, describe_words
from tagwright.models.tagger import Tagger
from tagwright.text.ledger import Ledger
from tiny_labelers import make_documents, make_tagger

DOCUMENTS = make_documents(4)


def describe(tagger: Tagger, documents: Any = DOCUMENTS) -> dict[str, Any]:
    pieces = tagger.cut(documents, Ledger())
    return describe_backbone(tagger.backbone) | describe_words(documents, pieces)


def find_changed(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    return {name for name in one if one[name] != other[name]}


@pytest.mark.parametrize(
    ("settings", "changed"),
    [
        ({"seed": 1}, {"weights"}),
        ({"sight": "01"}, {"sight"}),
        ({"repeat": 1}, {"repeat", "tokens", "windows"}),
        ({"read_at": "last"}, {"read_at"}),
        ({"max_tokens": 8, "overlap": 2}, {"windows", "tokens"}),
        ({}, set()),
    ],
    ids=lambda value: str(sorted(value)),  # a set's own order differs between the processes that share the tests
)
def test_a_changed_setting_is_named(settings: dict[str, Any], changed: set[str]) -> None:
    plain, other = (describe(make_tagger(kind="llama", **chosen)) for chosen in ({}, settings))
    assert find_changed(plain, other) == changed


def test_other_documents_and_another_order_are_other_words() -> None:
    tagger = make_tagger()
    for other in (make_documents(4, seed=1), DOCUMENTS[::-1], DOCUMENTS[:3]):
        assert find_changed(describe(tagger), describe(tagger, other)) == {"words", "tokens"}


def test_gold_labels_change_nothing() -> None:
    tagger = make_tagger()
    assert describe(tagger) == describe(tagger, [document.only() for document in DOCUMENTS])


def test_one_weight_and_one_detail_of_the_architecture_are_told() -> None:
    plain = describe(make_tagger())
    other = make_tagger()
    next(other.backbone.parameters()).data[0, 0] += 1e-6
    assert find_changed(plain, describe(other)) == {"weights"}
    other = make_tagger()
    other.backbone.model.config.layer_norm_eps = 1e-3
    assert find_changed(plain, describe(other)) == {"architecture"}


def test_a_sight_that_was_turned_afterwards_is_told() -> None:
    tagger = make_tagger(kind="llama", sight="01")
    before = describe(tagger)
    assert before["sight"] == "1 of 2 layers" and before["scope"] == "document"
    assert tagger.backbone.hooks is not None
    tagger.backbone.hooks.turn(type(tagger.backbone.sight)(2, (0, 1)))  # type: ignore[call-arg, arg-type]
    assert find_changed(before, describe(tagger)) == {"sight"}
