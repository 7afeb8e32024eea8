"""Many tokens at once, rows at their own pace: the same as token by token, one row after the other."""

from typing import Any

import pytest
import torch

from tagwright.backbone.writing import Writing
from tagwright.formats import FORMATS, TASKS
from tagwright.formats.grammar.grammar import Grammar
from tagwright.inference.generate import Prompt, Written, generate
from tagwright.text.document import Document
from tagwright.text.synthetic import make_corpus
from tiny_writers import CAUSAL, WITH_ENCODER, make_lexicon, make_tokenizer, make_writer, write_plainly

KINDS = (*WITH_ENCODER, *CAUSAL)
DOCUMENTS = make_corpus("ner", documents=5, seed=7)


def make_prompts(documents: list[Document], kind: str = "inline", *, is_bound: bool = True) -> list[Prompt]:
    format = FORMATS[kind](TASKS["ner"], TASKS["ner"].learn(DOCUMENTS))
    prompts = []
    for document in documents:
        for ask in format.ask(document):
            grammar = Grammar(format.describe(document, ask.part), make_lexicon()) if is_bound else None
            prompts.append(Prompt(make_tokenizer()(ask.source).input_ids, grammar, make_lexicon().encode(ask.source)))
    return prompts


def write(model: Any, prompts: list[Prompt], **settings: Any) -> list[Written]:
    return generate(Writing(model, pad=0), prompts, end=2, **settings)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("kind", KINDS)
def test_the_same_as_token_by_token(kind: str, format: str) -> None:
    model, prompts = make_writer(kind), make_prompts(DOCUMENTS, format)
    plain = [write_plainly(model, prompt.ids, end=2, grammar=prompt.grammar, most=40) for prompt in prompts]
    for settings in ({"batch": 3, "ahead": 6}, {"batch": 1, "ahead": 16}, {"batch": 4, "ahead": 0}):
        for (ids, scores, is_whole), found in zip(plain, write(model, prompts, most=40, **settings), strict=True):
            assert (found.ids, found.is_whole) == (tuple(ids), is_whole)
            assert found.scores == pytest.approx(scores, abs=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_grammar_the_same_as_transformers(kind: str) -> None:
    model, prompts = make_writer(kind), make_prompts(DOCUMENTS, is_bound=False)
    for prompt, found in zip(prompts, write(model, prompts, most=30, batch=3), strict=True):
        ids = torch.tensor([prompt.ids])
        theirs = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=30, do_sample=False)
        theirs = theirs[0, 1:] if kind in WITH_ENCODER else theirs[0, len(prompt.ids) :]
        assert [*found.ids, 2][:30] == theirs.tolist() or list(found.ids) == theirs.tolist()
