"""Marks that a vocabulary lacks become tokens of their own, which are the same wherever they are added."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, T5Tokenizer

from tagwright.backbone.language.marks import add_marks
from tagwright.models.writing.writer import MARKS
from tagwright.tokens.align import WordTokenizer
from tiny_models import make_config
from tiny_tokenizers import BUILDS

TEXT = "[ the | cat ] a\\[b \\= \\]c \\\\ ="


def make_t5_tokenizer() -> Any:
    letters = [(letter, -3.0) for letter in "abcdefghijklmnopqrstuvwxyz[]|="]
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), *letters, ("▁[", -4.0), ("▁the", -4.0)]
    return T5Tokenizer(vocab=vocabulary, extra_ids=0)


def make_model(size: int, *, tied: bool = True) -> Any:
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(make_config("llama", vocab_size=size, tie_word_embeddings=tied))


def write_and_read(tokenizer: Any, text: str) -> str:
    ids = WordTokenizer(tokenizer).encode([text.split(" ")])[0].ids
    read: str = tokenizer.decode(ids, clean_up_tokenization_spaces=False)
    return read.strip()


def test_a_t5_learns_the_backslash_and_keeps_blanks(tmp_path: Path) -> None:
    tokenizer = make_t5_tokenizer()
    assert tokenizer.unk_token_id in tokenizer("\\").input_ids
    size = len(tokenizer)
    assert add_marks(make_model(size), tokenizer, names=MARKS) == ["\\"]
    assert len(tokenizer) == size + 2 and write_and_read(tokenizer, TEXT) == TEXT
    tokenizer.save_pretrained(tmp_path)
    assert write_and_read(AutoTokenizer.from_pretrained(tmp_path), TEXT) == TEXT


@pytest.mark.parametrize("name", BUILDS)
def test_afterwards_no_mark_is_unknown(name: str) -> None:
    tokenizer = BUILDS[name]()
    add_marks(make_model(len(tokenizer)), tokenizer, names=MARKS, places=3)
    words = WordTokenizer(tokenizer)
    for mark in (*MARKS, "<0>", "<2>"):
        assert tokenizer.unk_token_id not in words.encode([[mark]])[0].ids, mark
    assert len(words.encode([["<2>"]])[0].ids) <= 2
    assert add_marks(make_model(len(tokenizer)), tokenizer, names=MARKS, places=3) == []


@pytest.mark.parametrize("tied", [True, False])
def test_a_fresh_token_is_the_mean_of_its_name(tied: bool) -> None:
    tokenizer = make_t5_tokenizer()
    model = make_model(len(tokenizer), tied=tied)
    ids = tokenizer("backslash", add_special_tokens=False).input_ids
    tables = [model.get_input_embeddings().weight, model.get_output_embeddings().weight]
    expected = [table[ids].mean(0) for table in tables]
    before = [table.detach().clone() for table in tables]
    add_marks(model, tokenizer, names=MARKS)
    row = tokenizer.convert_tokens_to_ids("▁\\")
    for part, mean, old in zip(
        (model.get_input_embeddings(), model.get_output_embeddings()), expected, before, strict=True
    ):
        assert torch.allclose(part.weight[row], mean) and torch.equal(part.weight[: len(old)], old)


def test_spare_rows_are_used_before_a_table_grows() -> None:
    tokenizer = make_t5_tokenizer()
    model = make_model(len(tokenizer) + 20)
    add_marks(model, tokenizer, names=MARKS)
    assert model.get_input_embeddings().num_embeddings == len(tokenizer) + 18


def test_nothing_is_changed_where_nothing_lacks() -> None:
    tokenizer = BUILDS["bytes"]()
    model = make_model(len(tokenizer))
    before = model.get_input_embeddings().weight.detach().clone()
    assert add_marks(model, tokenizer, names=MARKS) == []
    assert torch.equal(model.get_input_embeddings().weight, before)
