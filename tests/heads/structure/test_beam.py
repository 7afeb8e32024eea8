"""The beam's few parts, and the scores it sorts by, against plain loops."""

import torch

from tagwright.heads.structure.beam import LEAST, Places, count_survivors, keep_best
from tagwright.heads.structure.edges import BLOCK, EdgeScorer
from tagwright.heads.structure.spans import BUCKETS, STEPS, SpanReader, SpanScorer, Sums, bucket


def test_so_many_survive_for_each_word_and_some_in_any_case() -> None:
    assert count_survivors(torch.tensor([1, 40, 41]), 0.5).tolist() == [LEAST, 20, 21]


def test_the_best_of_every_row_are_kept() -> None:
    scores = torch.tensor([[1.0, 5, 3, -torch.inf], [4, -torch.inf, -torch.inf, -torch.inf], [9, 8, 7, 6]])
    rows, places = keep_best(scores, torch.tensor([2, 3, 3]))
    assert list(zip(rows.tolist(), places.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 0), (2, 0), (2, 1), (2, 2)]


def test_places_stand_once_and_are_found() -> None:
    part = torch.tensor([1, 0, 1]), torch.tensor([2, 0, 2]), torch.tensor([4, 1, 4])
    other = torch.tensor([1]), torch.tensor([2]), torch.tensor([3])
    places = Places.join([part, other], words=4)
    assert list(zip(*(column.tolist() for column in (places.row, places.start, places.end)), strict=True)) == [
        (0, 0, 1),
        (1, 2, 3),
        (1, 2, 4),
    ]
    assert places.find(part).tolist() == [2, 0, 2] and places.find(other).tolist() == [1]
    assert places.length.tolist() == [1, 1, 2] and len(places) == 3


def test_lengths_have_buckets() -> None:
    found = bucket(torch.arange(-3, 400))
    assert found[:4].tolist() == [0] * 4 and found.max() == BUCKETS - 1
    assert (found.diff() >= 0).all() and all(found[3 + step] == at + 1 for at, step in enumerate(STEPS))


def test_means_are_those_of_the_words() -> None:
    states = torch.randn(2, 7, 3)
    row, start, end = torch.tensor([[0, 1, 3], [1, 0, 7], [1, 4, 4], [0, 5, 2]]).T
    found = Sums(states).average((row, start, end))
    torch.testing.assert_close(found[0], states[0, 1:3].mean(0))
    torch.testing.assert_close(found[1], states[1].mean(0))
    assert not found[2:].any()  # no word, no mean


def test_every_stretch_has_the_rank_it_has_alone() -> None:
    torch.manual_seed(0)
    scorer = SpanScorer(6, 2, longest=3, dropout=0.0)
    torch.nn.init.normal_(scorer.rank_by_length)
    keep = torch.arange(5) < torch.tensor([5, 2])[:, None]
    borders = scorer.look(torch.randn(2, 5, 6))
    ranks = scorer.rank(borders, keep)
    assert ranks.shape == (2, 5, 3)
    inside = [(r, s, s + n + 1) for r in range(2) for s in range(5) for n in range(3) if s + n + 1 <= (5, 2)[r]]
    assert (ranks > -torch.inf).sum() == len(inside)
    row, start, end = torch.tensor(inside).T
    places = Places.join([(row, start, end)], words=5)
    torch.testing.assert_close(
        ranks[row, start, end - start - 1], scorer.rank_at(borders, places)[places.find((row, start, end))]
    )


def test_the_likeliest_pairs_are_found_block_by_block() -> None:
    """More heads than a block holds; against all pairs at once."""
    torch.manual_seed(0)
    total = BLOCK + 9
    places = Places.join(
        [(torch.tensor([0] * total + [1] * 3), torch.arange(total + 3) % total, torch.arange(total + 3) % total + 1)],
        words=total,
    )
    scorer, vectors = EdgeScorer(6, 2, dropout=0.0), torch.randn(len(places), 128) * 3
    ends = scorer.look(places, vectors)
    heads, tails = torch.rand(len(places)) < 0.95, torch.rand(len(places)) < 0.5
    one, other = torch.meshgrid(torch.arange(len(places)), torch.arange(len(places)), indexing="ij")
    fits = heads[one] & tails[other] & (one != other) & (places.row[one] == places.row[other])
    scores = (
        scorer.rank_at(ends, heads=one.flatten(), tails=other.flatten()).view_as(one).masked_fill(~fits, -torch.inf)
    )
    found = set(
        zip(
            *(ids.tolist() for ids in scorer.select(ends, heads=heads, tails=tails, counts=torch.tensor([50, 50]))),
            strict=True,
        )
    )
    for row in (0, 1):
        own = scores[places.row == row].flatten()
        size = min(50, int((own > -torch.inf).sum()))
        best = own.topk(size).indices
        ids = (places.row == row).nonzero().squeeze(1)
        wanted = {(int(ids[at // len(places)]), int(at % len(places))) for at in best}
        assert {pair for pair in found if places.row[pair[0]] == row} == wanted
    assert len(found) == 50 + int((scores[places.row == 1] > -torch.inf).sum())


def test_a_stretch_is_known_by_its_ends_its_words_and_its_length() -> None:
    torch.manual_seed(0)
    reader, states = SpanReader(6, dropout=0.0), torch.randn(1, 6, 6)
    places = Places.join([(torch.zeros(2, dtype=torch.int64), torch.tensor([1, 1]), torch.tensor([4, 5]))], words=6)
    before = reader.embed(reader.look(states), places)
    for word, moves in ((0, [False, False]), (2, [True, True]), (4, [False, True]), (5, [False, False])):
        changed = states.clone()
        changed[0, word] += 1
        after = reader.embed(reader.look(changed), places)
        assert [not torch.allclose(a, b, atol=1e-5) for a, b in zip(after, before, strict=True)] == moves
