"""What is read from tokenizers of every build."""

import pytest

from tagwright.pretraining.objectives import read_vocabulary
from tagwright.pretraining.objectives.vocabulary import find_starts
from tiny_tokenizers import BUILDS


@pytest.mark.parametrize("build", BUILDS)
def test_tokens_that_begin_words_are_known(build: str) -> None:
    tokenizer = BUILDS[build]()
    vocabulary = read_vocabulary(tokenizer)
    ids = tokenizer("zebra mat. the Paris", add_special_tokens=False).input_ids
    blanks = [at for at in range(1, len(ids)) if tokenizer.convert_ids_to_tokens(ids[at])[0] in "Ġ▁"]
    begun = [at for at in range(1, len(ids)) if vocabulary.starts[ids[at]]]
    if build == "wordpiece":  # which takes the full stop for a word
        tokens = tokenizer.convert_ids_to_tokens(ids)
        blanks = [at for at in range(1, len(ids)) if not tokens[at].startswith("##") and tokens[at] != "<unk>"]
    assert begun == blanks
    assert len(begun) >= 2
    assert not (vocabulary.starts & vocabulary.specials).any()


def test_special_tokens_and_sentinels_are_found() -> None:
    tokenizer = BUILDS["bytes"]()
    assert read_vocabulary(tokenizer).mask is None
    assert read_vocabulary(tokenizer).sentinels == ()
    names = [f"<extra_id_{number}>" for number in (10, 2, 0, 1)]
    tokenizer.add_special_tokens({"mask_token": "<mask>", "additional_special_tokens": names})
    vocabulary = read_vocabulary(tokenizer)
    assert vocabulary.size == len(tokenizer)
    assert vocabulary.mask == tokenizer.convert_tokens_to_ids("<mask>")
    order = [f"<extra_id_{number}>" for number in (0, 1, 2, 10)]
    assert list(vocabulary.sentinels) == tokenizer.convert_tokens_to_ids(order)
    special = ["<pad>", "<s>", "</s>", "<unk>", "<mask>", *order]
    assert sorted(vocabulary.specials.nonzero()[:, 0].tolist()) == sorted(tokenizer.convert_tokens_to_ids(special))
    assert vocabulary.pad == vocabulary.decoder_start == tokenizer.pad_token_id
    assert read_vocabulary(tokenizer, decoder_start=1).decoder_start == 1


def test_a_vocabulary_without_marks_tells_no_words() -> None:
    assert find_starts({"a": 0, "b": 1}) == set()
