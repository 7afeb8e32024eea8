"""Beam search: held to every output that there is, to greedy decoding, and to transformers' own."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from tagwright.backbone.writing import Writing
from tagwright.errors import RecipeError
from tagwright.formats import FORMATS, TASKS
from tagwright.formats.grammar.grammar import Grammar, State
from tagwright.inference.decoding.beam import search_beams
from tagwright.inference.generate import Prompt, Written, generate
from tagwright.text.document import Document
from tagwright.text.span import Span
from tiny_writers import CAUSAL, WITH_ENCODER, ask_model, make_lexicon, make_tokenizer, make_writer

KINDS = (*WITH_ENCODER, *CAUSAL)
LEARNED = Document.from_words(["the", "old", "man"], spans=(Span(0, 1, "A"), Span(1, 2, "B")))
DOCUMENTS = [Document.from_words(words.split()) for words in ("the old", "old man the", "man", "old old")]
END = 2


def make_prompts(*, is_bound: bool = True) -> list[Prompt]:
    """Sources of a word or more, with few outputs."""
    format, lexicon = FORMATS["records"](TASKS["ner"], TASKS["ner"].learn([LEARNED])), make_lexicon()
    prompts = []
    for document in DOCUMENTS:
        (ask,) = format.ask(document)
        grammar = Grammar(format.describe(document, ask.part), lexicon) if is_bound else None
        prompts.append(Prompt(make_tokenizer()(ask.source).input_ids, grammar))
    return prompts


def write(model: Any, prompts: list[Prompt], **settings: Any) -> list[Written]:
    return search_beams(Writing(model, pad=0), prompts, end=END, **settings)


def list_outputs(model: Any, prompt: Prompt, *, most: int) -> Iterator[tuple[float, tuple[int, ...]]]:
    """Every whole output of fewer tokens, with its log-probability; each step is read anew."""

    def go_on(state: State, ids: tuple[int, ...], total: float) -> Iterator[tuple[float, tuple[int, ...]]]:
        scores = ask_model(model, prompt.ids, ids)[torch.from_numpy(state.allowed)].log_softmax(-1).tolist()
        for token, score in zip(state.allowed.tolist(), scores, strict=True):
            after = state.advance(token) if token != END else None
            if token == END:
                yield total + score, ids
            elif after is not None and len(ids) + 1 < most:
                yield from go_on(after, (*ids, token), total + score)

    assert prompt.grammar is not None
    yield from go_on(prompt.grammar.start, (), 0.0)


def find_worth(model: Any, prompt: Prompt, found: Written) -> float:
    """The log-probability of an output, with its end."""
    assert prompt.grammar is not None and found.is_whole
    state = prompt.grammar.walk(found.ids)
    assert state is not None and state.can_end
    scores = ask_model(model, prompt.ids, found.ids)[torch.from_numpy(state.allowed)].log_softmax(-1)
    return sum(found.scores) + float(scores[state.allowed.tolist().index(END)])


@pytest.mark.parametrize("kind", ["t5", "gpt2"])
def test_with_paths_enough_it_is_the_best_of_all_outputs(kind: str) -> None:
    model, prompts, most = make_writer(kind), make_prompts(), 14
    greedy = generate(Writing(model, pad=0), prompts, end=END, most=most)
    differ = 0
    for prompt, found, first in zip(prompts, write(model, prompts, beams=200, most=most), greedy, strict=True):
        outputs = sorted(list_outputs(model, prompt, most=most))
        worth, ids = outputs[-1]
        assert 2 < len(outputs) < 200 and found.is_whole and found.ids == ids
        assert (
            find_worth(model, prompt, found) == pytest.approx(worth, abs=1e-3) == pytest.approx(found.total, abs=1e-3)
        )
        differ += found.ids != first.ids
    assert differ  # the best token each time is not the best output


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_bound", [True, False])
def test_one_path_is_greedy(kind: str, is_bound: bool) -> None:
    model, prompts = make_writer(kind), make_prompts(is_bound=is_bound)
    plain = generate(Writing(model, pad=0), prompts, end=END, most=20)
    for one, found in zip(plain, write(model, prompts, beams=1, most=20, batch=3), strict=True):
        assert (found.ids, found.is_whole) == (one.ids, one.is_whole)
        assert found.scores == pytest.approx(one.scores, abs=1e-3) and found.total == pytest.approx(one.total, abs=1e-2)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bias", [0.0, 9.0])  # of the end: none comes, or all soon
def test_without_a_grammar_the_same_as_transformers(kind: str, bias: float) -> None:
    model, prompts = make_writer(kind), make_prompts(is_bound=False)
    usual = {"num_beams": 3, "length_penalty": 0.0, "max_new_tokens": 10, "do_sample": False, "pad_token_id": 0}
    hook = model.get_output_embeddings().register_forward_hook(
        lambda module, args, logits: logits + bias * torch.nn.functional.one_hot(torch.tensor(END), logits.shape[-1])
    )
    try:
        for prompt, found in zip(prompts, write(model, prompts, beams=3, most=10, batch=6), strict=True):
            ids = torch.tensor([prompt.ids])
            theirs = model.generate(ids, attention_mask=torch.ones_like(ids), **usual)[0]
            theirs = theirs[1:] if kind in WITH_ENCODER else theirs[len(prompt.ids) :]
            assert [*found.ids, *([END] if found.is_whole else [])] == theirs.tolist()
            assert found.is_whole == (bias > 0)
    finally:
        hook.remove()


@pytest.mark.parametrize("kind", ["t5", "gpt2"])
def test_company_changes_nothing(kind: str) -> None:
    model, prompts = make_writer(kind), make_prompts()
    alone = [write(model, [prompt], beams=3, most=20)[0] for prompt in prompts]
    for batch in (1, 6, 64):
        together = write(model, prompts, beams=3, most=20, batch=batch)
        assert [each.ids for each in together] == [each.ids for each in alone]
        for one, other in zip(together, alone, strict=True):
            assert one.scores == pytest.approx(other.scores, abs=1e-3)


def test_a_whole_output_goes_before_one_that_was_cut_off() -> None:
    model, prompts = make_writer("llama"), make_prompts()
    for prompt, found in zip(prompts, write(model, prompts, beams=4, most=3), strict=True):
        outputs = [ids for _, ids in sorted(list_outputs(model, prompt, most=3))]
        assert len(found.ids) == 3 or found.is_whole
        assert not found.is_whole or found.ids in outputs
    (cut,) = write(model, [Prompt(prompts[0].ids)], beams=2, most=3)
    assert len(cut.ids) == len(cut.scores) == 3 and not cut.is_whole


def test_nothing_asked_and_nothing_allowed() -> None:
    model = make_writer("t5")
    assert write(model, [], beams=2) == []
    with pytest.raises(RecipeError, match="beams is 0, batch is 16 and most is 512: at least one path"):
        write(model, make_prompts(), beams=0)
