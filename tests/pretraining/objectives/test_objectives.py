"""What holds for every objective, whatever the documents of a row."""

import time
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from packed_rows import FIRST_ORDINARY, MASK, draw_rows, make_rows, make_vocabulary
from tagwright.errors import RecipeError
from tagwright.pretraining.objectives import OBJECTIVES, Lesson, ObjectiveConfig, Rows

ONE_STACK = [name for name in OBJECTIVES if OBJECTIVES[name].architecture == "one"]
SETTINGS = [
    *({"name": name} for name in OBJECTIVES),
    {"name": "mlm", "replace": "bert", "rate": 0.5},
    {"name": "mlm", "whole_words": True},
    {"name": "span", "rate": 0.4, "span_length": 1.5},
]
each = pytest.mark.parametrize("given_settings", SETTINGS, ids=str)
each_one_stack = pytest.mark.parametrize(
    "given_settings", [one for one in SETTINGS if one["name"] in ONE_STACK], ids=str
)


def teach(given_settings: dict[str, Any], rows: Rows, *, seed: int = 0, progress: float = 0.0) -> Lesson:
    config = ObjectiveConfig(**given_settings)
    objective = OBJECTIVES[config.name](config, make_vocabulary())
    return objective.teach(rows, generator=torch.Generator().manual_seed(seed), progress=progress)


def list_tensors(lesson: Lesson) -> list[Tensor]:
    return [lesson.ids, lesson.packs, lesson.targets, lesson.keep, *(lesson.decoder or ())]


def predicts_ahead(given_settings: dict[str, Any], lesson: Lesson) -> bool:
    return lesson.sight == "left" or given_settings["name"] == "mntp"


@each_one_stack
@settings(deadline=None, max_examples=30)
@given(rows=draw_rows(), progress=st.sampled_from([0.0, 0.9]))
def test_targets_are_the_tokens_that_stood_there_in_the_same_document(
    given_settings: dict[str, Any], rows: Rows, progress: float
) -> None:
    lesson = teach(given_settings, rows, progress=progress)
    ahead = predicts_ahead(given_settings, lesson)
    for row, place in lesson.keep.nonzero().tolist():
        assert place + ahead < rows.ids.shape[1]
        assert lesson.targets[row, place] == rows.ids[row, place + ahead]
        assert rows.packs[row, place] == rows.packs[row, place + ahead] >= 0
    assert torch.equal(lesson.packs, rows.packs)
    changed = (lesson.ids != rows.ids).roll(-int(ahead), dims=1)
    assert not (changed & ~lesson.keep).any(), "a token was changed that nobody predicts"
    if lesson.sight == "both":
        assert (lesson.targets[lesson.keep] >= FIRST_ORDINARY).all(), "a special token was masked"


@each
def test_a_lesson_is_a_function_of_rows_seed_and_progress(given_settings: dict[str, Any]) -> None:
    rows = make_rows([[30, 20], [50], [10, 10, 10]])
    before = rows.ids.clone(), rows.packs.clone()
    first, again = (list_tensors(teach(given_settings, rows, progress=0.9)) for _ in range(2))
    assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))
    assert torch.equal(rows.ids, before[0])
    assert torch.equal(rows.packs, before[1])
    others = [list_tensors(teach(given_settings, rows, seed=seed, progress=0.9)) for seed in (1, 2, 3)]
    changes = any(not torch.equal(first[0], other[0]) for other in others)
    assert changes == (given_settings["name"] != "clm")


@each
def test_a_lesson_has_one_shape(given_settings: dict[str, Any]) -> None:
    lesson = teach(given_settings, make_rows([[30, 20], [50], [10, 10, 10]]), progress=0.9)
    assert lesson.ids.shape == lesson.packs.shape
    assert lesson.targets.shape == lesson.keep.shape == (lesson.decoder or (lesson.ids,))[0].shape
    assert lesson.keep.dtype == torch.bool
    assert lesson.ids.dtype == lesson.targets.dtype == lesson.packs.dtype == torch.long
    assert (lesson.decoder is not None) == (OBJECTIVES[given_settings["name"]].architecture == "two")


@each
def test_a_batch_is_taught_in_no_time(given_settings: dict[str, Any]) -> None:
    """32 rows of 256 tokens; the bound is ten times what one core needs."""
    rows = make_rows([[100, 156]] * 32)
    teach(given_settings, rows)
    begun = time.process_time()
    for _ in range(5):
        teach(given_settings, rows)
    assert time.process_time() - begun < 5 * 0.03


@pytest.mark.parametrize("name", [name for name in OBJECTIVES if name not in ("clm", "span")])
def test_a_missing_mask_token_is_reported(name: str) -> None:
    vocabulary = make_vocabulary()
    object.__setattr__(vocabulary, "mask", None)
    with pytest.raises(RecipeError, match="mask_token"):
        OBJECTIVES[name](ObjectiveConfig(name=name), vocabulary)


def test_clm_asks_for_all_tokens_but_the_first_of_a_document() -> None:
    lesson = teach({"name": "clm"}, make_rows([[3, 1, 2], [4]]))
    assert lesson.keep.int().tolist() == [[1, 1, 0, 0, 1, 0], [1, 1, 1, 0, 0, 0]]
    assert lesson.sight == OBJECTIVES["clm"].final_sight == "left"


@settings(deadline=None, max_examples=50)
@given(rows=draw_rows(), seed=st.integers(0, 99))
def test_mntp_reads_nothing_of_what_it_predicts(rows: Rows, seed: int) -> None:
    """Other tokens at the predicted places give the very same input."""
    lesson = teach({"name": "mntp", "rate": 0.5}, rows, seed=seed)
    hidden = torch.zeros_like(lesson.keep)
    hidden[:, 1:] = lesson.keep[:, :-1]
    strangers = torch.where(hidden, (rows.ids + 7 - FIRST_ORDINARY) % 300 + FIRST_ORDINARY, rows.ids)
    other = teach({"name": "mntp", "rate": 0.5}, Rows(strangers, rows.packs), seed=seed)
    assert torch.equal(lesson.ids, other.ids)
    assert torch.equal(lesson.keep, other.keep)
    assert (lesson.ids[hidden] == MASK).all()
    assert (other.targets[other.keep] == strangers[hidden]).all()


def test_mntp_hides_its_share() -> None:
    rows = make_rows([[61, 41]] * 4)  # in a row 98 tokens are neither special nor first
    assert teach({"name": "mntp"}, rows).keep.sum(dim=1).tolist() == [20] * 4
    assert teach({"name": "mntp", "rate": 0.5}, rows).keep.sum(dim=1).tolist() == [49] * 4


def test_clm_then_mlm_turns_at_the_share() -> None:
    rows = make_rows([[50]])
    given_settings = {"name": "clm-then-mlm", "causal_share": 0.75}
    assert teach(given_settings, rows, progress=0.749).sight == "left"
    assert teach(given_settings, rows, progress=0.75).sight == "both"
    assert OBJECTIVES["clm-then-mlm"].final_sight == "both"


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (0.25, 70, 130), (1.0, 400, 400)])
def test_hybrid_is_causal_in_its_share_of_the_batches(share: float, least: int, most: int) -> None:
    config = ObjectiveConfig(name="hybrid", causal_share=share)
    objective, generator = OBJECTIVES["hybrid"](config, make_vocabulary()), torch.Generator().manual_seed(0)
    rows = make_rows([[5]])
    sights = [objective.teach(rows, generator=generator, progress=0.0).sight for _ in range(400)]
    assert least <= sights.count("left") <= most
