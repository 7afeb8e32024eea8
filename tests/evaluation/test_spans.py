"""Span scores against seqeval, conlleval's rules and nervaluate, and on nested spans, where those have no say."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from score_references import (
    LABELS,
    STRICT,
    count_conlleval,
    draw_pair,
    draw_spans,
    make_document,
    score_nervaluate,
    score_seqeval,
)
from tagwright.evaluation.counts import Counts
from tagwright.evaluation.report import evaluate
from tagwright.evaluation.spans import MODES, Key, count_labels, count_spans, find_keys
from tagwright.text.schemes import SCHEMES
from tagwright.text.span import Span

keys = st.tuples(st.integers(0, 6), st.integers(1, 4), st.sampled_from(LABELS)).map(lambda k: (k[0], k[0] + k[1], k[2]))
key_lists = st.lists(keys, max_size=6, unique=True).map(sorted)


def count_tags(name: str, pair: tuple[list[str], list[str]], *, strict: bool) -> Counts:
    decode = SCHEMES[name].decode
    gold, predicted = (find_keys(make_document(decode(tags, strict=strict), length=len(tags)))[0] for tags in pair)
    return count_spans(gold, predicted)["exact"]


@pytest.mark.parametrize("name", ["IO", "IOB1", "BIO", "BIOES"])
def test_exact_equals_seqeval_and_conlleval(name: str) -> None:
    drawn = random.Random(name)
    for _ in range(150):
        pair = draw_pair(name, drawn)
        ours = count_tags(name, pair, strict=False)
        assert ours == count_conlleval(*pair), pair
        assert ours.rates == score_seqeval(*pair), pair
        if name in STRICT:
            assert count_tags(name, pair, strict=True).rates == score_seqeval(*pair, strict=name), pair


def test_the_four_modes_equal_nervaluates_without_overlaps() -> None:
    drawn = random.Random(4)
    gold, predicted = (
        [make_document(draw_spans(drawn, length=16), length=16, id=str(at)) for at in range(150)] for _ in range(2)
    )
    ours, theirs = evaluate(gold, predicted), score_nervaluate(gold, predicted)
    for mode in MODES:
        mine = {None: tuple(ours.groups[mode].micro.rates)}
        mine |= {label: tuple(counts.rates) for label, counts in ours.groups[mode].labels.items()}
        assert mine == theirs[mode]


@given(gold=key_lists, predicted=key_lists)
@settings(max_examples=60)
def test_modes_are_ordered_and_bounded_for_overlapping_spans(gold: list[Key], predicted: list[Key]) -> None:
    counts = count_spans(gold, predicted)
    exact, boundary, kind, partial = (counts[mode] for mode in MODES)
    assert exact.correct == len(set(gold) & set(predicted))
    assert exact.correct <= min(boundary.correct, kind.correct)
    assert boundary.correct == partial.correct
    for part in counts.values():
        assert (part.predicted, part.gold) == (len(predicted), len(gold))
        assert part.correct + part.partial <= min(len(predicted), len(gold))


@given(spans=key_lists)
@settings(max_examples=20)
def test_a_perfect_prediction_is_perfect_in_every_mode(spans: list[Key]) -> None:
    assert set(count_spans(spans, spans).values()) == {Counts(len(spans), 0, len(spans), len(spans))}


def test_nested_and_multi_label_spans_match_their_like_first() -> None:
    gold = [(0, 2, "ORG"), (0, 2, "PER"), (0, 5, "LOC")]
    predicted = [(0, 1, "LOC"), (0, 2, "LOC"), (0, 2, "PER")]
    counts = count_spans(gold, predicted)
    assert counts["exact"].correct == 1
    assert counts["boundary"].correct == 2
    assert counts["partial"] == Counts(2, 1, 3, 3)
    assert counts["type"].correct == 2  # PER, and LOC (0, 1) with (0, 5); LOC (0, 2) is left with ORG


def test_in_type_mode_a_wrong_label_uses_a_span_up() -> None:
    assert count_spans([(0, 4, "B")], [(0, 2, "A"), (2, 4, "B")])["type"].correct == 0


def test_a_far_reaching_span_is_found_behind_short_ones() -> None:
    gold = [(0, 90, "A"), (1, 2, "B"), (3, 4, "B")]
    assert count_spans(gold, [(80, 85, "A")])["type"].correct == 1


def test_labels_are_scored_apart() -> None:
    counts = count_labels([(0, 2, "A"), (3, 4, "B")], [(0, 1, "A"), (3, 4, "A")])
    assert counts["A"]["partial"] == Counts(0, 1, 2, 1)
    assert counts["B"]["boundary"] == Counts(0, 0, 0, 1)


def test_unlabelled_and_repeated_spans() -> None:
    spans = [Span(1, 2, "A"), Span(0, 1), Span(0, 1, "B"), Span(1, 2, "A", fragments=((3, 4),))]
    assert find_keys(make_document(spans, length=2)) == ([(0, 1, "B"), (1, 2, "A")], 1)
