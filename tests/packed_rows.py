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


def make_rows(lengths: list[list[int]], *, seed: int = 0, ends: bool = True, strewn: float = 0.0) -> Rows:
    """One row for each list of document lengths.

    With `ends` a document of two tokens or more ends with END. A share `strewn` of all tokens are END besides.
    """
    generator = torch.Generator().manual_seed(seed)
    width = max(1, *(sum(row) for row in lengths))
    ids = torch.randint(FIRST_ORDINARY, SIZE, (len(lengths), width), generator=generator)
    ids[torch.rand(ids.shape, generator=generator) < strewn] = END
    packs = torch.full_like(ids, -1)
    for row, documents in enumerate(lengths):
        at = 0
        for number, length in enumerate(documents):
            packs[row, at : at + length] = number
            at += length
            if ends and length > 1:
                ids[row, at - 1] = END
    return Rows(ids.masked_fill(packs < 0, PAD), packs)


def draw_rows() -> st.SearchStrategy[Rows]:
    lengths = st.lists(st.lists(st.integers(1, 40), max_size=4), min_size=1, max_size=4)
    strewn = st.sampled_from([0.0, 0.1])
    return st.builds(make_rows, lengths, seed=st.integers(0, 9), ends=st.booleans(), strewn=strewn)
