"""A cache that rows rewind, leave and join tells the truth: logits are those of each row read on its own, uncached."""

from random import Random
from typing import Any

import pytest
import torch
from torch import Tensor

from tagwright.backbone.sight.proven import set_sight
from tagwright.backbone.writing import Writing, join, settle, take
from tagwright.errors import ModelError
from tiny_writers import CAUSAL, WITH_ENCODER, ask_model, make_writer

KINDS = (*WITH_ENCODER, *CAUSAL)


def draw(drawn: Random, size: int) -> list[int]:
    return [drawn.randrange(3, 300) for _ in range(size)]


class Trial:
    """Rows that read on, each with all that it has kept."""

    def __init__(self, model: Any, sizes: list[int]) -> None:
        self.model, self.writing, self.drawn = model, Writing(model), Random(len(sizes))
        self.prompts = [draw(self.drawn, size) for size in sizes]
        self.written: list[list[int]] = [[] for _ in sizes]
        self.memory = self.writing.begin(self.prompts)

    def read_on(self, sizes: list[int], counts: list[int]) -> None:
        """Read some tokens in every row, compare each one's logits, keep as many as counts say."""
        old = [len(row) for row in self.written]
        fed = [[self.writing.first(p), *w][len(w) :] for p, w in zip(self.prompts, self.written, strict=True)]
        fed = [[*row, *draw(self.drawn, size - 1)] for row, size in zip(fed, sizes, strict=True)]
        logits = self.writing.read(self.memory, fed)
        for number, row in enumerate(fed):
            for at in range(len(row)):
                written = [*self.written[number], *row[1 : at + 1]]
                assert torch.allclose(logits[number, at], self.ask(self.prompts[number], written), atol=1e-4)
        settle(self.memory, counts)
        for number, (row, count) in enumerate(zip(fed, counts, strict=True)):
            self.written[number] += [*row[1:count], *draw(self.drawn, 1)]
        assert [len(row) for row in self.written] == [a + b for a, b in zip(old, counts, strict=True)]

    def ask(self, prompt: list[int], written: list[int]) -> Tensor:
        return ask_model(self.model, prompt, written)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_rewind_leave_and_join(kind: str) -> None:
    trial, other = Trial(make_writer(kind), [7, 2, 12]), Trial(make_writer(kind), [5, 9])
    trial.read_on([4, 2, 5], [1, 2, 4])
    trial.read_on([3, 6, 1], [3, 1, 1])
    other.read_on([2, 2], [2, 2])
    trial.memory = join(take(trial.memory, [2, 0]), other.memory)
    trial.prompts = [trial.prompts[2], trial.prompts[0], *other.prompts]
    trial.written = [trial.written[2], trial.written[0], *other.written]
    trial.read_on([3, 3, 5, 2], [2, 3, 1, 2])
    trial.memory = take(trial.memory, [1])
    trial.prompts, trial.written = trial.prompts[1:2], trial.written[1:2]
    trial.read_on([4], [2])
    trial.read_on([2], [1])


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_unlike_pace(kind: str) -> None:
    """Where a model is told its order they leave gaps in the cache, which are closed now and then."""
    trial = Trial(make_writer(kind), [3, 2])
    spare = []
    for at in range(12):
        trial.read_on([7, 7], [[1, 7], [7, 1]][at % 2])
        spare.append(trial.memory.slots - max(trial.memory.lengths))
    assert trial.writing.order.gaps == (kind in ("t5", "bart", "llama"))
    assert (max(spare) > 0) == trial.writing.order.gaps
    assert (sorted(spare) != spare) == trial.writing.order.gaps, "they were closed"


@pytest.mark.parametrize("kind", KINDS)
def test_what_rows_leave_behind_goes(kind: str) -> None:
    trial = Trial(make_writer(kind), [40, 2])
    trial.read_on([30, 1], [30, 1])
    trial.memory, trial.prompts, trial.written = take(trial.memory, [1]), trial.prompts[1:], trial.written[1:]
    trial.read_on([2], [2])
    assert trial.memory.slots == trial.memory.lengths[0]


def test_only_wanted_logits_are_made() -> None:
    writing, wanted = Writing(make_writer("t5")), torch.tensor([[True, False, True], [False, True, False]])
    prompts, tokens = [[5, 6, 7, 2], [8, 2]], [[0, 9, 10], [0, 11]]
    every = writing.read(writing.begin(prompts), tokens)
    some = writing.read(writing.begin(prompts), tokens, wanted=wanted)
    assert torch.allclose(some, every[wanted], atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_of_the_wanted_those_of_a_few_tokens_alone(kind: str) -> None:
    """From the second reading on, where a model does no more to its logits than its head; BART adds a bias."""
    writing, wanted = Writing(make_writer(kind)), torch.tensor([[True, False, True], [False, True, False]])
    prompts, tokens, among = [[5, 6, 7, 2], [8, 2]], [[0, 9, 10], [0, 11]], torch.tensor([[3, 4], [9, 3], [7, 8]])
    every = writing.read(writing.begin(prompts), tokens)[wanted].gather(-1, among)
    for _ in range(2):
        some = writing.read(writing.begin(prompts), tokens, wanted=wanted, among=among)
        assert torch.allclose(some, every, atol=1e-5)
    assert writing.narrows == (kind != "bart")


@pytest.mark.parametrize("kind", ["llama", "mistral", "gpt2"])
def test_a_prompt_may_be_seen_both_ways(kind: str) -> None:
    model = make_writer(kind, use_cache=True)
    _, hooks = set_sight(model, "01", scope="prompt")
    try:
        trial = Trial(model, [7, 2, 12, 1])
        trial.ask = lambda prompt, written: model(  # type: ignore[method-assign]
            input_ids=torch.tensor([[*prompt, *written]]),
            prompt_lengths=torch.tensor([len(prompt) - 1]),
            use_cache=False,
        ).logits[0, -1]
        with torch.no_grad():
            trial.read_on([4, 2, 5, 3], [1, 2, 4, 2])
            trial.read_on([3, 6, 1, 1], [3, 1, 1, 1])
            short = Trial(model, [1, 1])
            short.ask = trial.ask  # type: ignore[method-assign]
            short.read_on([4, 2], [3, 1])
    finally:
        hooks.remove()


def test_what_cannot_write_is_refused() -> None:
    model = make_writer("t5")
    with pytest.raises(ModelError, match=r"has no decoder_start_token_id.*T5 begins with its padding token"):
        start, model.config.decoder_start_token_id = model.config.decoder_start_token_id, None
        try:
            Writing(model)
        finally:
            model.config.decoder_start_token_id = start
    with pytest.raises(ModelError, match="LlamaModel has no language modelling head"):
        Writing(make_writer("llama").model)
    with pytest.raises(ModelError, match="A prompt has no token"):
        Writing(make_writer("llama")).begin([[3, 4], []])
