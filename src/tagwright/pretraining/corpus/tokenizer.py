"""A byte-level BPE tokenizer learned from plain text. Nothing is unknown to it. Knows no model."""

import hashlib
from collections.abc import Iterable
from typing import Any

from transformers import PreTrainedTokenizerFast

from tagwright.backbone import untrained
from tagwright.pretraining.corpus.text import PlainText

MASK = "<mask>"
SENTINELS = tuple(f"<extra_id_{number}>" for number in range(40))


def learn_tokenizer(documents: Iterable[PlainText], *, size: int) -> PreTrainedTokenizerFast:
    """A tokenizer of `size` tokens: special ones, one for every byte, and what the text is best written in."""
    paragraphs = (paragraph for one in documents for paragraph in one.paragraphs)
    tokenizer = untrained.learn_tokenizer(paragraphs, size=size, min_frequency=2, marks=(MASK, *SENTINELS))
    tokenizer.add_special_tokens({"mask_token": MASK, "additional_special_tokens": list(SENTINELS)})
    return tokenizer


def digest(tokenizer: Any) -> str:
    """What tells one tokenizer from another."""
    return hashlib.blake2b(tokenizer.backend_tokenizer.to_str().encode(), digest_size=16).hexdigest()
