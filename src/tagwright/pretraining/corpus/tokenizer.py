"""A byte-level BPE tokenizer learned from plain text. Nothing is unknown to it. Knows no model."""

import hashlib
from collections.abc import Iterable
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from tagwright.pretraining.corpus.text import PlainText

SPECIALS = ("<pad>", "<s>", "</s>", "<unk>", "<mask>")
SENTINELS = tuple(f"<extra_id_{number}>" for number in range(40))


def learn_tokenizer(documents: Iterable[PlainText], *, size: int) -> PreTrainedTokenizerFast:
    """A tokenizer of `size` tokens: special ones, one for every byte, and what the text is best written in."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        min_frequency=2,
        special_tokens=[*SPECIALS, *(AddedToken(one, special=True) for one in SENTINELS)],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator((paragraph for one in documents for paragraph in one.paragraphs), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        mask_token="<mask>",
        additional_special_tokens=list(SENTINELS),
    )


def digest(tokenizer: Any) -> str:
    """What tells one tokenizer from another."""
    return hashlib.blake2b(tokenizer.backend_tokenizer.to_str().encode(), digest_size=16).hexdigest()
