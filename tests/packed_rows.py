"""Rows of packed documents and a vocabulary to match, for tests of pretraining objectives."""

import torch
from hypothesis import strategies as st

from tagwright.pretraining.objectives import Rows, Vocabulary

PAD, MASK, END, START = 0, 1, 2, 3
SENTINELS = tuple(range(4, 64))
FIRST_ORDINARY, SIZE = 64, 400


def make_vocabulary() -> Vocabulary:
    """Of the ordinary tokens every third begins no word."""
    numbers = torch.arange(SIZE)
    specials = numbers < FIRST_ORDINARY
    return Vocabulary(
        size=SIZE,
        pad=PAD,
        mask=MASK,
        sentinels=SENTINELS,
        specials=specials,
        starts=~specials & (numbers % 3 != 0),
        decoder_start=START,
    )


def make_rows(lengths: list[list[int]], *, seed: int = 0) -> Rows:
    """One row for each list of document lengths; a document of two tokens or more ends with END."""
    generator = torch.Generator().manual_seed(seed)
    width = max(1, *(sum(row) for row in lengths))
    ids = torch.randint(FIRST_ORDINARY, SIZE, (len(lengths), width), generator=generator)
    packs = torch.full_like(ids, -1)
    for row, documents in enumerate(lengths):
        at = 0
        for number, length in enumerate(documents):
            packs[row, at : at + length] = number
            at += length
            if length > 1:
                ids[row, at - 1] = END
    return Rows(ids.masked_fill(packs < 0, PAD), packs)


def draw_rows() -> st.SearchStrategy[Rows]:
    lengths = st.lists(st.lists(st.integers(1, 40), max_size=4), min_size=1, max_size=4)
    return st.builds(lambda rows, seed: make_rows(rows, seed=seed), lengths, st.integers(0, 9))
