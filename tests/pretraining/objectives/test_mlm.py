"""Masked language modelling: how many tokens, which, and what stands in their place."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from packed_rows import FIRST_ORDINARY, MASK, draw_rows, make_rows, make_vocabulary
from tagwright.errors import RecipeError
from tagwright.pretraining.objectives import Lesson, ObjectiveConfig, Rows
from tagwright.pretraining.objectives.mlm import Mlm


def teach(rows: Rows, *, seed: int = 0, **given_settings: object) -> Lesson:
    objective = Mlm(ObjectiveConfig(name="mlm", **given_settings), make_vocabulary())  # type: ignore[arg-type]
    return objective.teach(rows, generator=torch.Generator().manual_seed(seed), progress=0.0)


@pytest.mark.parametrize(("rate", "counts"), [(None, [30, 3]), (0.5, [50, 5]), (0.99, [99, 10]), (0.01, [1, 0])])
def test_exactly_the_wanted_number_is_masked(rate: float | None, counts: list[int]) -> None:
    rows = make_rows([[51, 51], [11]])  # 100 and 10 tokens that are not special
    lesson = teach(rows, rate=rate)
    assert lesson.keep.sum(dim=1).tolist() == counts
    assert (lesson.ids[lesson.keep] == MASK).all()


def test_every_place_is_masked_alike() -> None:
    rows = make_rows([[41]] * 3000)
    shares = teach(rows).keep.float().mean(dim=0)[:-1]
    assert shares.min() > 0.25
    assert shares.max() < 0.35


def test_bert_masks_eight_of_ten_and_swaps_one() -> None:
    rows = make_rows([[201]] * 100)
    lesson = teach(rows, replace="bert", rate=0.5)
    shown, hidden = lesson.ids[lesson.keep], rows.ids[lesson.keep]
    masked, same = shown == MASK, shown == hidden
    assert len(shown) == 10_000
    assert masked.float().mean().item() == pytest.approx(0.8, abs=0.02)
    assert same.float().mean().item() == pytest.approx(0.1, abs=0.02)
    assert (shown[~masked] >= FIRST_ORDINARY).all()


def find_words(rows: Rows, row: int) -> list[list[int]]:
    """The places of each word, told one token after the other."""
    vocabulary, words, before = make_vocabulary(), [], None
    for place, (token, pack) in enumerate(zip(rows.ids[row].tolist(), rows.packs[row].tolist(), strict=True)):
        if vocabulary.specials[token] or pack < 0:
            before = None
            continue
        if before != pack or vocabulary.starts[token]:
            words.append([])
        words[-1].append(place)
        before = pack
    return words


@settings(deadline=None, max_examples=50)
@given(rows=draw_rows(), seed=st.integers(0, 99))
def test_whole_words_are_masked_whole(rows: Rows, seed: int) -> None:
    lesson = teach(rows, seed=seed, whole_words=True)
    for row in range(len(rows.ids)):
        words = find_words(rows, row)
        masked = [lesson.keep[row, word].sum().item() for word in words]
        assert all(count in (0, len(word)) for count, word in zip(masked, words, strict=True))
        assert sum(masked) == lesson.keep[row].sum()
        longest = max((len(word) for word in words), default=0)
        assert abs(sum(masked) - 0.3 * sum(map(len, words))) <= longest / 2 + 0.5


def test_whole_words_keep_the_rate() -> None:
    rows = make_rows([[101]] * 500)
    assert teach(rows, whole_words=True).keep.sum().item() / 50_000 == pytest.approx(0.3, abs=0.005)


def test_whole_words_need_words() -> None:
    vocabulary = make_vocabulary()
    vocabulary.starts.zero_()
    with pytest.raises(RecipeError, match="whole_words"):
        Mlm(ObjectiveConfig(name="mlm", whole_words=True), vocabulary)
