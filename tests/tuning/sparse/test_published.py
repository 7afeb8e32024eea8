"""`fish-dip:paper` is the published loop: here told again with dense masks and scores and with Adafactor as it is."""

from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from transformers.optimization import Adafactor

from sparse_references import Toy, ToyDocuments, clip_dense, draw_batches, find_fisher, find_masks
from tagwright.tuning import TuningConfig
from tagwright.tuning.sparse.adafactor import SparseAdafactor
from tagwright.tuning.sparse.choice.choices import PublishedChoices
from tagwright.tuning.sparse.chosen import Chosen

EVERY, STEPS, PERCENT, RATE = 10, 45, 8.0, 1e-2
BATCHES = 45  # a tenth of it, but at least 3: 4 documents


def tell_again(toy: Toy) -> None:
    """Refresh before the first step, without dropout; then before every m-th, counted from 1, with it."""
    documents, weights = ToyDocuments(toy), toy.weights()
    optimizer = Adafactor(list(weights.values()), lr=RATE, scale_parameter=True, relative_step=False, warmup_init=False)

    def refresh() -> dict[str, Tensor]:
        losses = documents.losses(range(24)).double()
        worst = losses.argsort(descending=True, stable=True)[:4].tolist()
        return find_masks(find_fisher(documents, worst, reduce="sum"), int(total * PERCENT / 100))

    total = sum(weight.numel() for weight in weights.values())
    toy.eval()
    masks = refresh()
    toy.train()
    for step, batch in enumerate(draw_batches(documents, STEPS), start=1):
        if step % EVERY == 0:
            masks = refresh()
        toy(**batch).backward()
        for name, weight in weights.items():
            weight.grad *= masks[name]
        clip_dense(weights, masks, most=1.0)
        optimizer.step()
        toy.zero_grad()


def run_ours(toy: Toy) -> PublishedChoices:
    documents = ToyDocuments(toy)
    plan = TuningConfig(name="fish-dip:paper", percent=PERCENT).plan_sparse()
    assert (plan.every, plan.optimizer, plan.reduce, plan.order, plan.parts) == (100, "adafactor", "sum", "worst", 1)
    plan = SimpleNamespace(**(vars(plan) | {"every": EVERY}))  # type: ignore[assignment]
    optimizer = SparseAdafactor(Chosen(toy.weights()), lr=RATE)
    choices = PublishedChoices(
        plan, documents, count=int(sum(map(torch.numel, optimizer.chosen.weights)) * PERCENT / 100), budget=None
    )
    arguments: Any = SimpleNamespace(gradient_accumulation_steps=1, seed=0)
    state: Any = SimpleNamespace(max_steps=STEPS, global_step=0)
    trainer: Any = {"optimizer": SimpleNamespace(optimizer=optimizer), "train_dataloader": range(BATCHES)}
    toy.train()
    choices.on_train_begin(arguments, state, None, **trainer)
    for batch in draw_batches(documents, STEPS):
        choices.on_step_begin(arguments, state, None)
        toy(**batch).backward()
        clip_grad_norm_([optimizer.chosen.values], 1.0)
        optimizer.step()
        state.global_step += 1
        choices.on_step_end(arguments, state, None)
    return choices


def test_it_is_the_published_loop() -> None:
    ours, told = Toy(dropout=0.2), Toy(dropout=0.2)
    torch.manual_seed(1)
    choices = run_ours(ours)
    torch.manual_seed(1)
    tell_again(told)
    assert [entry["step"] for entry in choices.history] == [0, 9, 19, 29, 39]
    assert choices.history[-1]["ever"] > choices.history[0]["ever"]
    for name, weight in told.weights().items():
        torch.testing.assert_close(ours.weights()[name], weight, rtol=0, atol=1e-6)
    assert not torch.equal(ours.one.weight, Toy().one.weight)


def test_its_settings_are_published_ones() -> None:
    plan = TuningConfig(name="fish-dip:paper").plan_sparse()
    assert (plan.percent, plan.every, plan.state, plan.budget, plan.dense) == (1.0, 100, "keep", None, ())


def test_what_a_tuning_reads_is_listed_as_it_is_in_force() -> None:
    assert TuningConfig(name="fish-dip:paper").list_sparse_read() == {"percent": 1.0}
    fish = TuningConfig(name="fish", percent=2).list_sparse_read()
    assert (fish["percent"], fish["documents"]) == (2, 256) and "every" not in fish
    assert not TuningConfig(name="lora").list_sparse_read()
