"""Settings: what isn't read is refused, and a resolved configuration can be read again."""

import pytest
from pydantic import ValidationError

from tagwright.errors import RecipeError
from tagwright.pretraining.objectives import OBJECTIVES, ObjectiveConfig
from tagwright.pretraining.objectives.config import READS


def test_every_objective_says_what_it_reads() -> None:
    assert set(READS) == set(OBJECTIVES)
    known = set(ObjectiveConfig.model_fields) - {"name"}
    assert {name for reads in READS.values() for name in reads} == known


OTHER = {"rate": 0.4, "replace": "bert", "whole_words": True, "span_length": 5.0, "causal_share": 0.1}


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("setting", OTHER)
def test_a_setting_is_read_or_refused(name: str, setting: str) -> None:
    if setting in READS[name]:
        assert getattr(ObjectiveConfig(name=name, **{setting: OTHER[setting]}), setting) == OTHER[setting]
        return
    with pytest.raises(ValidationError, match=f"{name!r} does not read `{setting}`"):
        ObjectiveConfig(name=name, **{setting: OTHER[setting]})


@pytest.mark.parametrize("name", READS)
def test_a_resolved_configuration_can_be_read_again(name: str) -> None:
    config = ObjectiveConfig(name=name)
    assert ObjectiveConfig(**config.model_dump()) == config


def test_an_unknown_objective_is_answered_with_the_nearest() -> None:
    with pytest.raises(RecipeError, match="mntp"):
        OBJECTIVES["mtnp"]
