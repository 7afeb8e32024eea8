"""Reach: names and words that a tokenizer loses are told, before anything is taught."""

import pytest
from tokenizers import decoders

from tagwright.errors import ModelError
from tagwright.formats import TASKS
from tagwright.formats.grammar.lexicon import Lexicon
from tagwright.formats.grammar.reach import LOST, check_names, note_lost
from tagwright.text.document import Document
from tagwright.text.ledger import Ledger
from tagwright.text.span import Span
from tiny_tokenizers import BUILDS
from tiny_writers import make_lexicon


def make_poor_lexicon() -> Lexicon:
    """Of a vocabulary that has a few letters, as T5's has no Chinese ones."""
    tokenizer = BUILDS["unigram, always"]()
    tokenizer.backend_tokenizer.decoder = decoders.Metaspace()
    return Lexicon(tokenizer, end=2)


def label(name: str) -> Document:
    return Document.from_words(["Paris"], spans=(Span(0, 1, name),))


def test_a_label_that_the_tokenizer_loses_is_refused() -> None:
    inventory = TASKS["ner"].learn([label("人名"), label("mat")])
    told = "'人名' is written '人名', and comes back from the tokens of t5 as ''. Name it otherwise in the recipe"
    with pytest.raises(ModelError, match=told):
        check_names(inventory, make_poor_lexicon(), model="t5")
    check_names(inventory, make_lexicon(), model="bytes")
    check_names(TASKS["ner"].learn([label("人名")], words={"人名": "a cat"}), make_poor_lexicon(), model="t5")


def test_labels_of_marks_and_of_other_case_are_none_of_those() -> None:
    documents = [label(name) for name in ("a|b", "=", "[x]", "\\", "A B")]
    check_names(TASKS["ner"].learn(documents, words={"A B": "Not Lower"}), make_lexicon(), model="bytes")


def test_words_that_the_tokenizer_loses_are_counted() -> None:
    ledger, document = Ledger(), Document.from_words(["the", "猫", "sat", "猫"])
    note_lost([document], ledger, lexicon=make_lexicon())
    assert not ledger
    note_lost([document], ledger, lexicon=make_poor_lexicon())
    assert list(ledger.lines()) == [f"2 x {LOST}: 猫; 猫"]
