"""Every word gets its own tokens, whatever the tokenizer makes of blanks, and nothing in a text is an order."""

import time
from collections.abc import Sequence
from typing import Any

import pytest
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from tagwright.errors import ModelError
from tagwright.tokens.align import WordTokenizer
from tiny_tokenizers import BUILDS, TEXTS, learn_bytes

ODD = [
    "\u200b",
    "\u200d",
    "",
    "🙂",
    "👩‍👩‍👧",
    "e\u0301",
    "שלום",
    "مرحبا",
    "日",
    "\x00",
    "New York",
    " x",
    "\n",
    "\ufeff",
]


@pytest.fixture(params=BUILDS, scope="module")
def words(request: Any) -> WordTokenizer:
    return WordTokenizer(BUILDS[request.param]())


def encode_each(words: WordTokenizer, document: Sequence[str]) -> list[list[int]]:
    encoded = words.encode([document])[0]
    assert len(encoded) == len(document)
    bounds = zip(encoded.starts, encoded.starts[1:], strict=False)
    return [encoded.ids[start:end].tolist() for start, end in bounds]


def test_words_have_the_tokens_of_running_text(words: WordTokenizer) -> None:
    document = TEXTS[1].split()
    running = words.tokenizer(TEXTS[1], add_special_tokens=False).input_ids
    words.tokenizer.backend_tokenizer.encode_special_tokens = True  # the call above unset it
    found = encode_each(words, document)
    assert sum(found[1:], []) == running[len(running) - sum(map(len, found[1:])) :]  # the first may lack its blank


@pytest.mark.parametrize("place", [0, 1, 7])
def test_the_same_word_has_the_same_tokens_wherever_it_stands(words: WordTokenizer, place: int) -> None:
    alone = encode_each(words, ["London"])[0]
    document = ["the"] * 8
    document[place] = "London"
    assert alone and encode_each(words, document)[place] == alone


def test_odd_words_leave_their_neighbours_alone(words: WordTokenizer) -> None:
    document = [word for odd in ODD for word in (odd, "cat")]
    found = encode_each(words, document)
    assert all(tokens == encode_each(words, ["cat"])[0] for tokens in found[1::2])
    assert found[::2] == [encode_each(words, [odd])[0] for odd in ODD]


def test_batches_change_nothing(words: WordTokenizer) -> None:
    documents = [["the", "cat"], [], ["Paris"], ODD]
    for document, encoded in zip(documents, words.encode(documents), strict=True):
        single = words.encode([document])[0]
        assert encoded.ids.tolist() == single.ids.tolist() and encoded.starts.tolist() == single.starts.tolist()


@pytest.mark.parametrize("build", [name for name in BUILDS if "unigram" not in name])  # which has them as pieces
def test_special_tokens_in_a_text_are_text(build: str) -> None:
    words = WordTokenizer(BUILDS[build]())
    encoded = words.encode([["</s>", "<pad>", "<s>", "cat"]])[0]
    assert not set(encoded.ids.tolist()) & {0, 1, 2}


def test_special_tokens_around_a_text_are_found(words: WordTokenizer) -> None:
    assert words.before.tolist() == [1]
    assert words.after.tolist() in ([2], [])
    assert words.specials == len(words.tokenizer("the cat").input_ids) - len(
        words.tokenizer("the cat", add_special_tokens=False).input_ids
    )


def test_a_tokenizer_without_special_tokens_around() -> None:
    assert WordTokenizer(learn_bytes(prefix=False, around="$A")).specials == 0


def test_wordpiece_gives_invisible_words_no_token() -> None:
    found = encode_each(WordTokenizer(BUILDS["wordpiece"]()), ["Paris", "\u200b", "", "\x00", "Paris"])
    assert found[1:4] == [[], [], []] and found[0] == found[4] != []


@pytest.mark.parametrize("build", ["wordpiece", "bytes", "unigram, first", "pieces"])
def test_a_megabyte_takes_seconds(build: str) -> None:
    words, begin = WordTokenizer(BUILDS[build]()), time.process_time()
    one, many = words.encode([["x" * 1_000_000], ["the"] * 100_000])
    assert time.process_time() - begin < 5
    assert len(one) == 1 and one.starts[-1] == len(one.ids) > 0
    assert len(many) == 100_000 and (many.starts[1:] - many.starts[:-1] == many.starts[1]).all()


@pytest.mark.parametrize(
    ("names", "expected"), [({"pad_token": "<pad>"}, 0), ({"eos_token": "</s>"}, 2), ({"unk_token": "<unk>"}, 0)]
)
def test_padding_needs_no_pad_token(names: dict[str, str], expected: int) -> None:
    assert WordTokenizer(learn_bytes(prefix=True, names=names)).pad_id == expected


def test_a_slow_tokenizer_is_refused() -> None:
    with pytest.raises(ModelError, match="object is a slow tokenizer"):
        WordTokenizer(object())


def test_a_tokenizer_without_a_vocabulary_is_refused() -> None:
    empty = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordPiece({}, unk_token="<unk>")), unk_token="<unk>"
    )
    with pytest.raises(ModelError, match=r"has no vocabulary.*tokenizer\.json"):
        WordTokenizer(empty)
