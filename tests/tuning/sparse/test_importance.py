"""What is chosen: the true top k of true gradients, however they are made, in bounded memory."""

import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from sparse_references import Toy, ToyDocuments, copy_state, differs, find_fisher, find_masks
from tagwright.errors import ModelError
from tagwright.heads import HeadConfig
from tagwright.models.tagger import TaggerPlan, attach_head
from tagwright.text.ledger import Ledger
from tagwright.training.documents import LearnedDocuments
from tagwright.training.trainer import encode
from tagwright.tuning import TuningConfig
from tagwright.tuning.sparse.choice import selection
from tagwright.tuning.sparse.choice.choices import Choices
from tagwright.tuning.sparse.choice.documents import rank_documents, ready_to_score
from tagwright.tuning.sparse.choice.importance import Importance, split_evenly
from tagwright.tuning.sparse.choice.selection import list_by_weight, pick_best, select_top, select_within
from tagwright.tuning.sparse.chosen import Chosen
from tagwright.tuning.sparse.optimizer import SparseAdam
from tagwright.tuning.sparse.regions import list_regions
from tagwright.tuning.sparse.touched import Touched
from tagwright.tuning.weights import count_weights
from tiny_labelers import LABELS, make_document
from tiny_models import load_model, save_model

RANKED = [3, 1, 8, 9, 17]


def are_equal(one: list[Tensor], other: list[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("parts", [1, 2, 3, 50])
@pytest.mark.parametrize("count", [1, 10, 200])
def test_the_choice_is_the_dense_top_k(parts: int, count: int) -> None:
    toy = Toy()
    masks = find_masks(find_fisher(ToyDocuments(toy), RANKED), count)
    found = Importance(Chosen(toy.weights()), parts=parts).find(ToyDocuments(toy), RANKED, count=count)
    assert are_equal(found, [mask.flatten().nonzero()[:, 0].to(torch.int32) for mask in masks.values()])
    assert sum(map(len, found)) == count


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("count", [10, 75, 201])
def test_within_a_matrix_each_gives_the_same_share_of_its_entries(parts: int, count: int) -> None:
    toy = Toy()
    fisher = find_fisher(ToyDocuments(toy), RANKED)
    found = Importance(Chosen(toy.weights()), parts=parts, within="matrix").find(ToyDocuments(toy), RANKED, count=count)
    total = sum(scores.numel() for scores in fisher.values())
    assert abs(sum(map(len, found)) - count) <= sum(int((scores == 0).sum()) for scores in fisher.values())
    for places, (name, scores) in zip(found, fisher.items(), strict=True):
        assert len(places) <= count * scores.numel() / total + 1, name
        own = find_masks({name: scores}, len(places))[name] if len(places) else torch.zeros_like(scores)
        assert torch.equal(places, own.flatten().nonzero()[:, 0].to(torch.int32)), name


@pytest.mark.parametrize("within", ["model", "matrix"])
def test_the_scores_of_one_part_are_held_at_a_time(within: str, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[weakref.ref[Tensor]] = []
    alive = []
    score = Importance._score

    def watch(self: Importance, *args: Any, **rest: Any) -> dict[int, Tensor]:
        alive.append(sum(part() is not None for part in held))
        scores = score(self, *args, **rest)
        held.extend(map(weakref.ref, scores.values()))
        return scores

    monkeypatch.setattr(Importance, "_score", watch)
    toy = Toy()
    Importance(Chosen(toy.weights()), parts=3, within=within).find(ToyDocuments(toy), RANKED, count=10)
    assert alive == [0, 0, 0] and len(held) == len(toy.weights())


@pytest.mark.parametrize("reduce", ["mean", "sum"])
def test_vmap_chooses_what_one_document_at_a_time_does(reduce: str) -> None:
    toy = Toy()
    chosen = Chosen(toy.weights())
    one, together = (
        Importance(chosen, gradients=way, reduce=reduce).find(ToyDocuments(toy), RANKED, count=80)
        for way in ("one-by-one", "together")
    )
    assert are_equal(one, together)


def test_vmap_goes_through_a_tagger_of_chosen_sight(tmp_path: Path) -> None:
    backbone = load_model(save_model("llama", tmp_path), sight="01", attn_implementation="eager")
    tagger = attach_head(TaggerPlan(LABELS, backbone.config, HeadConfig(scheme="BIO", dropout=0)), backbone).eval()
    texts = ("lxx pyy azz bx", "ayy lzz pxx cx", "pz lx", "axy py lz")  # the first two are of one length
    pieces = encode(tagger, [make_document(text.split()) for text in texts], ledger=Ledger())
    documents = LearnedDocuments(tagger, pieces, precision=None)
    chosen = Chosen({region.name: region.weight for region in list_regions(tagger)})
    one, together = (
        Importance(chosen, gradients=way).find(documents, range(len(texts)), count=80)
        for way in ("one-by-one", "together")
    )
    assert are_equal(one, together)


class Branching(Toy):
    """What vmap can't go through."""

    def forward(self, ids: Tensor, gold: Tensor) -> Tensor:
        return super().forward(ids, gold) * (2.0 if bool(ids.sum() > 3) else 1.0)


def test_vmap_is_taken_where_a_recipe_says_so_and_refused_with_what_to_do() -> None:
    toy = Branching()
    optimizer = SparseAdam(Chosen(toy.weights()), lr=1e-2)

    def choose(way: str) -> None:
        plan = TuningConfig(name="fish-dip", gradients=way, documents=4).plan_sparse()
        Choices(plan, ToyDocuments(toy), count=8, budget=None).choose(optimizer, step=0, seed=0)

    with pytest.raises(ModelError, match='Set tuning.gradients = "one-by-one"'):
        choose("together")
    choose("one-by-one")
    assert len(optimizer.chosen) == 8


def test_scoring_leaves_no_trace() -> None:
    toy = Toy(dropout=0.5)
    chosen = Chosen(toy.weights())
    toy.one.bias.requires_grad_(False)
    before, draws = copy_state(toy), torch.get_rng_state()
    with ready_to_score(toy):
        Importance(chosen).find(ToyDocuments(toy), RANKED, count=8)
    assert toy.training and not toy.one.bias.requires_grad
    assert all(weight.grad is None for weight in toy.parameters()) and chosen.values.grad is None
    assert not differs(before, copy_state(toy)) and torch.equal(draws, torch.get_rng_state())


def test_scores_by_absolute_gradients_and_at_random() -> None:
    toy = Toy()
    chosen = Chosen(toy.weights())
    choices = {
        score: Importance(chosen, score=score).find(ToyDocuments(toy), RANKED, count=80, seed=(3,))
        for score in ("fisher", "gradient", "random")
    }
    assert len({str(choice) for choice in choices.values()}) == 3
    assert are_equal(choices["random"], Importance(chosen, score="random", parts=3).find(
        ToyDocuments(toy), RANKED, count=80, seed=(3,)
    ))  # fmt: skip
    assert not are_equal(choices["random"], Importance(chosen, score="random").find(
        ToyDocuments(toy), RANKED, count=80, seed=(4,)
    ))  # fmt: skip


def test_tied_weights_count_once() -> None:
    toy = Toy()
    assert "three.weight" not in toy.weights()
    assert sum(map(torch.numel, Chosen(toy.weights()).weights)) == count_weights(toy) - count_weights(toy.head)


def test_quantised_weights_are_refused_with_the_alternative() -> None:
    weight = torch.nn.Parameter(torch.zeros(4, dtype=torch.uint8), requires_grad=False)
    with pytest.raises(ModelError, match="quantised.*qlora"):
        Chosen({"layer.weight": weight})


@pytest.mark.parametrize("within", ["model", "matrix"])
def test_a_budget_bounds_all_that_is_ever_touched(within: str) -> None:
    toy = Toy()
    chosen = Chosen(toy.weights())
    importance = Importance(chosen, budget=100, within=within)
    for ranked in ([0], [5], [9], [13]):
        chosen.choose(importance.find(ToyDocuments(toy), ranked, count=70))
        assert 60 <= len(chosen) <= 70, "some matrices have fewer entries with a gradient than is their share"
        assert chosen.touched.count() <= 100
    assert within == "matrix" or (len(chosen) == 70 and chosen.touched.count() == 100)


def test_parts_are_even_and_whole() -> None:
    parts = split_evenly([100, 1, 50, 49, 2], 2)
    assert sorted(sum(parts, [])) == [0, 1, 2, 3, 4]
    assert sorted(sum([100, 1, 50, 49, 2][at] for at in part) for part in parts) == [101, 101]


def draw_scores(seed: int = 0) -> dict[int, Tensor]:
    drawn = torch.Generator().manual_seed(seed)
    sizes = (1000, 1, 37, 5000)
    scores = {at: torch.rand(size, generator=drawn) ** 8 for at, size in enumerate(sizes)}
    scores[3][::3] = 0
    scores[0][5:400] = scores[0][5]  # many equals
    scores[2][7] = 1e-42  # too small for a normal number
    return scores


@pytest.mark.parametrize("count", [1, 50, 300, 800, 4000, 100_000])
def test_selection_is_a_stable_sort(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "BLOCK", 64)
    scores = draw_scores()
    found = list_by_weight(pick_best(select_top(scores, count), count), len(scores))
    flat = torch.cat([scores[at] for at in sorted(scores)])
    order = flat.argsort(descending=True, stable=True)[: min(count, int((flat > 0).sum()))]
    expected = torch.zeros(len(flat), dtype=torch.bool)
    expected[order] = True
    taken = [
        mask.nonzero()[:, 0].to(torch.int32) for mask in expected.split([len(scores[at]) for at in sorted(scores)])
    ]
    assert are_equal(found, taken)


def test_selection_within_a_budget_is_a_walk_down_the_sorted_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "BLOCK", 64)
    scores, count, room = draw_scores(), 300, 40
    weights = [scores[at] for at in sorted(scores)]
    touched = Touched(weights)
    drawn = torch.Generator().manual_seed(2)
    known = [(torch.rand(len(scores[at]), generator=drawn) < 0.1) for at in sorted(scores)]
    for at, mask in enumerate(known):
        touched.add(at, mask.nonzero()[:, 0], weight=weights[at])
    flat, old = torch.cat([scores[at] for at in sorted(scores)]), torch.cat(known)
    taken, left = torch.zeros(len(flat), dtype=torch.bool), room
    for at in flat.argsort(descending=True, stable=True).tolist():
        if int(taken.sum()) < count and flat[at] > 0 and (old[at] or left > 0):
            left -= not old[at]
            taken[at] = True
    found = select_within(scores, count, touched=touched, room=room)
    places = list_by_weight(pick_best(found, count, budget=(touched, room)), len(scores))
    masks = taken.split([len(scores[at]) for at in sorted(scores)])
    assert left == 0
    assert are_equal(places, [mask.nonzero()[:, 0].to(torch.int32) for mask in masks])


def test_gradients_that_overflow_are_an_error() -> None:
    with pytest.raises(ModelError, match="not finite"):
        select_top({0: torch.tensor([1.0, float("nan")])}, 1)


def test_touched_is_a_set_that_knows_what_was_before() -> None:
    weights = [torch.arange(7.0), torch.arange(100.0).view(10, 10)]
    touched, expected = Touched(weights), [set(), set()]
    drawn = torch.Generator().manual_seed(0)
    for _ in range(5):
        for at, weight in enumerate(weights):
            places = torch.randperm(weight.numel(), generator=drawn)[: weight.numel() // 3].to(torch.int32)
            touched.add(at, places, weight=weight)
            expected[at] |= set(places.tolist())
            weight.view(-1)[places.long()] = -1
    assert [touched.list_places(at).tolist() for at in (0, 1)] == [sorted(each) for each in expected]
    assert [before.tolist() for before in touched.before] == [sorted(each) for each in expected]
    assert touched.count() == sum(map(len, expected))
    assert touched.has(1, 8, end=29).tolist() == [at in expected[1] for at in range(8, 29)]


def test_ranking_by_mean_or_sum_of_all_or_of_a_pool() -> None:
    toy = Toy()
    documents = ToyDocuments(toy)
    losses = [float(documents.losses([at])) for at in range(24)]
    by_sum = sorted(range(24), key=lambda at: -losses[at])[:5]
    by_mean = sorted(range(24), key=lambda at: -losses[at] / documents.words[at])[:5]
    assert by_sum != by_mean
    settings = {"order": "worst", "pool": None, "seed": (0, 0)}
    assert rank_documents(documents, 5, reduce="sum", **settings) == by_sum
    assert rank_documents(documents, 5, reduce="mean", **settings) == by_mean
    pooled = rank_documents(documents, 5, order="worst", pool=8, reduce="mean", seed=(0, 1))
    assert len(set(pooled)) == 5 and pooled != by_mean
    assert rank_documents(documents, None, order="random", pool=8, reduce="mean", seed=(0, 1)) == list(range(24))
    drawn = rank_documents(documents, 5, order="random", pool=None, reduce="mean", seed=(0, 1))
    assert drawn != rank_documents(documents, 5, order="random", pool=None, reduce="mean", seed=(0, 2))
