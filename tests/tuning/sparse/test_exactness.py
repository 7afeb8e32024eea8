"""Sparse tuning does what dense masks do: the same entries, the same updates, the same weights."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from transformers.optimization import Adafactor

from sparse_references import (
    DenseAdam,
    Masks,
    Toy,
    ToyDocuments,
    clip_dense,
    copy_state,
    differs,
    draw_batches,
    find_fisher,
    find_masks,
)
from tagwright.tuning.sparse.adafactor import SparseAdafactor
from tagwright.tuning.sparse.choice.documents import rank_documents, ready_to_score
from tagwright.tuning.sparse.choice.importance import Importance
from tagwright.tuning.sparse.chosen import Chosen
from tagwright.tuning.sparse.optimizer import SparseAdam, SparseOptimizer

STEPS, COUNT, RATE = 200, 60, 1e-2


def list_places(masks: Masks) -> list[Tensor]:
    return [mask.flatten().nonzero()[:, 0].to(torch.int32) for mask in masks.values()]


def run_sparse(toy: Toy, optimizer: SparseOptimizer, *, every: int, ranked: int = 4) -> list[list[Tensor]]:
    """Train the toy and give every choice that was made."""
    documents = ToyDocuments(toy)
    importance = Importance(optimizer.chosen)
    choices = []
    for step, batch in enumerate(draw_batches(documents, STEPS)):
        if step % every == 0:
            with ready_to_score(toy):
                worst = rank_documents(documents, ranked, order="worst", pool=None, reduce="mean", seed=(0, step))
                choices.append(importance.find(documents, worst, count=COUNT))
            optimizer.choose(choices[-1])
        toy(**batch).backward()
        assert all(weight.grad is None for weight in toy.weights().values())
        clip_grad_norm_([optimizer.chosen.values], 1.0)
        optimizer.step()
        optimizer.zero_grad()
    return choices


def run_dense(toy: Toy, *, every: int, keeps_state: bool = True, ranked: int = 4) -> list[Masks]:
    documents, weights = ToyDocuments(toy), toy.weights()
    optimizer = DenseAdam(weights, lr=RATE, keeps_state=keeps_state)
    choices: list[Masks] = []
    for step, batch in enumerate(draw_batches(documents, STEPS)):
        if step % every == 0:
            means = [float(documents.losses([at])) / documents.words[at] for at in range(len(documents.words))]
            worst = sorted(range(len(means)), key=lambda at: -means[at])[:ranked]
            masks = find_masks(find_fisher(documents, worst), COUNT)
            optimizer.change(masks, choices[-1] if choices else None)
            choices.append(masks)
        toy(**batch).backward()
        clip_dense(weights, choices[-1], most=1.0)
        optimizer.step(choices[-1])
        toy.zero_grad()
    return choices


@pytest.mark.parametrize("keeps_state", [True, False])
@pytest.mark.parametrize("every", [20, STEPS])
def test_sparse_adam_ends_bit_for_bit_where_dense_masks_end(every: int, keeps_state: bool) -> None:
    sparse, dense = Toy(), Toy()
    optimizer = SparseAdam(Chosen(sparse.weights()), lr=RATE, keeps_state=keeps_state)
    choices = run_sparse(sparse, optimizer, every=every)
    masks = run_dense(dense, every=every, keeps_state=keeps_state)
    assert len(choices) == len(masks) == STEPS // every
    for places, mask in zip(choices, masks, strict=True):
        assert all(torch.equal(one, other) for one, other in zip(places, list_places(mask), strict=True))
    assert not differs(copy_state(sparse), copy_state(dense))
    assert every == STEPS or len({str(places) for places in choices}) > 2, "the choice never changed"


def test_only_chosen_entries_ever_move() -> None:
    toy = Toy()
    before = copy_state(toy)
    optimizer = SparseAdam(Chosen(toy.weights()), lr=RATE)
    choices = run_sparse(toy, optimizer, every=50)
    touched: list[set[int]] = [set() for _ in optimizer.chosen.names]
    for places in choices:
        for at, part in enumerate(places):
            touched[at] |= set(part.tolist())
    for at, (name, weight) in enumerate(toy.weights().items()):
        moved = (weight.detach() != before[name]).flatten().nonzero()[:, 0].tolist()
        assert set(moved) <= touched[at] == set(optimizer.chosen.touched.list_places(at).tolist())
    assert optimizer.chosen.touched.count() == sum(map(len, touched)) > COUNT


def test_sparse_adam_on_a_fixed_choice_is_torchs_adamw() -> None:
    one, other = Toy(), Toy()
    chosen = Chosen(one.weights())
    sparse = SparseAdam(chosen, [{"params": list(one.head.parameters()), "weight_decay": 0.1}], lr=RATE)
    sparse.choose([torch.arange(weight.numel()) for weight in chosen.weights])
    groups = [
        {"params": list(other.weights().values()), "weight_decay": 0.0},
        {"params": list(other.head.parameters()), "weight_decay": 0.1},
    ]
    dense = torch.optim.AdamW(groups, lr=RATE)
    for batch in draw_batches(ToyDocuments(one), 50):
        for toy, optimizer in ((one, sparse), (other, dense)):
            toy(**batch).backward()
            optimizer.step()
            optimizer.zero_grad()
    for name, weight in one.named_parameters():
        torch.testing.assert_close(weight, dict(other.named_parameters())[name], rtol=0, atol=2e-6)


def mask_gradients(weights: dict[str, torch.nn.Parameter], masks: Masks) -> None:
    for name, weight in weights.items():
        weight.grad *= masks[name]


@pytest.mark.parametrize("every", [20, STEPS])
def test_sparse_adafactor_is_adafactor_on_masked_dense_gradients(every: int) -> None:
    """The published loop told again: refresh, backward, mask after backward, clip, Adafactor."""
    sparse, dense = Toy(), Toy()
    optimizer = SparseAdafactor(Chosen(sparse.weights()), lr=RATE)
    choices = run_sparse(sparse, optimizer, every=every)
    documents, weights = ToyDocuments(dense), dense.weights()
    settings = {"scale_parameter": True, "relative_step": False, "warmup_init": False}
    told = Adafactor(list(weights.values()), lr=RATE, **settings)
    masks: Masks = {}
    for step, batch in enumerate(draw_batches(documents, STEPS)):
        if step % every == 0:
            masks = as_masks(choices[step // every], dense)
        dense(**batch).backward()
        mask_gradients(weights, masks)
        clip_dense(weights, masks, most=1.0)
        told.step()
        dense.zero_grad()
    for name, weight in weights.items():
        torch.testing.assert_close(sparse.weights()[name], weight, rtol=0, atol=1e-6)
    assert differs(copy_state(sparse), copy_state(Toy()))


def as_masks(places: Sequence[Tensor], toy: Toy) -> Masks:
    masks = {name: torch.zeros(weight.numel(), dtype=torch.bool) for name, weight in toy.weights().items()}
    for name, part in zip(masks, places, strict=True):
        masks[name][part.long()] = True
    return {name: mask.view_as(toy.weights()[name]) for name, mask in masks.items()}


def test_adafactor_steps_whole_parameters_too() -> None:
    one, other = Toy(), Toy()
    chosen = Chosen({"table.weight": one.table.weight})
    rest = [weight for weight in one.parameters() if weight is not one.table.weight]
    sparse = SparseAdafactor(chosen, [{"params": rest, "weight_decay": 0.1}], lr=RATE)
    sparse.choose([torch.arange(one.table.weight.numel())])
    rest = [weight for weight in other.parameters() if weight is not other.table.weight]
    groups = [{"params": [other.table.weight]}, {"params": rest, "weight_decay": 0.1}]
    dense = Adafactor(groups, lr=RATE, scale_parameter=True, relative_step=False, warmup_init=False)
    for batch in draw_batches(ToyDocuments(one), 20):
        for toy, optimizer in ((one, sparse), (other, dense)):
            toy(**batch).backward()
            optimizer.step()
            optimizer.zero_grad()
    for name, weight in one.named_parameters():
        torch.testing.assert_close(weight, dict(other.named_parameters())[name], rtol=0, atol=1e-6)


def test_accumulated_gradients_are_those_of_one_backward() -> None:
    one, other = Toy(), Toy()
    for toy, splits in ((one, [[0, 4, 8], [12, 16]]), (other, [[0, 4, 8, 12, 16]])):
        documents = ToyDocuments(toy)
        optimizer = SparseAdam(Chosen(toy.weights()), lr=RATE)
        optimizer.choose(Importance(optimizer.chosen).find(documents, [0, 1], count=COUNT))
        for rows in splits:
            toy(**documents.collate(rows)).backward()
        optimizer.step()
    for name, weight in one.named_parameters():
        torch.testing.assert_close(weight, dict(other.named_parameters())[name], rtol=0, atol=1e-6)
