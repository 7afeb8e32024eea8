from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tagwright.errors import DataError
from tagwright.text.ledger import Ledger
from tagwright.training.batches import Buckets, Collator
from tagwright.training.trainer import encode
from tiny_labelers import make_documents, make_tagger

LENGTHS = np.array([3 + (7 * at) % 29 for at in range(150)])


def draw(buckets: Buckets, epoch: int = 0) -> list[list[int]]:
    buckets.set_epoch(epoch)
    return list(buckets)


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 40), min_size=4, max_size=60),
    devices=st.integers(1, 4),
    size=st.one_of(
        st.tuples(st.just("tokens"), st.integers(16, 200)), st.tuples(st.just("documents"), st.integers(1, 9))
    ),
)
def test_every_document_comes_once_in_equally_many_batches_for_every_device(
    lengths: list[int], devices: int, size: tuple[str, int]
) -> None:
    sizes = {"tokens": None, "documents": None} | dict([size])
    buckets = Buckets(np.array(lengths), **sizes, seed=1, devices=devices)
    for epoch in range(3):
        batches = draw(buckets, epoch)
        assert len(batches) == len(buckets) and len(batches) % devices == 0
        assert all(batches)
        assert Counter(at for batch in batches for at in batch) == Counter(range(len(lengths)))


@pytest.mark.parametrize("devices", [1, 3])
def test_the_token_budget_is_kept(devices: int) -> None:
    buckets = Buckets(LENGTHS, tokens=100, documents=None, seed=1, devices=devices)
    assert max(len(batch) * max(LENGTHS[batch]) for batch in draw(buckets)) <= 100


def test_a_number_of_documents_is_kept_and_like_lengths_meet() -> None:
    batches = draw(Buckets(LENGTHS, tokens=None, documents=8, seed=1))
    assert Counter(map(len, batches)) == {8: 18, 6: 1}
    padding = sum(len(batch) * max(LENGTHS[batch]) for batch in batches) / LENGTHS.sum() - 1
    assert padding < 0.05


def test_where_no_batch_can_be_halved_the_shortest_are_joined() -> None:
    batches = draw(Buckets(np.array([9, 2, 8, 3, 7]), tokens=None, documents=1, seed=1, devices=2))
    assert sorted(map(sorted, batches)) == [[0], [1, 3], [2], [4]]


def test_order_follows_from_seed_and_epoch_alone() -> None:
    one, same, other = (Buckets(LENGTHS, tokens=None, documents=8, seed=seed) for seed in (1, 1, 2))
    draw(one, 0)
    assert draw(one, 3) == draw(same, 3)
    assert draw(one, 3) != draw(one, 4)
    assert draw(one, 3) != draw(other, 3)


def test_too_few_documents_for_the_devices_are_refused() -> None:
    with pytest.raises(DataError, match="2 training documents can't be shared by 3 devices"):
        Buckets(LENGTHS[:2], tokens=None, documents=8, seed=1, devices=3)


def test_targets_stand_beside_the_words_their_window_answers_for() -> None:
    tagger = make_tagger(max_tokens=12, overlap=4)
    documents = make_documents(6, most=20)
    pieces = encode(tagger, documents, ledger=Ledger())
    assert len(pieces) > len(documents)
    whole = [[tagger.head.tags[tag] for tag in tagger.head.find_target(document)] for document in documents]
    for piece, target in (pieces[at] for at in range(len(pieces))):
        assert len(target) == piece.count
        found = [tagger.head.tags[tag] for tag in target]
        assert found == whole[piece.document][piece.first : piece.first + piece.count]


def test_a_batch_is_what_forward_takes() -> None:
    tagger = make_tagger()
    pieces = encode(tagger, make_documents(3), ledger=Ledger())
    batch = Collator(tagger)([pieces[at] for at in range(3)])
    assert batch["gold"].shape == (3, int(batch["counts"].max()))
    assert torch.isfinite(tagger(**batch))


def test_documents_without_a_word_are_refused() -> None:
    from tagwright.text.document import Document

    with pytest.raises(DataError, match="nothing to learn from"):
        encode(make_tagger(), [Document("", ())], ledger=Ledger())
