"""Many tokens at once, rows at their own pace: the same as token by token, one row after the other."""

from typing import Any

import pytest
import torch

from tagwright.backbone.writing import Writing
from tagwright.errors import ModelError, RecipeError
from tagwright.formats import FORMATS, TASKS
from tagwright.formats.format import Answer
from tagwright.formats.grammar.grammar import Grammar
from tagwright.formats.strings.faults import LOST_TAIL, REPEATED, Faults
from tagwright.inference.generate import Prompt, Written, generate
from tagwright.text.document import Document
from tagwright.text.synthetic import make_corpus
from tiny_writers import CAUSAL, WITH_ENCODER, make_lexicon, make_tokenizer, make_writer, write_plainly

KINDS = (*WITH_ENCODER, *CAUSAL)
DOCUMENTS = make_corpus("ner", documents=4, seed=7)


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


@pytest.mark.parametrize(
    ("kind", "format"), [*((kind, "inline") for kind in KINDS), ("t5", "records"), ("llama", "sentinel")]
)
def test_the_same_as_token_by_token(kind: str, format: str) -> None:
    model, prompts = make_writer(kind), make_prompts(DOCUMENTS, format)
    plain = [write_plainly(model, prompt.ids, end=2, grammar=prompt.grammar, most=24) for prompt in prompts]
    for settings in ({"batch": 3, "ahead": 6}, {"batch": 1, "ahead": 16}, {"batch": 4, "ahead": 0}):
        for (ids, scores, is_whole), found in zip(plain, write(model, prompts, most=24, **settings), strict=True):
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


@pytest.mark.parametrize("kind", ["t5", "llama"])
def test_proposals_change_nothing_however_good_they_are(kind: str) -> None:
    model, prompts = make_writer(kind), make_prompts(DOCUMENTS, is_bound=False)
    plain = write(model, [Prompt(prompt.ids) for prompt in prompts], most=40)
    told = [Prompt(prompt.ids, copy=found.ids) for prompt, found in zip(prompts, plain, strict=True)]
    half = [Prompt(prompt.ids, copy=[*prompt.copy[:7], 5, 6, *prompt.copy[9:]]) for prompt in told]
    assert any(len(found.ids) == 40 for found in plain)
    for batch in (1, 3):
        for better in (told, half):
            found = write(model, better, most=40, batch=batch)
            assert [one.ids for one in found] == [one.ids for one in plain]
            scores = [score for one in plain for score in one.scores]
            assert [score for one in found for score in one.scores] == pytest.approx(scores, abs=1e-3)


def test_good_proposals_save_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    model, passes = make_writer("t5"), list[int]()
    prompt = make_prompts(DOCUMENTS[:1], is_bound=False)[0]
    (plain,) = write(model, [Prompt(prompt.ids)], most=40)
    read = Writing.read

    def count(self: Writing, *args: Any, **kwargs: Any) -> Any:
        passes.append(1)
        return read(self, *args, **kwargs)

    monkeypatch.setattr(Writing, "read", count)
    (found,) = write(model, [Prompt(prompt.ids, copy=plain.ids)], most=40, ahead=19)
    assert (found.ids, len(found.ids)) == (plain.ids, 40)
    assert len(passes) == 2


def test_what_the_limit_cuts_is_flagged() -> None:
    prompts = make_prompts(DOCUMENTS)
    found = write(make_writer("t5"), prompts, most=5)
    assert [(len(one.ids), len(one.scores), one.is_whole) for one in found] == [(5, 5, False)] * len(prompts)
    assert all(prompt.grammar and prompt.grammar.walk(one.ids) for prompt, one in zip(prompts, found, strict=True))
    short = make_writer("gpt2", max_position_embeddings=30, n_positions=30)
    (cut,) = write(short, [Prompt(list(range(3, 28)))], most=50)
    assert len(cut.ids) == 6 and not cut.is_whole
    with pytest.raises(ModelError, match="A prompt has 31 tokens, and GPT2LMHeadModel has positions for 30"):
        write(short, [Prompt(list(range(3, 34)))])


TASKS_OF = {"ner": "ner", "joint-er": "relations", "srl": "roles", "events": "events", "slots": "slots"}


@pytest.mark.slow
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("task", TASKS_OF)
def test_an_untrained_model_writes_what_can_be_read(task: str, format: str) -> None:
    documents = make_corpus(TASKS_OF[task], documents=4, seed=5)
    form, faults, lexicon = FORMATS[format](TASKS[task], TASKS[task].learn(documents)), Faults(), make_lexicon()
    for document in documents:
        asks = form.ask(document.only(TASKS[task].given))
        languages = [form.describe(document, ask.part) for ask in asks]
        grammars = [Grammar(language, lexicon, deepest=1, most=1) for language in languages]  # or outputs get long
        sources = [make_tokenizer()(ask.source).input_ids for ask in asks]
        prompts = [Prompt(*pair) for pair in zip(sources, grammars, strict=True)]
        for ask, found in zip(asks, write(make_writer("t5"), prompts, most=300), strict=True):
            if found.is_whole:
                reading = lexicon.read(found.ids, found.scores)
                read = form.read(document, [Answer(ask.part, reading.text, reading.score)], faults=faults)
                assert all(span.score is None or 0 <= span.score <= 1 for span in read.spans)
    assert faults.outputs
    assert set(faults.cases) <= {LOST_TAIL, REPEATED}


def test_no_prompts_no_output() -> None:
    assert write(make_writer("t5"), []) == []
    with pytest.raises(RecipeError, match="batch is 0 and most is 512: at least one row"):
        write(make_writer("t5"), [Prompt([5, 2])], batch=0)
