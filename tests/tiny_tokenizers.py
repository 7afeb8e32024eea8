"""Tokenizers of every build that words must come through, learned on the spot from a few texts."""

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

TEXTS = ["the cat sat on the mat, a b c", "Paris and London are far from here"] * 20
SPECIALS = ["<pad>", "<s>", "</s>", "<unk>"]
NAMES = {"pad_token": "<pad>", "unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}


def finish(
    tokenizer: Tokenizer, trainer: trainers.Trainer, *, around: str = "<s> $A </s>", names: dict[str, str] = NAMES
) -> PreTrainedTokenizerFast:
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single=around, special_tokens=[("<s>", 1), ("</s>", 2)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


def learn_wordpiece() -> PreTrainedTokenizerFast:
    """As BERT's: cleans and lowercases."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="<unk>"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    return finish(tokenizer, trainers.WordPieceTrainer(vocab_size=600, special_tokens=SPECIALS, show_progress=False))


def learn_bytes(*, prefix: bool, around: str = "<s> $A </s>", names: dict[str, str] = NAMES) -> PreTrainedTokenizerFast:
    """As GPT-2's and RoBERTa's."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=SPECIALS, initial_alphabet=alphabet, show_progress=False
    )
    return finish(tokenizer, trainer, around=around, names=names)


def learn_unigram(scheme: str) -> PreTrainedTokenizerFast:
    """As sentencepiece's: a blank is a "▁"."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme)
    trainer = trainers.UnigramTrainer(vocab_size=300, special_tokens=SPECIALS, unk_token="<unk>", show_progress=False)
    return finish(tokenizer, trainer)


def learn_pieces(*, prepend: bool) -> PreTrainedTokenizerFast:
    """As Llama 2's (with a blank put before a text) and Gemma's (without): the normalizer makes the "▁"."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    replace = normalizers.Replace(" ", "▁")
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), replace]) if prepend else replace
    tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")  # so that no piece spans two words
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=SPECIALS, show_progress=False)
    learned = finish(tokenizer, trainer, around="<s> $A")
    learned.backend_tokenizer.pre_tokenizer = None  # type: ignore[assignment]
    return learned


BUILDS = {
    "wordpiece": learn_wordpiece,
    "bytes": lambda: learn_bytes(prefix=False),
    "bytes, prefix": lambda: learn_bytes(prefix=True),
    "unigram, first": lambda: learn_unigram("first"),
    "unigram, always": lambda: learn_unigram("always"),
    "unigram, never": lambda: learn_unigram("never"),
    "pieces, prepended": lambda: learn_pieces(prepend=True),
    "pieces": lambda: learn_pieces(prepend=False),
}
