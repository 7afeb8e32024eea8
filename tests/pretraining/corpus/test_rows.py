"""Rows: every full row once a pass, in an order that the seed alone decides."""

import numpy as np
import pytest
import torch

from tagwright.pretraining.corpus.rows import Order, PackedRows
from tagwright.pretraining.corpus.tokenfile import TokenFile

LENGTHS = (5, 1, 9, 3, 22, 4)


def make_file() -> TokenFile:
    bounds = np.cumsum((0, *LENGTHS))
    tokens = np.arange(100, 100 + bounds[-1], dtype=np.uint16)
    return TokenFile(tokens, bounds, {"tokens": int(bounds[-1]), "documents": len(LENGTHS), "bytes": 200})


def test_rows_are_the_file_cut_up() -> None:
    rows = PackedRows(make_file(), length=8)
    assert len(rows) == sum(LENGTHS) // 8 == 5
    taken = rows.take([0, 1, 2, 3, 4])
    assert torch.equal(taken.ids.flatten(), torch.arange(100, 140))
    assert taken.ids.dtype == torch.int64
    assert taken.packs[:3].tolist() == [[0] * 5 + [1] + [2] * 2, [0] * 7 + [1], [0] * 2 + [1] * 6]
    assert rows.take([3, 0]).ids[:, 0].tolist() == [124, 100]


def test_packs_change_where_documents_begin() -> None:
    file = make_file()
    taken = PackedRows(file, length=8).take([0, 1, 2, 3, 4])
    begins = {int(place) for place in file.bounds if place % 8 and place < 40} | {*range(0, 40, 8)}
    assert set(taken.begins.flatten().nonzero()[:, 0].tolist()) == begins


def list_pass(order: Order, epoch: int) -> list[list[tuple[int, int]]]:
    order.set_epoch(epoch)
    return list(order)


@pytest.mark.parametrize("rows", [12, 14])
def test_a_pass_shows_every_row_once(rows: int) -> None:
    order = Order(rows, batch=3, seed=1)
    seen = [row for batch in list_pass(order, 0) for _, row in batch]
    assert len(seen) == len(set(seen)) == rows // 3 * 3
    assert len(order) == rows // 3
    left = [set(range(rows)) - {row for batch in list_pass(order, n) for _, row in batch} for n in range(6)]
    assert len(set(map(frozenset, left))) == (1 if rows == 12 else len(set(map(frozenset, left))))
    assert rows == 12 or len(set(map(frozenset, left))) > 1  # not the same ones every time


def test_the_order_is_the_seeds_alone() -> None:
    assert list_pass(Order(12, batch=3, seed=1), 2) == list_pass(Order(12, batch=3, seed=1), 2)
    assert list_pass(Order(12, batch=3, seed=1), 2) != list_pass(Order(12, batch=3, seed=2), 2)
    assert list_pass(Order(12, batch=3, seed=1), 2) != list_pass(Order(12, batch=3, seed=1), 1)


def test_batches_are_numbered_through_the_run() -> None:
    order = Order(12, batch=3, seed=1)
    numbers = [batch[0][0] for epoch in range(3) for batch in list_pass(order, epoch)]
    assert numbers == list(range(12))
    assert all(len({number for number, _ in batch}) == 1 for batch in list_pass(order, 1))


def test_every_device_has_as_many_batches() -> None:
    assert [len(Order(rows, batch=3, seed=1, devices=2)) for rows in (12, 15, 17, 18)] == [4, 4, 4, 6]


def test_a_large_vocabulary_is_read_alike() -> None:
    file = make_file()
    wide = TokenFile(file.tokens.astype(np.uint32) + 70_000, file.bounds, file.about)
    assert PackedRows(wide, length=8).take([0]).ids[0, 0] == 70_100
