"""Words in running text: the tokens of a target are those of the whole, and its text and scores come back."""

import time
from math import log

import pytest
from tokenizers import Tokenizer, decoders, models
from transformers import PreTrainedTokenizerFast

from tagwright.errors import ModelError
from tagwright.formats.grammar.lexicon import Lexicon
from tiny_tokenizers import BUILDS
from tiny_writers import make_lexicon, make_tokenizer

TARGET = "[ the cat | person ] sat on a mat , \\[ Paris = 2 <1> 's 1,000.5"


@pytest.mark.parametrize("build", [name for name in BUILDS if name != "wordpiece"])
def test_word_by_word_is_the_same_as_the_whole(build: str) -> None:
    tokenizer = BUILDS[build]()
    lexicon = Lexicon(tokenizer, end=2)
    assert list(lexicon.encode(TARGET)) == tokenizer(TARGET, add_special_tokens=False).input_ids
    assert lexicon.encode("") == ()


def test_text_comes_back_with_the_scores_of_its_words() -> None:
    lexicon = make_lexicon()
    ids = lexicon.encode(TARGET)
    reading = lexicon.read(ids, [log(0.5)] * len(ids))
    assert reading.text == TARGET
    at = TARGET.index("person")
    assert reading.score((at, at + 6)) == pytest.approx(0.5 ** len(lexicon.spell("person")))
    assert reading.score((at - 2, at + 3)) == pytest.approx(0.5 ** len(lexicon.spell("| person")))
    assert reading.score((0, len(TARGET))) == pytest.approx(0.5 ** len(ids))
    assert reading.score((at, at)) is None
    assert lexicon.read(ids).score((0, 1)) is None
    assert lexicon.read([lexicon.end, *ids, lexicon.end]).text == TARGET


def test_a_word_that_looks_like_the_end_is_text() -> None:
    lexicon = make_lexicon()
    make_tokenizer()("</s>")  # a call changes how the tokenizer takes it
    ids = lexicon.encode("a </s> b")
    assert lexicon.end not in ids
    assert lexicon.read(ids).text == "a </s> b"


def test_what_the_tokenizer_cannot_write_is_known() -> None:
    tokenizer = BUILDS["unigram, always"]()
    tokenizer.backend_tokenizer.decoder = decoders.Metaspace()
    lexicon = Lexicon(tokenizer, end=2)
    lexicon.learn(["mat", "\u2603"])
    assert (lexicon.loses("mat"), lexicon.loses("\u2603")) == (False, True)


def test_a_long_text_takes_time_in_proportion_to_its_length() -> None:
    """A row of tokens is not copied for every word: that took minutes for a book."""
    lexicon, text = make_lexicon(), " ".join(["the", "cat"] * 50_000)
    one, other = lexicon.encode("the cat"), lexicon.encode("the cat the cat")
    began = time.process_time()
    assert lexicon.encode(text) == one + other[len(one) :] * 49_999
    assert time.process_time() - began < 2


def test_tries_are_kept() -> None:
    lexicon = make_lexicon()
    trie = lexicon.find_trie(["| person", "| place"])
    assert trie is lexicon.find_trie(["| person", "| place"])
    assert list(trie.children) == [lexicon.spell("|")[0]]


def test_refusals() -> None:
    with pytest.raises(ModelError, match="has no token that ends a text"):
        Lexicon(PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE())))
    slow = type("Slow", (), {"is_fast": False})()
    with pytest.raises(ModelError, match="Slow is a slow tokenizer"):
        Lexicon(slow)
    assert Lexicon(make_tokenizer(), end=7).end == 7
