"""A tokenizer's vocabulary as objectives see it. Knows tokenizers by their vocabulary alone, not by their names."""

import re
from typing import Any

import torch

from tagwright.pretraining.objectives.objective import Vocabulary

SENTINEL = re.compile(r"<extra_id_(\d+)>")
BEGINNINGS = ("Ġ", "▁")  # byte-level BPE and sentencepiece write a word's blank in front of it
CONTINUATION = "##"  # wordpiece marks what does not begin a word


def read_vocabulary(tokenizer: Any, *, decoder_start: int | None = None) -> Vocabulary:
    """Of a fast tokenizer of transformers. A decoder begins, unless told otherwise, with padding, as T5's does."""
    ids: dict[str, int] = tokenizer.get_vocab()
    size = max(ids.values()) + 1
    numbered = {int(found[1]): at for token, at in ids.items() if (found := SENTINEL.fullmatch(token))}
    sentinels = tuple(numbered[number] for number in sorted(numbered))
    added = {at for at, token in tokenizer.added_tokens_decoder.items() if token.special}
    special = {*sentinels, *tokenizer.all_special_ids, *added, *(set(range(size)) - set(ids.values()))}
    starts = {at for token, at in ids.items() if at not in special} & find_starts(ids)
    return Vocabulary(
        size=size,
        pad=tokenizer.pad_token_id,
        mask=tokenizer.mask_token_id,
        sentinels=sentinels,
        specials=_flag(special, size),
        starts=_flag(starts, size),
        decoder_start=tokenizer.pad_token_id if decoder_start is None else decoder_start,
    )


def find_starts(ids: dict[str, int]) -> set[int]:
    """The tokens that begin a word, by the mark that most tokens bear; none where the vocabulary has no such mark."""
    bearing = {
        mark: {at for token, at in ids.items() if token.startswith(mark)} for mark in (*BEGINNINGS, CONTINUATION)
    }
    mark = max(bearing, key=lambda mark: len(bearing[mark]))
    if mark == CONTINUATION and bearing[mark]:
        return set(ids.values()) - bearing[mark]
    return bearing[mark]


def _flag(places: set[int], size: int) -> torch.Tensor:
    flags = torch.zeros(size, dtype=torch.bool)
    flags[list(places)] = True
    return flags
