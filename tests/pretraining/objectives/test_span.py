"""Span corruption: nothing is lost, nothing crosses a boundary, and as much is cut out as was asked for."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from packed_rows import FIRST_ORDINARY, PAD, SENTINELS, START, draw_rows, make_rows, make_vocabulary
from tagwright.errors import RecipeError
from tagwright.pretraining.objectives import Lesson, ObjectiveConfig, Rows
from tagwright.pretraining.objectives.span import STEP, SpanCorruption


def teach(rows: Rows, *, seed: int = 0, **given_settings: object) -> Lesson:
    objective = SpanCorruption(ObjectiveConfig(name="span", **given_settings), make_vocabulary())  # type: ignore[arg-type]
    return objective.teach(rows, generator=torch.Generator().manual_seed(seed), progress=0.0)


def rebuild(seen: list[int], written: list[int]) -> list[int]:
    """A document from what the encoder reads and what the decoder writes."""
    spans: dict[int, list[int]] = {}
    for token in written:
        if token in SENTINELS:
            spans[token] = []
            last = spans[token]
        else:
            last.append(token)
    assert list(spans) == list(SENTINELS[: len(spans)]), "sentinels count up from the first in each document"
    if spans:
        assert spans.pop(SENTINELS[len(spans) - 1]) == [], "a last sentinel ends a document"
    assert all(spans.values()), "a span holds something"
    assert spans or not written, "a document that loses nothing asks nothing"
    assert [token for token in seen if token in SENTINELS] == list(spans)
    return [token for one in seen for token in spans.get(one, [one])]


@settings(deadline=None, max_examples=80)
@given(
    rows=draw_rows(),
    seed=st.integers(0, 99),
    rate=st.sampled_from([None, 0.05, 0.5, 0.9]),
    span_length=st.sampled_from([1.5, 3.0, 8.0]),
)
def test_every_document_can_be_rebuilt(rows: Rows, seed: int, rate: float | None, span_length: float) -> None:
    lesson = teach(rows, seed=seed, rate=rate, span_length=span_length)
    for row, packs in enumerate(rows.packs):
        for number in range(int(packs.max()) + 1):
            seen = lesson.ids[row][lesson.packs[row] == number].tolist()
            written = lesson.targets[row][find_decoder(lesson)[1][row] == number].tolist()
            assert rebuild(seen, written) == rows.ids[row][packs == number].tolist()
        cut = (lesson.targets[row][lesson.keep[row]] >= FIRST_ORDINARY).sum()
        free = (rows.ids[row] >= FIRST_ORDINARY).sum()
        assert cut == (free * (0.15 if rate is None else rate)).round()


def find_decoder(lesson: Lesson) -> tuple[torch.Tensor, torch.Tensor]:
    assert lesson.decoder is not None
    return lesson.decoder


@settings(deadline=None, max_examples=40)
@given(rows=draw_rows(), seed=st.integers(0, 99))
def test_the_decoder_begins_anew_in_each_document(rows: Rows, seed: int) -> None:
    lesson = teach(rows, seed=seed, rate=0.3)
    ids, packs = find_decoder(lesson)
    assert torch.equal(lesson.keep, packs >= 0)
    assert (ids[packs < 0] == PAD).all()
    for row in range(len(ids)):
        for number in range(int(packs[row].max()) + 1):
            own = packs[row] == number
            if own.any():
                assert ids[row][own].tolist() == [START, *lesson.targets[row][own].tolist()[:-1]]


@settings(deadline=None, max_examples=20)
@given(rows=draw_rows())
def test_rows_are_padded_on_the_right_to_few_widths(rows: Rows) -> None:
    lesson = teach(rows)
    for ids, packs in ((lesson.ids, lesson.packs), find_decoder(lesson)):
        assert ids.shape[1] % STEP == 0
        assert ids.shape[1] - STEP < max(1, int((packs >= 0).sum(dim=1).max()))
        assert (ids[packs < 0] == PAD).all()
        assert ((packs >= 0).int().diff(dim=1) <= 0).all(), "padding stands on the right alone"


@pytest.mark.parametrize("span_length", [2.0, 3.0, 5.0])
def test_spans_have_the_mean_length_asked_for(span_length: float) -> None:
    lesson = teach(make_rows([[201]] * 20), span_length=span_length)
    cut = (lesson.targets >= FIRST_ORDINARY).sum() / 20
    spans = torch.isin(lesson.ids, torch.tensor(SENTINELS)).sum() / 20
    assert cut == 30
    assert (cut / spans).item() == pytest.approx(span_length)


def test_every_place_is_cut_out_and_all_but_the_outermost_alike() -> None:
    """Fewer spans cover the edge of a row, for none begins outside it."""
    rows = make_rows([[41]] * 4000)
    rows.ids[:, :-1] = torch.arange(FIRST_ORDINARY, FIRST_ORDINARY + 40)
    lesson = teach(rows, rate=0.3)
    shares = torch.bincount(lesson.targets[lesson.keep], minlength=FIRST_ORDINARY + 40)[FIRST_ORDINARY:] / 4000
    assert shares.min() > 0.1
    assert shares[4:-4].min() > 0.27
    assert shares[4:-4].max() < 0.36


def test_too_few_sentinels_are_reported_with_their_number() -> None:
    with pytest.raises(
        RecipeError, match=r"loses 75 spans, which takes 76 sentinels; the tokenizer has 60.*span_length"
    ):
        teach(make_rows([[301]]), rate=0.5, span_length=2.0)


def test_a_tokenizer_without_sentinels_is_reported() -> None:
    vocabulary = make_vocabulary()
    object.__setattr__(vocabulary, "sentinels", ())
    with pytest.raises(RecipeError, match="extra_id_0"):
        SpanCorruption(ObjectiveConfig(name="span"), vocabulary)
