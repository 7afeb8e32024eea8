"""Mixtures: every task has its share of an epoch, and every piece its turn."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tagwright.training.batches import Buckets, Pieces
from tagwright.training.mixture import MixedPieces, Mixture, Share, make_buckets, share_out

COUNTS = {"ner": 900, "srl": 100}


def draw(buckets: Buckets, epoch: int) -> Counter[int]:
    buckets.set_epoch(epoch)
    return Counter(at for batch in buckets for at in batch)


@pytest.mark.parametrize(
    ("mix", "expected"),
    [
        (1.0, {"ner": 900, "srl": 100}),
        (0.0, {"ner": 500, "srl": 500}),
        (0.5, {"ner": 750, "srl": 250}),
        ({"ner": 1.0, "srl": 3.0}, {"ner": 250, "srl": 750}),
    ],
)
def test_shares_follow_the_power_or_the_weights(mix: float | dict[str, float], expected: dict[str, int]) -> None:
    assert share_out(COUNTS, mix) == expected


@given(
    counts=st.dictionaries(st.sampled_from("abcde"), st.integers(1, 400), min_size=1),
    mix=st.floats(0, 1),
)
def test_an_epoch_has_as_many_pieces_as_there_are_and_some_of_each_task(counts: dict[str, int], mix: float) -> None:
    drawn = share_out(counts, mix)
    assert min(drawn.values()) >= 1
    assert abs(sum(drawn.values()) - sum(counts.values())) < len(counts)


def test_as_many_as_there_are_is_every_piece_once() -> None:
    shares = [Share(30, 30), Share(10, 10)]
    mixture = Mixture(np.arange(1, 41), shares=shares, tokens=None, documents=8, seed=1)
    assert draw(mixture, 0) == draw(mixture, 1) == Counter(range(40))


def test_a_small_task_is_repeated_evenly_and_a_large_one_has_other_pieces_in_every_epoch() -> None:
    mixture = Mixture(np.full(40, 5), shares=[Share(36, 20), Share(4, 10)], tokens=None, documents=8, seed=1)
    one, other = draw(mixture, 0), draw(mixture, 1)
    for drawn in (one, other):
        assert sum(drawn[at] for at in range(36)) == 20 and max(drawn[at] for at in range(36)) == 1
        assert {drawn[at] for at in range(36, 40)} == {2, 3}
    assert one != other and draw(mixture, 0) == one


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 40), min_size=8, max_size=60),
    devices=st.integers(1, 3),
    first=st.integers(1, 7),
    power=st.sampled_from([0.0, 0.5, 1.0]),
    tokens=st.one_of(st.none(), st.integers(40, 200)),
)
def test_every_epoch_has_equally_many_batches_for_every_device(
    lengths: list[int], devices: int, first: int, power: float, tokens: int | None
) -> None:
    counts = {"a": first, "b": len(lengths) - first}
    drawn = share_out(counts, power)
    mixture = Mixture(
        np.array(lengths),
        shares=[Share(counts[task], drawn[task]) for task in counts],
        tokens=tokens,
        documents=None if tokens else 4,
        seed=1,
        devices=devices,
    )
    for epoch in range(4):
        mixture.set_epoch(epoch)
        batches = list(mixture)
        assert len(batches) == len(mixture) and len(batches) % devices == 0 and all(batches)
        assert sum(map(len, batches)) == sum(drawn.values())
        if tokens and devices == 1:
            assert max(len(batch) * max(lengths[at] for at in batch) for batch in batches) <= tokens


def test_pieces_of_several_tasks_lie_one_task_after_the_other() -> None:
    one, two = Pieces([[0] * 3] * 4, ["x"] * 4), Pieces([[0] * 5], ["y"])
    mixed = MixedPieces({"ner": one, "srl": two}, 0.0)
    assert mixed.lengths.tolist() == [3, 3, 3, 3, 5] and mixed.targets[-1] == "y"
    assert [(share.pieces, share.drawn) for share in mixed.shares] in ([(4, 3), (1, 2)], [(4, 2), (1, 3)])
    assert isinstance(make_buckets(mixed, tokens=None, documents=2, seed=1), Mixture)
    assert type(make_buckets(one, tokens=None, documents=2, seed=1)) is Buckets
