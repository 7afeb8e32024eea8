"""Settings of heads: those of one head are refused to another, with what to do."""

from typing import Any

import pytest
from pydantic import ValidationError

from tagwright.heads import HEADS
from tagwright.heads.config import HeadConfig


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"name": "crf", "focal": 2.0}, "weigh single words; crf has none. Use softmax"),
        ({"name": "pairs", "class_weights": "balanced"}, "weigh single words; pairs has none. Use softmax"),
        ({"name": "pairs", "scheme": "BIO"}, "of which the pairs head has none. Leave it out"),
        ({"name": "softmax", "given": "spans"}, "`given` is of the pairs head; softmax tags words"),
        ({"name": "crf", "longest": 5}, "`longest` is of the pairs head; crf tags words"),
        ({"name": "pairs", "longest": 0}, "greater than or equal to 1"),
        ({"name": "pairs", "beam": 0}, "greater than 0"),
        ({"name": "pairs", "given": "words"}, "'nothing', 'predicates' or 'spans'"),
    ],
)
def test_settings_of_another_head_are_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        HeadConfig(**settings)


def test_heads_describe_themselves() -> None:
    told = {
        "softmax": HeadConfig(scheme="BIO"),
        "crf": HeadConfig(name="crf", scheme="IO"),
        "pairs": HeadConfig(name="pairs", given="spans", longest=9, beam=0.5),
    }
    assert {name: HEADS[name].describe(config) for name, config in told.items()} == {
        "softmax": "softmax, scheme BIO",
        "crf": "crf, scheme IO",
        "pairs": "pairs, spans of up to 9 words, 0.5 kept for each word, spans given",
    }
